//! The headers of the rate limit and of a replaced secret.

use std::fmt::Display;
use std::time::{Duration, UNIX_EPOCH};

use crate::seconds::seconds_up;
use hb_domain::Error;
use hb_domain::principal::Replaced;
use hb_domain::tenant::RateLimitStatus;
use http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};

/// Adds the rate-limit status: `X-RateLimit-*` for the month, or for the bucket when the bucket refused the request;
/// and both policies in the form of draft-ietf-httpapi-ratelimit-headers.
pub(crate) fn rate_limit(headers: &mut HeaderMap, rate_limit: &RateLimitStatus, error: Option<&Error>) {
    let (allowance, now) = (&rate_limit.allowance, rate_limit.at);
    if let Some(Error::RateLimited { retry_after }) = error {
        // Rounded up, so that a caller that waits this long is admitted.
        let wait = self::retry_after(headers, *retry_after);
        put(headers, "x-ratelimit-limit", allowance.burst);
        put(headers, "x-ratelimit-remaining", 0);
        put(headers, "x-ratelimit-reset", now.plus(Duration::from_secs(wait)).seconds_rounded_up());
        put(headers, "x-ratelimit-retry-after", wait);
    } else {
        put(headers, "x-ratelimit-limit", allowance.per_month);
        put(headers, "x-ratelimit-remaining", rate_limit.month_remaining);
        put(headers, "x-ratelimit-reset", rate_limit.month_end.seconds());
    }
    let month = rate_limit.month_end.seconds() - rate_limit.month_start.seconds();
    let refill = (u64::from(allowance.burst) * 60).div_ceil(u64::from(allowance.per_minute.max(1)));
    put(
        headers,
        "ratelimit-policy",
        format_args!(
            r#""burst";q={};w={refill}, "month";q={};w={month}"#,
            allowance.burst, allowance.per_month
        ),
    );
    put(
        headers,
        "ratelimit",
        format_args!(
            r#""burst";r={};t={}, "month";r={};t={}"#,
            rate_limit.burst_remaining,
            seconds_up(rate_limit.burst_full_in),
            rate_limit.month_remaining,
            (rate_limit.month_end.seconds() - now.seconds()).max(0),
        ),
    );
}

/// Adds the time to wait, and returns it in seconds, rounded up.
pub(crate) fn retry_after(headers: &mut HeaderMap, wait: Duration) -> u64 {
    let seconds = seconds_up(wait).max(1);
    headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    seconds
}

/// Adds when the presented secret was replaced (RFC 9745) and when it stops working (RFC 8594).
pub(crate) fn replaced(headers: &mut HeaderMap, replaced: Replaced) {
    put(headers, "deprecation", format_args!("@{}", replaced.at.seconds()));
    let end = UNIX_EPOCH + Duration::from_secs(replaced.works_until.seconds().unsigned_abs());
    put(headers, "sunset", httpdate::fmt_http_date(end));
}

fn put(headers: &mut HeaderMap, name: &'static str, value: impl Display) {
    if let Ok(value) = HeaderValue::from_str(&value.to_string()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
