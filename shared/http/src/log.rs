//! Logging: one line of JSON for each request or batch, and one with the cause of each server error.
//!
//! Content of requests and credentials are never logged. Crates of others log from `WARN` on at every level: at `TRACE`
//! some of them print whole payloads.
//!
//! The line of a request or batch is in CloudWatch's embedded metric format: its numbers become metrics of the function
//! and of the stack, without a call to CloudWatch.

use std::fmt;

use hb_domain::Clock;
use serde_json::json;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::{Format, Json, JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent};
use tracing_subscriber::registry::LookupSpan;

/// The namespace of the metrics.
const NAMESPACE: &str = "HeroBrain";
/// The fields of a line that are metrics, and their units. There are two dimension sets, the function and the stack: every
/// metric of every value of a dimension costs $0.30 a month.
const METRICS: [(&str, &str); 7] = [
    ("latency_ms", "Milliseconds"),
    ("cold", "Count"),
    ("failed", "Count"),
    ("db_calls", "Count"),
    ("throttled", "Count"),
    ("read_units", "Count"),
    ("write_units", "Count"),
];
/// The metrics of a batch: the others, by stack, are of requests only.
const BATCH_METRICS: [&str; 2] = ["failed", "throttled"];

/// The prefix of the names of the shared crates.
const SHARED_CRATES: &str = "hb_";

/// A filter that passes events of the shared crates and of `crates` from `level` on (`info` if it is not a level), and
/// events of other crates from `WARN` on.
pub fn filter<'n>(level: &str, crates: impl IntoIterator<Item = &'n str>) -> EnvFilter {
    let level: LevelFilter = level.trim().parse().unwrap_or(LevelFilter::INFO);
    let filter = EnvFilter::default().add_directive(level.min(LevelFilter::WARN).into());
    // A directive applies to every target that begins with its name.
    crates.into_iter().chain([SHARED_CRATES]).fold(filter, |filter, name| {
        match format!("{name}={level}").parse() {
            Ok(directive) => filter.add_directive(directive),
            Err(_) => filter,
        }
    })
}

/// Writes JSON lines to standard output: events of the shared crates and of `crate_name` from the level in `LOG_LEVEL` on.
/// The metrics in them are those of the function `AWS_LAMBDA_FUNCTION_NAME` and, if it is set, of the stack `STACK_NAME`.
pub fn to_stdout(crate_name: &str, clock: Clock) {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let json = Format::default().json().flatten_event(true).with_current_span(false).with_span_list(false);
    let (function, stack) = (variable("AWS_LAMBDA_FUNCTION_NAME"), variable("STACK_NAME"));
    tracing_subscriber::fmt()
        .fmt_fields(JsonFields::new())
        .event_format(Lines { json, function, stack, clock })
        .with_env_filter(filter(&variable("LOG_LEVEL"), [crate_name]))
        .init();
}

/// JSON lines; those of requests and batches with their metrics.
struct Lines {
    json: Format<Json>,
    function: String,
    stack: String,
    clock: Clock,
}

impl Lines {
    /// The members that make these fields metrics.
    ///
    /// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>
    fn metrics(&self, names: &[&str]) -> String {
        let metrics = METRICS.iter().filter(|(name, _)| names.contains(name));
        let metrics: Vec<_> = metrics.map(|(name, unit)| json!({"Name": name, "Unit": unit})).collect();
        let dimensions = match self.stack.as_str() {
            "" => json!([["function"]]),
            _ => json!([["function"], ["stack"]]),
        };
        let directive = json!({"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": metrics});
        let aws = json!({"Timestamp": self.clock.now().millis(), "CloudWatchMetrics": [directive]});
        let (function, stack) = (json!(self.function), json!(self.stack));
        format!("\"_aws\":{aws},\"function\":{function},\"stack\":{stack},")
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
        let Some(metrics) = metrics_of(event) else {
            return self.json.format_event(context, writer, event);
        };
        let mut line = String::with_capacity(1024);
        self.json.format_event(context, Writer::new(&mut line), event)?;
        match line.strip_prefix('{') {
            Some(members) => write!(writer, "{{{}{members}", self.metrics(&metrics)),
            None => writer.write_str(&line),
        }
    }
}

/// The fields of an event that become metrics; `None` for an event that is neither a request nor a batch.
fn metrics_of(event: &Event<'_>) -> Option<Vec<&'static str>> {
    let fields = event.metadata().fields();
    let mut names = METRICS.iter().map(|(name, _)| *name);
    match event.metadata().target() {
        "hb_http::request" => names.clone().all(|name| fields.field(name).is_some()).then(|| names.collect()),
        "hb_http::stream" => names.all(|name| fields.field(name).is_some()).then(|| BATCH_METRICS.to_vec()),
        _ => None,
    }
}
