//! Series of words whose members are alike and exclude each other: months, weekdays, numbers and directions.

use std::collections::HashMap;

/// Stems that name one of a series, the names of the same one together. What is said of one is not said of another, however
/// alike the model takes them: a question about March is not answered by June.
const SERIES: [&[&str]; 3] = [
    &[
        "januari jan",
        "februari feb",
        "march mar",
        "april apr",
        "may",
        "june jun",
        "juli jul",
        "august aug",
        "septemb sept sep",
        "octob oct",
        "novemb nov",
        "decemb dec",
        "monday mon",
        "tuesday tue",
        "wednesday wed",
        "thursday thu",
        "friday fri",
        "saturday sat",
        "sunday sun",
    ],
    &[
        "zero",
        "one first",
        "two second twice",
        "three third",
        "four fourth",
        "five fifth",
        "six sixth",
        "seven seventh",
        "eight eighth",
        "nine ninth",
        "ten tenth",
        "eleven eleventh",
        "twelv twelfth",
        "thirteen thirteenth",
        "fourteen fourteenth",
        "fifteen fifteenth",
        "sixteen sixteenth",
        "seventeen seventeenth",
        "eighteen eighteenth",
        "nineteen nineteenth",
        "twenti twentieth",
        "thirti thirtieth",
        "forti fortieth",
        "fifti fiftieth",
        "sixti",
        "seventi",
        "eighti",
        "nineti",
        "hundr hundredth",
        "thousand",
        "million",
        "billion",
        "trillion",
    ],
    &[
        "north northern northward northbound northernmost",
        "south southern southward southbound southernmost",
        "east eastern eastward eastbound easternmost",
        "west western westward westbound westernmost",
        "northeast northeastern",
        "northwest northwestern",
        "southeast southeastern",
        "southwest southwestern",
    ],
];

/// The place of a stem in the series: the series, and which of its members the stem names.
pub(crate) type Place = (usize, usize);

/// The places of all stems that have one.
pub(crate) fn places() -> HashMap<&'static str, Place> {
    let mut places = HashMap::new();
    for (series, members) in SERIES.iter().enumerate() {
        for (member, names) in members.iter().enumerate() {
            places.extend(names.split(' ').map(|name| (name, (series, member))));
        }
    }
    places
}
