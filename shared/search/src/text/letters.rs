//! Letters by which a language is told.

use super::language::Language;

/// Letters that tell a language.
pub(super) const LETTERS: [(char, &[Language]); 33] = {
    use Language::*;
    [
        ('ß', &[German]),
        ('á', &[Spanish, Portuguese, Hungarian, Other]),
        ('í', &[Spanish, Portuguese, Hungarian, Other]),
        ('ó', &[Spanish, Portuguese, Hungarian, Other]),
        ('ú', &[Spanish, Portuguese, Hungarian, Other]),
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

/// Letters of languages that have no stemmer.
pub(super) const OTHER_LETTERS: &str = "čćďěňřšťůžźżńśőąęėįųūāēīķļņơưđ";

/// Other languages that have a letter too: a word with it is a word of none but these and those above.
pub(super) const ALSO: [(char, &[Language]); 21] = {
    use Language::*;
    [
        ('à', &[French, Italian, Portuguese, Swedish, Other]),
        ('â', &[French, Portuguese, Romanian, Turkish, Other]),
        ('ã', &[Other]),
        ('ä', &[Other]),
        ('ç', &[Other]),
        ('é', &[Spanish, Portuguese, French, Hungarian, Italian, Dutch, Danish, Swedish, Norwegian, Other]),
        ('è', &[Other]),
        ('ë', &[Dutch, French, Other]),
        ('î', &[French, Romanian, Italian, Turkish, Other]),
        ('ï', &[French, Dutch, Other]),
        ('ñ', &[Other]),
        ('ò', &[Other]),
        ('ô', &[French, Portuguese, Norwegian, Other]),
        ('ö', &[Dutch, Other]),
        ('õ', &[Other]),
        ('û', &[French, Turkish, Other]),
        ('ü', &[Spanish, Dutch, French, Other]),
        ('æ', &[Other]),
        ('ø', &[Other]),
        ('å', &[Finnish]),
        ('ș', &[Other]),
    ]
};
