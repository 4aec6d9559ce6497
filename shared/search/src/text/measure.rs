//! Units of measures and currencies, behind or before a number.

/// The names of each unit.
const UNITS: [&[&str]; 40] = [
    &["km", "kilometer", "kilometre"],
    &["m", "meter", "metre"],
    &["cm", "centimeter", "centimetre"],
    &["mm", "millimeter", "millimetre"],
    &["mi", "mile"],
    &["ft", "foot", "feet"],
    &["kg", "kilogram", "kilo"],
    &["g", "gram"],
    &["mg", "milligram"],
    &["lb", "lbs", "pound"],
    &["oz", "ounce"],
    &["l", "liter", "litre"],
    &["ml", "milliliter", "millilitre"],
    &["kb", "kilobyte"],
    &["mb", "megabyte"],
    &["gb", "gigabyte"],
    &["tb", "terabyte"],
    &["h", "hr", "hrs", "hour"],
    &["min", "mins", "minute"],
    &["sec", "secs", "second"],
    &["ms", "millisecond"],
    &["mph"],
    &["kmh"],
    &["kcal"],
    &["kwh"],
    &["mhz", "megahertz"],
    &["ghz", "gigahertz"],
    &["px", "pixel"],
    &["mah"],
    &["mbps"],
    &["gbps"],
    &["kw", "kilowatt"],
    &["dpi"],
    &["eur", "€", "euro"],
    &["usd", "$", "dollar"],
    &["gbp", "£", "pound"],
    &["jpy", "¥", "yen"],
    &["inr", "₹", "rupee"],
    &["chf", "franc", "franken"],
    &["pct", "percent"],
];
/// From this one on they are currencies, which may be written before the number.
const CURRENCIES: usize = 33;
/// Letters of the longest name, in the plural.
const MAX_NAME: usize = 12;

/// The names of the unit that a word behind a number is.
pub(super) fn names(word: &str) -> Option<Vec<&'static str>> {
    find(&UNITS, word)
}

/// The names of the currency that a word before a number is.
pub(super) fn currency(word: &str) -> Option<Vec<&'static str>> {
    find(&UNITS[CURRENCIES..], word)
}

/// Whether the letters are a unit that is written behind a number without a space: one letter only if it is small.
pub(super) fn is_suffix(letters: &str) -> bool {
    let is_abbreviation =
        |names: &&[&str]| names.iter().any(|name| name.len() <= 4 && name.eq_ignore_ascii_case(letters));
    letters.is_ascii()
        && UNITS.iter().any(is_abbreviation)
        && (letters.len() > 1 || letters.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn find(units: &[&[&'static str]], word: &str) -> Option<Vec<&'static str>> {
    if word.len() > MAX_NAME {
        return None;
    }
    let word = word.to_lowercase();
    let is_name = |name: &&'static str| word == **name || word.strip_suffix('s') == Some(name);
    let found: Vec<&[&str]> = units.iter().filter(|names| names.iter().any(is_name)).copied().collect();
    (!found.is_empty()).then(|| found.concat())
}
