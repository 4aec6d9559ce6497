//! Choosing the parameters: for each conversation those that are best for all others, of both data sets together.

use std::io::{Result, Write};
use std::thread;

use hb_search::Parameters;

use super::conversation::Conversation;
use super::measure::{Quality, mean, mean_of_all};
use super::sets::Set;

/// The parameters that are tried.
fn candidates() -> Vec<Parameters> {
    let mut candidates = Vec::new();
    for b in [0.3, 0.35, 0.4] {
        for meaning in [0.4, 0.5] {
            for session in [0.2, 0.3, 0.4] {
                for synonym in [0.6, 0.7] {
                    for discount in [0.6, 0.8] {
                        candidates.push(Parameters {
                            b,
                            meaning,
                            session,
                            synonym,
                            discount,
                            ..Parameters::SHIPPED
                        });
                    }
                }
            }
        }
    }
    candidates
}

/// The quality of each conversation under the parameters that are best for all others. Says which they are.
pub(super) fn out_of_fold(
    conversations: &[(Set, &Conversation)],
    out: &mut impl Write,
) -> Result<Vec<Vec<Quality>>> {
    let candidates = candidates();
    let sets: Vec<Set> = conversations.iter().map(|(set, _)| *set).collect();
    let tried: Vec<Vec<Vec<Quality>>> = thread::scope(|scope| {
        let parts = candidates.chunks(candidates.len().div_ceil(2).max(1)).map(|part| {
            let rank = |parameters: &Parameters| {
                conversations.iter().map(|(_, conversation)| conversation.ranked(parameters)).collect()
            };
            scope.spawn(move || part.iter().map(rank).collect::<Vec<_>>())
        });
        let parts: Vec<_> = parts.collect();
        parts.into_iter().flat_map(|part| part.join().expect("a ranking")).collect()
    });
    let mut chosen = Vec::new();
    for fold in 0..conversations.len() {
        let best = (0..candidates.len()).max_by(|a, b| {
            goal(&sets, &tried[*a], Some(fold)).total_cmp(&goal(&sets, &tried[*b], Some(fold)))
        });
        chosen.push(best.map(|best| tried[best][fold].clone()).unwrap_or_default());
    }
    let best = (0..candidates.len())
        .max_by(|a, b| goal(&sets, &tried[*a], None).total_cmp(&goal(&sets, &tried[*b], None)));
    if let Some(best) = best {
        writeln!(
            out,
            "\nOf {} settings the best over all conversations: {:?}",
            candidates.len(),
            candidates[best]
        )?;
    }
    Ok(chosen)
}

/// What is maximized: the sum of recall at 10, of recall of groups and of nDCG, over the data sets, without one conversation.
fn goal(sets: &[Set], tried: &[Vec<Quality>], without: Option<usize>) -> f64 {
    let of_set = |set: Set| {
        let own = sets.iter().zip(tried).enumerate();
        let own = own.filter(|(number, (of, _))| Some(*number) != without && **of == set);
        let own: Vec<Quality> = own.flat_map(|(_, (_, qualities))| qualities.clone()).collect();
        mean(&own, |quality| quality.recall[2])
            + mean_of_all(&own, |quality| quality.group)
            + mean(&own, |quality| quality.gain)
    };
    of_set(Set::Locomo) + of_set(Set::Beam)
}
