//! Logging: one line of JSON for each request, batch or pass of a schedule, and one with the cause of each server error.
//!
//! Content of requests and credentials are never logged. Crates of others log from `WARN` on at every level: at `TRACE`
//! some of them print whole payloads.
//!
//! The line of a request, batch or pass is in CloudWatch's embedded metric format: its numbers become metrics of the function
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
/// The metrics of lines that are not of requests.
const OTHER_METRICS: [(&str, &str); 3] =
    [("events", "Count"), ("lost_events", "Count"), ("late_seconds", "Seconds")];
/// The target and the metrics of an event of a search that could not be recorded. It is logged when that happens only.
pub(crate) const LOST_EVENT: &str = "hb_http::lost_event";
const LOST_EVENT_METRICS: [&str; 1] = ["lost_events"];
/// The target and the metrics of how late a pass of a schedule has found what was due. A pass that has failed logs none.
pub(crate) const LATENESS: &str = "hb_http::lateness";
const LATENESS_METRICS: [&str; 1] = ["late_seconds"];
/// The metrics of a batch or a pass: the others, by stack, are of requests only.
const BATCH_METRICS: [&str; 3] = ["failed", "throttled", "events"];

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

/// JSON lines; those of requests, batches and passes with their metrics.
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
        let metrics = METRICS.iter().chain(&OTHER_METRICS).filter(|(name, _)| names.contains(name));
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

/// The fields of an event that become metrics; `None` for an event of any other kind.
fn metrics_of(event: &Event<'_>) -> Option<Vec<&'static str>> {
    let metadata = event.metadata();
    let has = |name: &&str| metadata.fields().field(name).is_some();
    let of_a_request = METRICS.map(|(name, _)| name);
    match metadata.target() {
        "hb_http::request" => of_a_request.iter().all(has).then(|| of_a_request.to_vec()),
        "hb_http::stream" | "hb_http::schedule" => {
            BATCH_METRICS.iter().all(has).then(|| BATCH_METRICS.to_vec())
        }
        LOST_EVENT => Some(LOST_EVENT_METRICS.to_vec()),
        LATENESS => Some(LATENESS_METRICS.to_vec()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use hb_domain::Timestamp;
    use serde_json::Value;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("the lines").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// The line that a function of a stack writes for what `log` logs.
    fn line_of(log: impl FnOnce()) -> Value {
        let written = Written::default();
        let json = Format::default().json().flatten_event(true);
        let clock = Clock::fixed(Timestamp::from_millis(1_795_521_600_000));
        let lines = Lines { json, function: "Memories".into(), stack: "prod".into(), clock };
        let subscriber = tracing_subscriber::fmt().fmt_fields(JsonFields::new()).event_format(lines);
        let writer = written.clone();
        let subscriber = subscriber.with_writer(move || writer.clone()).finish();
        tracing::subscriber::with_default(subscriber, log);
        serde_json::from_slice(&written.0.lock().expect("the line")).expect("JSON")
    }

    #[test]
    fn a_lost_event_is_a_metric_of_the_function_and_of_the_stack_and_other_warnings_are_none() {
        let lost =
            line_of(|| tracing::warn!(target: LOST_EVENT, lost_events = 1, "a search was not recorded"));
        let directive = json!({
            "Namespace": "HeroBrain", "Dimensions": [["function"], ["stack"]],
            "Metrics": [{"Name": "lost_events", "Unit": "Count"}],
        });
        assert_eq!(lost["_aws"]["CloudWatchMetrics"], json!([directive]), "{lost}");
        assert_eq!(
            (&lost["lost_events"], &lost["function"], &lost["level"]),
            (&json!(1), &json!("Memories"), &json!("WARN"))
        );
        let other = line_of(|| tracing::warn!(lost_events = 1, "another"));
        assert_eq!(other["_aws"], Value::Null, "{other}");
    }

    #[test]
    fn the_lateness_of_a_pass_is_a_metric_in_seconds() {
        let late = line_of(|| tracing::info!(target: LATENESS, late_seconds = 1.5, "late"));
        let metrics = &late["_aws"]["CloudWatchMetrics"][0]["Metrics"];
        assert_eq!(*metrics, json!([{"Name": "late_seconds", "Unit": "Seconds"}]), "{late}");
        assert_eq!(late["late_seconds"], json!(1.5));
    }
}
