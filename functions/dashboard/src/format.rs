//! Numbers and times as people read them. Scripts replace the times by those of the reader's zone.

use hb_domain::Timestamp;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `1234567` as `1,234,567`.
pub(crate) fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A count with its noun: `1 error`, `1,234 errors`.
pub(crate) fn count(of: u64, singular: &str) -> String {
    format!("{} {singular}{}", number(of), if of == 1 { "" } else { "s" })
}

/// `2026-11-24T12:00:00.000Z` as `24 Nov 2026, 12:00 UTC`.
pub(crate) fn time(time: Timestamp) -> String {
    let text = time.to_string();
    match text.get(11..16) {
        Some(clock) => format!("{}, {clock} UTC", date(&text)),
        None => text,
    }
}

/// `2026-11-24` as `24 Nov 2026`; so is the date of a time.
pub(crate) fn date(text: &str) -> String {
    let mut parts = text.get(..10).unwrap_or_default().split('-');
    let mut part = || parts.next().filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
    let (year, month, day) = (part(), part(), part());
    let month = month
        .and_then(|month| month.parse::<usize>().ok())
        .and_then(|month| MONTHS.get(month.wrapping_sub(1)));
    match (year, month, day) {
        (Some(year), Some(month), Some(day)) => format!("{} {month} {year}", day.trim_start_matches('0')),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_and_times_are_written_out() {
        for (value, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(number(value), text);
        }
        assert_eq!((count(1, "error"), count(2_000, "error")), ("1 error".into(), "2,000 errors".into()));
        let noon = Timestamp::parse("2026-01-04T12:05:00Z").expect("a time");
        assert_eq!(time(noon), "4 Jan 2026, 12:05 UTC");
        for text in ["", "x", "2026-13-01", "ä2026-01-0"] {
            assert_eq!(date(text), text);
        }
    }
}
