//! Reads what a receiver answers.

use std::time::Duration;

use bytes::Bytes;
use hb_domain::Timestamp;
use http::Response;
use http::header::RETRY_AFTER;
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use crate::Outcome;
use crate::failure::Failure;

/// The longest time that a receiver can ask to wait for the next attempt.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// How much of the body is kept for the log, in bytes.
const KEPT: usize = 1024;

/// Reads the response to an attempt at `at`, of its body at most `limit` bytes. At `end` it is `late`.
pub(crate) async fn read<B>(
    response: Response<B>,
    limit: usize,
    at: Timestamp,
    end: Instant,
    late: Failure,
) -> Outcome
where
    B: BodyExt<Data = Bytes> + Unpin,
    B::Error: std::error::Error + 'static,
{
    let (parts, mut body) = response.into_parts();
    let (mut read, mut kept) = (0, Vec::new());
    let mut failure = None;
    while read < limit {
        match timeout_at(end, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => {
                let Ok(data) = frame.into_data() else { continue };
                read += data.len();
                // One byte more shows that there is more.
                let room = (KEPT + 1).saturating_sub(kept.len());
                kept.extend_from_slice(&data[..room.min(data.len())]);
            }
            Ok(Some(Err(error))) => {
                failure = Some(Failure::of(&error));
                break;
            }
            Err(_) => {
                failure = Some(late);
                break;
            }
        }
    }
    let retry_after = parts.headers.get(RETRY_AFTER).and_then(|value| retry_after(value.to_str().ok()?, at));
    Outcome {
        status_code: Some(parts.status.as_u16()),
        latency: Duration::ZERO,
        response: beginning(&kept),
        retry_after,
        failure: failure.map(|failure| failure.to_string()),
    }
}

/// The text of at most [`KEPT`] bytes at the beginning. What is not UTF-8 is replaced, which may take more bytes than it had.
fn beginning(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(KEPT);
    for chunk in bytes.utf8_chunks() {
        let replaced = if chunk.invalid().is_empty() { "" } else { "\u{fffd}" };
        for character in chunk.valid().chars().chain(replaced.chars()) {
            if text.len() + character.len_utf8() > KEPT {
                return text;
            }
            text.push(character);
        }
    }
    text
}

/// The waiting time of a `Retry-After` header that was received at `now`, a number of seconds or a date: RFC 9110, section
/// 10.2.3. At most [`MAX_RETRY_AFTER`]; `None` if it is neither.
fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        let seconds = value.parse().unwrap_or(u64::MAX);
        return Some(Duration::from_secs(seconds).min(MAX_RETRY_AFTER));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    // A date before 1970 is as past as any other.
    let until = until.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let now = Duration::from_millis(u64::try_from(now.millis()).ok()?);
    Some(until.saturating_sub(now).min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;
    use http_body_util::{Full, StreamBody};
    use hyper::body::Frame;
    use proptest::prelude::*;

    use super::*;

    /// 2026-11-29, 12:00:00 UTC.
    const NOON: Timestamp = Timestamp::from_millis(1_795_953_600_000);
    const LATE: Failure = Failure::Incomplete { within: Duration::from_secs(15) };

    async fn whole(body: Vec<u8>) -> Outcome {
        let end = Instant::now() + Duration::from_secs(15);
        read(Response::new(Full::from(body)), 16 * 1024, NOON, end, LATE).await
    }

    #[tokio::test]
    async fn a_body_that_stops_is_a_failure_with_its_status_at_the_end_of_the_attempt() {
        let frames = [Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"so far")))];
        let body = StreamBody::new(stream::StreamExt::chain(stream::iter(frames), stream::pending()));
        let end = Instant::now() + Duration::from_millis(50);
        let outcome = read(Response::new(body), 16 * 1024, NOON, end, LATE).await;
        assert!(Instant::now() >= end, "{outcome:?}");
        assert_eq!(
            (outcome.status_code, outcome.response.as_str(), outcome.failure.as_deref()),
            (Some(200), "so far", Some("no complete response within 15 s"))
        );
        assert!(!outcome.is_acknowledged());
    }

    #[tokio::test]
    async fn the_first_kib_is_kept_as_text() {
        for (body, kept) in [
            (vec![], String::new()),
            (b"a\0b".to_vec(), "a\0b".to_owned()),
            (vec![b'a'; 1024], "a".repeat(1024)),
            (vec![b'a'; 5000], "a".repeat(1024)),
            // No part of a character.
            (format!("{}ä", "a".repeat(1023)).into_bytes(), "a".repeat(1023)),
            (format!("{}ä", "a".repeat(1022)).into_bytes(), format!("{}ä", "a".repeat(1022))),
            (vec![0xff; 2000], "\u{fffd}".repeat(341)),
            (b"\xe2\x82".to_vec(), "\u{fffd}".to_owned()),
        ] {
            assert_eq!(whole(body.clone()).await.response, kept, "{body:?}");
        }
    }

    #[test]
    fn the_receiver_asks_to_wait_in_seconds_or_until_a_date() {
        for (value, seconds) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 120 ", Some(120)),
            ("86400", Some(86_400)),
            ("86401", Some(86_400)),
            ("18446744073709551615", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Sun, 29 Nov 2026 12:01:30 GMT", Some(90)),
            ("Sunday, 29-Nov-26 12:01:30 GMT", Some(90)),
            ("Sun Nov 29 12:01:30 2026", Some(90)),
            ("Sun, 29 Nov 2026 11:00:00 GMT", Some(0)),
            ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
            ("Fri, 31 Dec 9999 23:59:59 GMT", Some(86_400)),
            ("", None),
            ("-1", None),
            ("+1", None),
            ("1.5", None),
            ("soon", None),
            ("Sun, 29 Nov 2026 25:00:00 GMT", None),
        ] {
            assert_eq!(retry_after(value, NOON).map(|wait| wait.as_secs()), seconds, "{value}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_or_ignored(value in "\\PC{0,40}", now: i64) {
            let wait = retry_after(&value, Timestamp::from_millis(now));
            prop_assert!(wait.is_none_or(|wait| wait <= MAX_RETRY_AFTER));
        }

        #[test]
        fn what_is_kept_is_text_of_at_most_a_kib(body: Vec<u8>, times in 1_usize..40) {
            let text = beginning(&body.repeat(times));
            prop_assert!(text.len() <= KEPT);
            let whole = String::from_utf8_lossy(&body.repeat(times)).into_owned();
            prop_assert!(whole.starts_with(&text));
        }
    }
}
