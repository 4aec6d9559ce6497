//! Logging: one line of JSON a request, and the cause of what went wrong on our side.
//!
//! Nothing of a request's content is ever logged, nor a credential. Crates that are not ours are
//! kept at warnings whatever the level: at their finest some of them print whole payloads.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// Crates whose events are ours to word.
const OURS: [&str; 8] =
    ["hb_http", "hb_store", "hb_domain", "hb_local", "api_keys", "memories", "auth", "upkeep"];

/// A filter that shows our events from `level` on (`info` when it is no level), others' from warnings on.
pub fn filter(level: &str) -> EnvFilter {
    let level: LevelFilter = level.trim().parse().unwrap_or(LevelFilter::INFO);
    let filter = EnvFilter::default().add_directive(level.min(LevelFilter::WARN).into());
    OURS.iter().fold(filter, |filter, name| match format!("{name}={level}").parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    })
}

/// Writes JSON lines to standard output, from the level in `LOG_LEVEL` on.
pub fn to_stdout() {
    let level = std::env::var("LOG_LEVEL").unwrap_or_default();
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_env_filter(filter(&level))
        .init();
}
