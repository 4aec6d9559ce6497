//! What a reindex has done: the summary on standard output, and the exit status.

use hb_domain::TenantId;
use hb_store::ConsumedCapacity;
use serde_json::{Value, json};

use crate::{Outcome, output};

/// What was done for one tenant.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) tenant: TenantId,
    /// The memories whose documents were compared.
    pub(super) examined: u64,
    /// Those with a document that this version would not write.
    pub(super) stale: u64,
    pub(super) rewritten: u64,
    /// The memories that cannot be read, with the reason.
    pub(super) corrupt: Vec<(String, String)>,
    /// Capacity units.
    pub(super) read_units: f64,
    pub(super) write_units: f64,
}

impl Row {
    pub(super) const fn new(tenant: TenantId) -> Self {
        Self {
            tenant,
            examined: 0,
            stale: 0,
            rewritten: 0,
            corrupt: Vec::new(),
            read_units: 0.0,
            write_units: 0.0,
        }
    }

    /// Adds what calls have consumed.
    pub(super) fn add(&mut self, used: &ConsumedCapacity) {
        self.read_units += used.read_units;
        self.write_units += used.write_units;
    }

    fn current(&self) -> u64 {
        self.examined - self.stale - self.corrupt.len() as u64
    }
}

/// The result of the command.
#[derive(Debug)]
pub(super) struct Report {
    dry_run: bool,
    pub(super) tenants: Vec<Row>,
    /// Why the command has stopped before its end, and the command that resumes it.
    pub(super) stopped: Option<(String, String)>,
}

impl Report {
    pub(super) const fn new(dry_run: bool) -> Self {
        Self { dry_run, tenants: Vec::new(), stopped: None }
    }

    pub(super) fn print(&self, is_json: bool) -> Outcome {
        if is_json {
            let rows: Vec<Value> = self.tenants.iter().map(json_row).collect();
            let resume = self.stopped.as_ref().map(|(_, command)| command);
            output::json(&json!({"dryRun": self.dry_run, "tenants": rows, "resume": resume}))?;
        } else {
            let rows: Vec<[String; 8]> = self.tenants.iter().map(text_row).collect();
            let headings = ["TENANT", "MEMORIES", "CURRENT", "STALE", "REWRITTEN", "CORRUPT", "RCU", "WCU"];
            output::table(headings, &rows)?;
        }
        self.outcome()
    }

    fn outcome(&self) -> Outcome {
        let corrupt = self.tenants.iter().map(|row| row.corrupt.len()).sum::<usize>();
        match &self.stopped {
            Some((reason, command)) => Err(format!("{reason}; resume with `{command}`")),
            None if corrupt > 0 => Err(format!("corrupt memories, which were left alone: {corrupt}")),
            None => Ok(()),
        }
    }
}

fn text_row(row: &Row) -> [String; 8] {
    let corrupt = row.corrupt.len() as u64;
    let counts =
        [row.examined, row.current(), row.stale, row.rewritten, corrupt].map(|count| count.to_string());
    let units = [row.read_units, row.write_units].map(|units| format!("{units:.0}"));
    let [examined, current, stale, rewritten, corrupt] = counts;
    let [read, written] = units;
    [row.tenant.to_string(), examined, current, stale, rewritten, corrupt, read, written]
}

fn json_row(row: &Row) -> Value {
    let corrupt: Vec<Value> =
        row.corrupt.iter().map(|(id, problem)| json!({"id": id, "problem": problem})).collect();
    json!({"tenant": row.tenant, "memories": row.examined, "current": row.current(), "stale": row.stale,
        "rewritten": row.rewritten, "corrupt": corrupt, "readUnits": row.read_units, "writeUnits": row.write_units})
}
