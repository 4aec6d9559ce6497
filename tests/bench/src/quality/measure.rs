//! The quality of a ranking, and rows of a table.

use std::collections::BTreeSet;
use std::io::{Result, Write};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::sets::Set;

/// Draws of the bootstrap.
const DRAWS: usize = 1_000;

/// The quality of a ranking for one question.
#[derive(Clone, Debug)]
pub(super) struct Quality {
    pub(super) category: String,
    /// At 1, 5 and 10.
    pub(super) recall: [f64; 3],
    /// Recall at 10 of groups.
    pub(super) group: f64,
    /// nDCG at 10.
    pub(super) gain: f64,
}

impl Quality {
    /// Of the memories in the order of their ranks; `groups` has the group of each memory.
    pub(super) fn of(category: &str, evidence: &[usize], ranked: &[usize], groups: &[usize]) -> Self {
        let found =
            |k: usize| ranked.iter().take(k).filter(|memory| evidence.contains(memory)).count() as f64;
        let discount = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
        let first = ranked.iter().take(10).enumerate();
        let gain: f64 =
            first.filter(|(_, memory)| evidence.contains(memory)).map(|(rank, _)| discount(rank)).sum();
        let ideal: f64 = (0..evidence.len().min(10)).map(discount).sum();
        let mut best: Vec<usize> = Vec::new();
        for group in ranked.iter().map(|memory| groups[*memory]) {
            if !best.contains(&group) && best.len() < 10 {
                best.push(group);
            }
        }
        let wanted: BTreeSet<usize> = evidence.iter().map(|memory| groups[*memory]).collect();
        let reached = wanted.iter().filter(|group| best.contains(group)).count() as f64;
        Self {
            category: category.to_owned(),
            recall: [1, 5, 10].map(|k| found(k) / evidence.len() as f64),
            group: reached / wanted.len() as f64,
            gain: gain / ideal,
        }
    }

    /// Whether the conversation answers the question.
    fn is_answered(&self) -> bool {
        self.category != "c5"
    }
}

/// The mean of recall, of groups or of gain over the questions that are answered; of groups over all.
pub(super) fn mean(qualities: &[Quality], value: impl Fn(&Quality) -> f64) -> f64 {
    mean_where(qualities, Quality::is_answered, value)
}

pub(super) fn mean_of_all(qualities: &[Quality], value: impl Fn(&Quality) -> f64) -> f64 {
    mean_where(qualities, |_| true, value)
}

fn mean_where(
    qualities: &[Quality],
    keep: impl Fn(&Quality) -> bool,
    value: impl Fn(&Quality) -> f64,
) -> f64 {
    let values: Vec<f64> = qualities.iter().filter(|quality| keep(quality)).map(value).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The categories of a set, and their names in the table.
const fn categories(set: Set) -> &'static [(&'static str, &'static str)] {
    match set {
        Set::Locomo => &[("c1", "c1"), ("c2", "c2"), ("c3", "c3"), ("c4", "c4"), ("c5", "c5")],
        Set::Beam => &[
            ("contradiction_resolution", "contra"),
            ("event_ordering", "order"),
            ("information_extraction", "inform"),
            ("instruction_following", "instru"),
            ("knowledge_update", "update"),
            ("multi_session_reasoning", "multi"),
            ("preference_following", "prefer"),
            ("summarization", "summar"),
            ("temporal_reasoning", "tempor"),
        ],
    }
}

pub(super) fn header(set: Set, out: &mut impl Write) -> Result<()> {
    write!(
        out,
        "{:38} {:>5} {:>5} {:>5} {:>13} {:>5} {:>13} {:>8}",
        "",
        "r@1",
        "r@5",
        "r@10",
        "95 %",
        "nDCG",
        "95 %",
        set.group()
    )?;
    for (_, name) in categories(set) {
        write!(out, " {name:>6}")?;
    }
    writeln!(out)
}

/// Recall at 1, 5 and 10 and nDCG at 10 with 95 % intervals, recall at 10 of groups, and recall at 10 of each category.
pub(super) fn row(set: Set, name: &str, qualities: &[Quality], out: &mut impl Write) -> Result<()> {
    let recall = |at: usize| mean(qualities, |quality| quality.recall[at]);
    let (recall_interval, gain_interval) =
        (interval(qualities, |quality| quality.recall[2]), interval(qualities, |quality| quality.gain));
    write!(
        out,
        "{name:38} {:>5.3} {:>5.3} {:>5.3} {recall_interval:>13} {:>5.3} {gain_interval:>13} {:>8.3}",
        recall(0),
        recall(1),
        recall(2),
        mean(qualities, |quality| quality.gain),
        mean_of_all(qualities, |quality| quality.group),
    )?;
    for (category, _) in categories(set) {
        let of = mean_where(qualities, |quality| quality.category == *category, |quality| quality.recall[2]);
        write!(out, " {of:>6.3}")?;
    }
    writeln!(out)
}

/// The interval that the mean of 95 of 100 samples of the questions is in.
fn interval(qualities: &[Quality], value: impl Fn(&Quality) -> f64) -> String {
    let values: Vec<f64> = qualities.iter().filter(|quality| quality.is_answered()).map(value).collect();
    let mut rng = StdRng::seed_from_u64(7);
    let mut means: Vec<f64> = (0..DRAWS)
        .map(|_| {
            let drawn = (0..values.len()).map(|_| values[rng.random_range(0..values.len())]);
            drawn.sum::<f64>() / values.len().max(1) as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    format!("{:.3} to {:.3}", means[DRAWS / 40], means[DRAWS - DRAWS / 40])
}
