//! What `relevance` means: the first result of a question about the conversation, and of a question about another one.

use std::io::{Result, Write};

use hb_domain::fields::Fields;
use hb_domain::search::Search;
use hb_domain::{Clock, TenantId};
use serde_json::json;

use super::conversation::{Conversation, Question};
use super::sets::Set;

/// Borders of the classes of relevance.
const CLASSES: [f64; 6] = [0.0, 0.1, 0.3, 0.5, 0.7, 0.9];

/// The first result of a question.
struct First {
    relevance: f64,
    /// What its relevance is computed of.
    evidence: f64,
    /// Whether the question is about the conversation.
    is_own: bool,
}

/// For each set the medians, and for each class of relevance the share of questions that are about the conversation; the coefficients
/// of the logistic curve that fits both sets best.
pub(super) fn table(sets: &[(Set, Vec<Conversation>)], out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "\nRelevance of the first result; of each class, the share of questions about the conversation"
    )?;
    write!(out, "{:10} {:>10} {:>10} {:>8} {:>8}", "", "own median", "other", "own>=.5", "other>=.5")?;
    for border in CLASSES {
        write!(out, " {:>6}", format!("{border:.1}-"))?;
    }
    writeln!(out)?;
    let mut all = Vec::new();
    for (set, conversations) in sets {
        let firsts = firsts(conversations);
        let of = |is_own: bool| -> Vec<f64> {
            firsts.iter().filter(|first| first.is_own == is_own).map(|first| first.relevance).collect()
        };
        let (own, other) = (of(true), of(false));
        let high = |values: &[f64]| share(values, |value| *value >= 0.5);
        write!(
            out,
            "{:10} {:>10.2} {:>10.2} {:>8.2} {:>8.2}",
            set.name(),
            median(own.clone()),
            median(other.clone()),
            high(&own),
            high(&other)
        )?;
        for (class, from) in CLASSES.iter().enumerate() {
            let until = CLASSES.get(class + 1).copied().unwrap_or(1.1);
            let inside: Vec<bool> = firsts
                .iter()
                .filter(|first| first.relevance >= *from && first.relevance < until)
                .map(|first| first.is_own)
                .collect();
            write!(out, " {:>6.2}", share(&inside, |is_own| *is_own))?;
        }
        writeln!(out)?;
        all.push(firsts);
    }
    let (a, b) = fit(&all);
    writeln!(out, "logistic curve over both: {a:.2} + {b:.2} evidence")
}

/// The first result of each question in its own conversation and in the next one.
fn firsts(conversations: &[Conversation]) -> Vec<First> {
    let now = Clock::system().now();
    let tenant = TenantId::parse("quality").expect("a tenant");
    let mut firsts = Vec::new();
    for (number, conversation) in conversations.iter().enumerate() {
        let other = &conversations[(number + 1) % conversations.len()];
        for question in conversation.questions.iter().filter(|question| question.category != "c5") {
            let mut add = |index: &hb_search::Index, is_own: bool, question: &Question| {
                let body = json!({"query": question.text, "limit": 1});
                let search = Search::parse(Fields::of_body(body, &tenant).expect("fields"), &tenant)
                    .expect("a search");
                let hit = index.search(&question.query, &search, now, 1).into_iter().next();
                let (relevance, evidence) =
                    hit.map_or((0.0, 0.0), |hit| (hit.relevance, hit.explanation.evidence));
                firsts.push(First { relevance, evidence, is_own });
            };
            add(&conversation.index, true, question);
            add(&other.index, false, question);
        }
    }
    firsts
}

fn share<T>(values: &[T], is_counted: impl Fn(&T) -> bool) -> f64 {
    values.iter().filter(|value| is_counted(value)).count() as f64 / values.len().max(1) as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// Logistic regression of whether a question is about the conversation on the evidence of its first result, by Newton's method. Each set
/// weighs the same.
fn fit(sets: &[Vec<First>]) -> (f64, f64) {
    let (mut a, mut b) = (0.0, 0.0);
    for _ in 0..50 {
        let (mut gradient, mut hessian) = ([0.0; 2], [0.0; 3]);
        for set in sets {
            for first in set {
                let weight = 1.0 / set.len() as f64;
                let p = 1.0 / (1.0 + (-(a + b * first.evidence)).exp());
                let error = weight * (f64::from(u8::from(first.is_own)) - p);
                gradient[0] += error;
                gradient[1] += error * first.evidence;
                let curvature = weight * p * (1.0 - p);
                hessian[0] += curvature;
                hessian[1] += curvature * first.evidence;
                hessian[2] += curvature * first.evidence * first.evidence;
            }
        }
        let determinant = hessian[0] * hessian[2] - hessian[1] * hessian[1];
        if determinant.abs() < 1e-12 {
            break;
        }
        a += (hessian[2] * gradient[0] - hessian[1] * gradient[1]) / determinant;
        b += (hessian[0] * gradient[1] - hessian[1] * gradient[0]) / determinant;
    }
    (a, b)
}
