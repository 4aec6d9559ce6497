//! The progress of a reindex on standard error: a bar on a terminal, otherwise a line every few seconds.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use hb_domain::MemoryId;
use indicatif::ProgressBar;

use super::report::Row;
use crate::output;

/// The time between two lines.
const INTERVAL: Duration = Duration::from_secs(5);

/// The progress within one tenant.
#[derive(Debug)]
pub(super) struct Progress {
    /// The number of memories; `None` if it is not known how many are left.
    total: Option<u64>,
    began: Instant,
    lines: Lines,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// The progress of a tenant of whose memories about `total` are left to read.
    pub(super) fn new(total: Option<u64>, now: Instant) -> Self {
        let bar = || output::progress(total.unwrap_or_default(), "memories");
        let bar = std::io::stderr().is_terminal().then(bar);
        Self { total, began: now, lines: Lines { last: now }, bar }
    }

    /// Shows what was done so far: all up to the memory `position`.
    pub(super) fn update(&mut self, row: &Row, position: &MemoryId, now: Instant) {
        let text = describe(row, self.total, position, now.saturating_duration_since(self.began));
        if let Some(bar) = &self.bar {
            bar.set_length(self.total.unwrap_or_default().max(row.examined));
            bar.set_position(row.examined);
            bar.set_message(format!("memories of {} read, {} rewritten", row.tenant, row.rewritten));
        } else if self.lines.is_due(now) {
            output::note(&text);
        }
    }

    /// Shows a problem of one memory.
    pub(super) fn problem(&self, problem: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::error(problem)),
            None => output::error(problem),
        }
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// When the next line is due.
#[derive(Debug)]
struct Lines {
    last: Instant,
}

impl Lines {
    fn is_due(&mut self, now: Instant) -> bool {
        let is_due = now.saturating_duration_since(self.last) >= INTERVAL;
        if is_due {
            self.last = now;
        }
        is_due
    }
}

fn describe(row: &Row, total: Option<u64>, position: &MemoryId, elapsed: Duration) -> String {
    let rate = row.examined as f64 / elapsed.as_secs_f64().max(0.001);
    let total = total.map_or(String::new(), |total| format!(" of {}", total.max(row.examined)));
    format!(
        "{}: {}{total} memories read, {} rewritten, {rate:.0} memories/s, at {position}",
        row.tenant, row.examined, row.rewritten
    )
}

#[cfg(test)]
mod tests {
    use hb_domain::TenantId;

    use super::*;

    #[test]
    fn a_line_is_due_every_five_seconds() {
        let start = Instant::now();
        let mut lines = Lines { last: start };
        let due: Vec<u64> =
            (0..20).filter(|second| lines.is_due(start + Duration::from_secs(*second))).collect();
        assert_eq!(due, [5, 10, 15]);
    }

    #[test]
    fn a_line_says_how_far_how_fast_and_where() {
        let tenant = TenantId::parse("acme").expect("a tenant");
        let row = Row { examined: 3_000, rewritten: 2_000, ..Row::new(tenant) };
        let position = MemoryId::parse("mem_0ivw4q1c00000000000001").expect("an id");
        for (total, shown) in [(Some(10_000), " of 10000"), (Some(2_000), " of 3000"), (None, "")] {
            assert_eq!(
                describe(&row, total, &position, Duration::from_secs(10)),
                format!(
                    "acme: 3000{shown} memories read, 2000 rewritten, 300 memories/s, at mem_0ivw4q1c00000000000001"
                )
            );
        }
    }
}
