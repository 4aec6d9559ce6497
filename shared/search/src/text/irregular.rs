//! Irregular plurals of English nouns, whose stems differ from those of their singulars. (Irregular forms of verbs are not here: with
//! them BEAM's recall was .009 lower.)

use std::collections::HashMap;
use std::sync::OnceLock;

/// Each plural and its singular. Plurals that are as often another word are left out: leaves, dice.
const FORMS: &str = "children:child mice:mouse wolves:wolf knives:knife loaves:loaf wives:wife halves:half shelves:shelf \
     thieves:thief calves:calf scarves:scarf hooves:hoof elves:elf men:man women:woman feet:foot teeth:tooth \
     geese:goose oxen:ox";

/// The singular of an irregular plural in lower case.
pub(super) fn singular(word: &str) -> Option<&'static str> {
    static BASES: OnceLock<HashMap<&str, &str>> = OnceLock::new();
    let bases = BASES
        .get_or_init(|| FORMS.split_ascii_whitespace().filter_map(|pair| pair.split_once(':')).collect());
    bases.get(word).copied()
}
