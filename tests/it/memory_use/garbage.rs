//! JSON that needs the most memory when parsed, for its length.

/// Every kind of it, of at most `bytes` bytes: a description and the text.
pub(super) fn all(bytes: usize) -> [(&'static str, String); 3] {
    [
        ("pairs", repeated(r#"{"":0}"#, bytes)),
        ("chains", repeated(&chain(100), bytes)),
        ("lists", repeated("[0]", bytes)),
    ]
}

/// `[{"":0},{"":0},…]`
pub(super) fn pairs(bytes: usize) -> String {
    repeated(r#"{"":0}"#, bytes)
}

/// `{"":{"":{"":…0}}}`: five bytes an object.
fn chain(depth: usize) -> String {
    format!("{}0{}", r#"{"":"#.repeat(depth), "}".repeat(depth))
}

/// A list that repeats `item` as often as `bytes` bytes allow.
pub(super) fn repeated(item: &str, bytes: usize) -> String {
    let count = (bytes - 1) / (item.len() + 1);
    format!("[{}]", vec![item; count.max(1)].join(","))
}
