"""An embedding for the reference stores: texts are similar by the words that they share."""

import math
import re
import zlib
from collections import Counter

from langchain_core.embeddings import Embeddings

DIMENSIONS = 4096


class WordEmbeddings(Embeddings):
    """Counts the words of a text, each in the dimension of its checksum."""

    def embed_query(self, text):
        vector = [0.0] * DIMENSIONS
        for word, count in Counter(re.findall(r"\w+", text.lower())).items():
            vector[zlib.crc32(word.encode()) % DIMENSIONS] += count
        return vector

    def embed_documents(self, texts):
        return [self.embed_query(text) for text in texts]


def cosine(one, other):
    """The cosine of the angle between two texts."""
    a, b = WordEmbeddings().embed_documents([one, other])
    return sum(x * y for x, y in zip(a, b)) / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def index(*fields):
    """An index configuration for any of the stores: of these fields, or of whole items."""
    chosen = {"fields": list(fields), "text_fields": list(fields)} if fields else {}
    return {"dims": DIMENSIONS, "embed": WordEmbeddings(), **chosen}
