//! Logging: one line of JSON a request, and the cause of what went wrong on our side.
//!
//! Nothing of a request's content is ever logged, nor a credential. Crates that are not ours are
//! kept at warnings whatever the level: at their finest some of them print whole payloads.
//!
//! The line of a request is CloudWatch's embedded metric format as well: what it measures becomes metrics
//! of the function, without a call.

use std::fmt;

use hb_domain::Clock;
use serde_json::json;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

/// Where the metrics are found.
const NAMESPACE: &str = "HeroBrain";
/// The fields of a request's line that are metrics, and their units. One dimension only, the function: each
/// metric of each value of a dimension is paid for by the month.
const METRICS: [(&str, &str); 6] = [
    ("latency_ms", "Milliseconds"),
    ("cold", "Count"),
    ("failed", "Count"),
    ("db_calls", "Count"),
    ("read_units", "Count"),
    ("write_units", "Count"),
];

/// Crates whose events are ours to word.
const OURS: [&str; 8] =
    ["hb_http", "hb_store", "hb_domain", "hb_local", "api_keys", "memories", "auth", "expiry"];

/// A filter that shows our events from `level` on (`info` when it is no level), others' from warnings on.
pub fn filter(level: &str) -> EnvFilter {
    let level: LevelFilter = level.trim().parse().unwrap_or(LevelFilter::INFO);
    let filter = EnvFilter::default().add_directive(level.min(LevelFilter::WARN).into());
    OURS.iter().fold(filter, |filter, name| match format!("{name}={level}").parse() {
        Ok(directive) => filter.add_directive(directive),
        Err(_) => filter,
    })
}

/// Writes JSON lines to standard output, from the level in `LOG_LEVEL` on; the metrics in them are those of
/// the function `AWS_LAMBDA_FUNCTION_NAME`.
pub fn to_stdout(clock: Clock) {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let json = Format::default().json().flatten_event(true).with_current_span(false).with_span_list(false);
    tracing_subscriber::fmt()
        .fmt_fields(JsonFields::new())
        .event_format(Lines { json, function: variable("AWS_LAMBDA_FUNCTION_NAME"), clock })
        .with_env_filter(filter(&variable("LOG_LEVEL")))
        .init();
}

/// JSON lines, and in those of requests what makes metrics of them.
struct Lines {
    json: Format<Json>,
    function: String,
    clock: Clock,
}

impl Lines {
    /// The members that say which others are metrics.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
    fn metrics(&self) -> String {
        let metrics: Vec<_> =
            METRICS.iter().map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": [["function"]], "Metrics": metrics});
        let aws = json!({"Timestamp": self.clock.now().millis(), "CloudWatchMetrics": [directive]});
        format!("\"_aws\":{aws},\"function\":{},", json!(self.function))
    }
}

impl<S> FormatEvent<S, JsonFields> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        if !is_request(event) {
            return self.json.format_event(context, writer, event);
        }
        let mut line = String::with_capacity(1024);
        self.json.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(members) => write!(writer, "{{{}{members}", self.metrics()),
            None => writer.write_str(&line),
        }
    }
}

/// Whether the event has what the metrics are made of.
fn is_request(event: &Event<'_>) -> bool {
    let fields = event.metadata().fields();
    METRICS.iter().all(|(name, _)| fields.field(name).is_some())
}
