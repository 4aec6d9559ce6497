//! The language of a text, told by its most frequent words and by its letters.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::fold::fold;
use crate::model;

/// The language whose stemmer the Latin words of a text go through. (Words of other scripts go through the stemmer of
/// their script.) Its code is stored with the search document: codes never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    /// Every language that has no stemmer here, or a text that does not tell: a few endings are removed.
    Other = 0,
    English = 1,
    Danish = 2,
    Dutch = 3,
    Finnish = 4,
    French = 5,
    German = 6,
    Hungarian = 7,
    Italian = 8,
    Norwegian = 9,
    Portuguese = 10,
    Romanian = 11,
    Spanish = 12,
    Swedish = 13,
    Turkish = 14,
}

/// The number of languages.
const COUNT: usize = 15;
const ENGLISH: usize = Language::English as usize;
/// The most Latin words that are looked at.
const MAX_WORDS: usize = 400;
/// Weights of a word or letter of one language, of two or three, and of more.
const WEIGHTS: [u32; 3] = [6, 3, 1];

impl Language {
    /// All languages, by their code.
    pub(crate) const ALL: [Self; COUNT] = [
        Self::Other,
        Self::English,
        Self::Danish,
        Self::Dutch,
        Self::Finnish,
        Self::French,
        Self::German,
        Self::Hungarian,
        Self::Italian,
        Self::Norwegian,
        Self::Portuguese,
        Self::Romanian,
        Self::Spanish,
        Self::Swedish,
        Self::Turkish,
    ];

    /// The code that is stored, up to 15.
    pub(crate) const fn code(self) -> u8 {
        self as u8
    }

    /// The language of a code. An unknown code is that of another language.
    pub(crate) fn from_code(code: u8) -> Self {
        Self::ALL.get(usize::from(code)).copied().unwrap_or(Self::Other)
    }
}

/// The most frequent words of each language, folded. Words of English are its stop words.
const WORDS: [(Language, &str); 15] = [
    (
        Language::English,
        "the and of to in is was for that it you with he she they we be this are have had not but what all were \
         when your can said there use each which do how their if will up other about out many then them these so \
         some her would make like him into time has look more write go see number no way could people my than been \
         who its now find down day did get come made may part i me our just don know really think want good great \
         thanks yeah hey wow cool nice love awesome happy glad sounds hi hello please yes am any from by at as on or \
         an a let us new",
    ),
    (
        Language::German,
        "der die das und ist ich nicht ein eine einen einem einer zu den mit sich des auf fur im dem von sie es wir \
         ihr er auch als an nach wie aus bei hat dass wird sind noch war haben aber nur wenn kann mein meine meinen \
         dein deine mir mich dir dich uns unser unsere was wo wer wann warum kein keine sehr schon heute morgen \
         gestern immer oder habe hatte bin bist werden wurde uber unter vom zum zur seit jeden jede mag am um so \
         ihre seine sein gern gerne",
    ),
    (
        Language::French,
        "le la les un une des et est je tu il elle nous vous ils elles ne pas que qui dans pour sur avec ce cette \
         ces mon ma mes ton ta tes son sa ses notre votre leur leurs au aux du de en y ou mais donc car plus sont \
         etait ai as avons avez ont suis es sommes etes fait tres bien comme tout tous toute quand comment pourquoi \
         aussi chez sans sous entre depuis hier demain jamais toujours dont l qu",
    ),
    (
        Language::Spanish,
        "el la los las un una unos unas y es yo tu ella nosotros ustedes ellos no que en de del al por para con sin \
         su sus mi mis se lo le les me te nos como mas pero muy esta este estos estas eso esa ese son fue era ser \
         hay tiene tengo vive cuando donde quien porque tambien desde hasta sobre entre hoy ayer manana siempre \
         nunca todo todos todas gusta estoy he ha han o",
    ),
    (
        Language::Italian,
        "il lo la i gli le un uno una e di del della dei delle dello degli al alla alle ai agli da dal dalla in nel \
         nella nei nelle sul sulla con per tra fra che chi non si mi ti ci vi ho hai ha abbiamo avete hanno sono sei \
         siamo siete era io tu lui lei noi voi loro mio mia miei tuo suo sua questo questa quello come dove quando \
         perche anche piu molto ma o se oggi ieri domani sempre mai ogni abito",
    ),
    (
        Language::Portuguese,
        "o a os as um uma uns umas e de do da dos das em no na nos nas por para com sem que quem se nao eu tu ele \
         ela nos voce voces eles elas meu minha meus minhas teu seu sua seus suas ao aos pelo pela mais mas muito ja \
         este esta isso isto esse essa foi era ser sao esta estou tem tenho ha como quando onde porque tambem desde \
         ate sobre entre hoje ontem amanha sempre nunca tudo todos gosto mora",
    ),
    (
        Language::Dutch,
        "de het een en van ik je jij hij zij wij jullie niet dat die is in op te met voor zijn maar om ook als dan \
         er aan bij uit naar nog wel geen wat wie waar wanneer waarom hoe mijn jouw haar ons onze hun heeft heb hebben \
         had was waren wordt worden ben bent kan moet zal zou door over tot sinds altijd nooit vandaag gisteren \
         morgen heel veel deze dit daar hier want of graag elke",
    ),
    (
        Language::Swedish,
        "och det att i en ett jag du han hon vi ni de som pa ar av for med den till inte om har hade var mig dig sig \
         min mitt mina din ditt sin sitt sina fran men eller nar dar vad vem varfor hur mycket ocksa bara kan ska \
         skulle vill efter mot utan under mellan alltid aldrig idag igar imorgon alla varje ganska gillar bor",
    ),
    (
        Language::Danish,
        "og det at i en et jeg du han hun vi de som pa er af for med den til ikke om har havde var mig dig sig min \
         mit mine din dit sin sit sine fra men eller nar der hvad hvem hvor hvorfor hvordan meget ogsa kun kan skal \
         skulle vil efter mod uden under mellem altid aldrig i dag igar hver blev bliver kunne noget nogle lige",
    ),
    (
        Language::Norwegian,
        "og det at i en et ei jeg du han hun vi dere de som pa er av for med den til ikke om har hadde var meg deg \
         seg min mitt mine din ditt sin sitt sine fra men eller nar der hva hvem hvor hvorfor hvordan mye ogsa bare \
         kan skal skulle vil etter mot uten under mellom alltid aldri dag igar hver ble blir kunne noe noen bor",
    ),
    (
        Language::Finnish,
        "ja on ei se etta han mina sina me te he olen olet ole oli olla ovat mutta kun jos niin kuin joka mika \
         missa mista mihin milloin miksi kuka miten minun sinun hanen meidan teidan heidan minulla sinulla tama tuo \
         myos vain viela jo nyt aina ei koskaan tanaan eilen huomenna tai sitten hyvin paljon kanssa ennen jalkeen \
         minulle ostin asuu",
    ),
    (
        Language::Hungarian,
        "a az es hogy nem van volt egy en te o mi ti ok ez ezt azt meg is de ha vagy mint csak mar meg most majd \
         mert ami aki hol mikor miert hogyan ki mit nagyon sok minden soha mindig ma tegnap holnap vagyok vagy \
         vagyunk lesz lett nincs kell lehet nekem neked neki velem utan elott alatt kozott szeretek szeretem lakik",
    ),
    (
        Language::Romanian,
        "si in la de pe cu nu este sunt un o al ale ai a lui ei eu tu el ea noi voi ele ce cine unde cand cum \
         de ce pentru din mai dar sau ca sa se am are au fost era fi imi iti isi meu mea mei mele tau sau acest \
         aceasta asta foarte mult intotdeauna niciodata azi ieri maine tot toate toti dupa inainte intre sub locuieste",
    ),
    (
        Language::Turkish,
        "ve bir bu su o da de ki mi icin ile ben sen biz siz onlar benim senin onun bizim ne kim nerede neden nasil \
         zaman cok daha en var yok degil ama veya gibi kadar sonra once her hic simdi bugun dun yarin evet hayir olan \
         olarak oldu ise sey bana sana ona beni seni mu gore iyi kedim",
    ),
    (
        Language::Other,
        // Polish, Czech, Slovak, Croatian, Slovene, Catalan, Indonesian, Vietnamese, Swahili, Estonian, Latvian,
        // Lithuanian.
        "nie jest sie na do w z ze jak ale czy dla przez przy oraz moj moja moje mam jestem bardzo gdzie kiedy \
         dlaczego kto co juz tylko jego jej ich mieszka lubi jsem jsi je se ve si kde kdy proc kdo uz jen jeho jeji \
         muj moje mam velmi nebo protoze ktery ktera som ste nie ale alebo preto kto kde ako velmi iba sam smo ste su \
         nije gdje kada zasto tko sto samo njegov moj moja bio bila jos els les amb per una i no que es meu meva \
         pero molt aquest aquesta on quan perque yang dan di ke dari ini itu untuk dengan saya kamu dia kami mereka \
         tidak adalah ada apa siapa mana kapan mengapa sudah akan bisa juga la va cua co khong mot nhung toi ban anh \
         chi em cho trong voi nay ngay rat na wa kwa ni katika hii mimi wewe yeye sisi yangu yake hapa ja on ei \
         see mina sina tema meie oli aga kui mis kus millal miks kes vaga minu tema un ir es tu vins mes nav kas kur \
         ar bet vai ka mans mana yra as tu jis ji bet kad kaip kur kada kodel labai mano",
    ),
];

/// Letters that tell a language.
const LETTERS: [(char, &[Language]); 29] = {
    use Language::*;
    [
        ('ß', &[German]),
        ('ä', &[German, Swedish, Finnish]),
        ('ö', &[German, Swedish, Finnish, Hungarian, Turkish]),
        ('ü', &[German, Hungarian, Turkish]),
        ('å', &[Swedish, Danish, Norwegian]),
        ('æ', &[Danish, Norwegian]),
        ('ø', &[Danish, Norwegian]),
        ('ñ', &[Spanish]),
        ('ã', &[Portuguese]),
        ('õ', &[Portuguese]),
        ('ç', &[French, Portuguese, Turkish]),
        ('è', &[French, Italian]),
        ('ê', &[French, Portuguese]),
        ('œ', &[French]),
        ('ù', &[French, Italian]),
        ('ì', &[Italian]),
        ('ò', &[Italian]),
        ('ő', &[Hungarian]),
        ('ű', &[Hungarian]),
        ('ğ', &[Turkish]),
        ('ş', &[Turkish, Romanian]),
        ('ı', &[Turkish]),
        ('ă', &[Romanian]),
        ('ș', &[Romanian]),
        ('ț', &[Romanian]),
        ('ţ', &[Romanian]),
        ('ł', &[Other]),
        ('ą', &[Other]),
        ('ę', &[Other]),
    ]
};

/// Languages as bits.
type Set = u16;

const fn bit(language: Language) -> Set {
    1 << language.code()
}

/// The languages that have each frequent word.
fn frequent_words() -> &'static HashMap<&'static str, Set> {
    static FREQUENT: OnceLock<HashMap<&str, Set>> = OnceLock::new();
    FREQUENT.get_or_init(|| {
        let mut words = HashMap::new();
        for (language, list) in WORDS {
            for word in list.split_ascii_whitespace() {
                *words.entry(word).or_default() |= bit(language);
            }
        }
        words
    })
}

/// Whether a folded word is one of the most frequent words of a language.
pub(super) fn is_frequent(word: &str, language: Language) -> bool {
    frequent_words().get(word).is_some_and(|languages| languages & bit(language) != 0)
}

/// The language of a whole text. English unless another language is clear.
pub(crate) fn language_of(text: &str) -> Language {
    let mut votes = [0_u32; COUNT];
    let words = text.split(|c: char| !is_latin(c)).filter(|word| !word.is_empty());
    for word in words.take(MAX_WORDS) {
        // No frequent word is longer.
        let folded = if word.len() <= 24 { fold(word) } else { String::new() };
        match frequent_words().get(folded.as_str()) {
            Some(languages) => vote(&mut votes, *languages),
            // Many words of the model are also names or words of other languages.
            None if word.is_ascii() && model::get().has_stem(&folded) => votes[ENGLISH] += 1,
            None => {}
        }
        if !word.is_ascii() {
            let letters = word.chars().flat_map(char::to_lowercase);
            let told = letters.filter(|c| !c.is_ascii()).find_map(|c| {
                let languages = LETTERS.iter().find(|(letter, _)| *letter == c)?.1;
                Some(languages.iter().fold(0, |set, language| set | bit(*language)))
            });
            let others = "čćďěňřšťůžźżńśőąęėįųūāēīķļņơưđ";
            let is_other = || {
                word.to_lowercase()
                    .chars()
                    .any(|c| others.contains(c) || ('\u{1EA0}'..='\u{1EF9}').contains(&c))
            };
            vote(&mut votes, told.unwrap_or_else(|| if is_other() { bit(Language::Other) } else { 0 }));
        }
    }
    let english = votes[ENGLISH];
    let best = Language::ALL
        .into_iter()
        .max_by_key(|language| (votes[usize::from(language.code())], *language != Language::Other));
    match best {
        Some(best) if votes[usize::from(best.code())] > english => best,
        _ => Language::English,
    }
}

/// Adds to the votes of `languages`, the more the fewer they are.
fn vote(votes: &mut [u32; COUNT], languages: Set) {
    let weight = match languages.count_ones() {
        0 => return,
        1 => WEIGHTS[0],
        2 | 3 => WEIGHTS[1],
        _ => WEIGHTS[2],
    };
    for (code, votes) in votes.iter_mut().enumerate() {
        if languages >> code & 1 == 1 {
            *votes += weight;
        }
    }
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic()
        || matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}' | '\u{300}'..='\u{36F}')
}
