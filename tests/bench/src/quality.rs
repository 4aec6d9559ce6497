//! Search quality on two public data sets of different shape: questions, and the memories that answer them.
//!
//! LoCoMo (Maharana et al. 2024, CC BY-NC 4.0) has conversations of two friends, in turns of a sentence or two. BEAM (Tavakoli et al.
//! 2025, "Beyond a Million Tokens") has chats of a user with an assistant, in messages of 200 and of 2,000 characters. Neither is part
//! of this project. They are read from `../shared/data` or from the files named in `LOCOMO` and `BEAM`.
//!
//! Each conversation is a tenant, each turn or message a memory. Recall at k is the share of a question's evidence among the first k. A
//! group of memories ranks as its best one does: a session in LoCoMo, and in BEAM an exchange, which is a message of the user with the
//! answers to it. LoCoMo's category 5 has questions that the conversation does not answer: only their sessions count.

mod calibration;
mod conversation;
mod folds;
mod full_text;
mod measure;
mod sets;

use std::io::{Result, Write};

use hb_search::Parameters;

use conversation::{Conversation, Served};
use measure::{Quality, row};
use sets::Set;

/// Writes tables of the measurements.
pub(crate) async fn measure(out: &mut impl Write) -> Result<()> {
    let mut sets: Vec<(Set, Vec<Conversation>)> = Vec::new();
    for set in [Set::Locomo, Set::Beam] {
        match set.read()? {
            Some(conversations) => sets.push((set, conversations)),
            None => writeln!(
                out,
                "\n{} is not there: name a file of the data set in {} to measure quality",
                set.path().display(),
                set.variable()
            )?,
        }
    }
    if sets.is_empty() {
        return Ok(());
    }
    let all: Vec<(Set, &Conversation)> = sets
        .iter()
        .flat_map(|(set, conversations)| conversations.iter().map(|conversation| (*set, conversation)))
        .collect();
    let chosen = folds::out_of_fold(&all, out)?;
    let mut rest = chosen.as_slice();
    for (set, conversations) in &sets {
        let own;
        (own, rest) = rest.split_at(conversations.len());
        table(*set, conversations, own, out).await?;
    }
    calibration::table(&sets, out)
}

async fn table(
    set: Set,
    conversations: &[Conversation],
    chosen: &[Vec<Quality>],
    out: &mut impl Write,
) -> Result<()> {
    let questions: usize = conversations.iter().map(|conversation| conversation.questions.len()).sum();
    writeln!(out, "\n{}: {} conversations, {questions} questions", set.name(), conversations.len())?;
    measure::header(set, out)?;
    let ranked = |parameters: &Parameters| -> Vec<Quality> {
        conversations.iter().flat_map(|conversation| conversation.ranked(parameters)).collect()
    };
    let full_text: Vec<Quality> = conversations.iter().flat_map(full_text::ranked).collect();
    row(set, "SQLite FTS5: porter, no stop words, OR", &full_text, out)?;
    row(set, "BM25 alone", &ranked(&Parameters::WORDS_ALONE), out)?;
    row(set, "embedding alone", &ranked(&Parameters::MEANING_ALONE), out)?;
    let undiscounted = Parameters { discount: 0.0, ..Parameters::SHIPPED };
    row(set, "without the discount of long memories", &ranked(&undiscounted), out)?;
    let mut served = Served::default();
    for (number, conversation) in conversations.iter().enumerate() {
        served.add(conversation.served(set, number).await);
    }
    row(set, "as served, over HTTP", &served.all, out)?;
    if set == Set::Locomo {
        row(set, "  evidence of one speaker", &served.of_one, out)?;
        row(set, "  and filtered by that userId", &served.filtered, out)?;
    }
    row(set, "parameters chosen on the others", &chosen.concat(), out)?;
    let memories: usize = conversations.iter().map(|conversation| conversation.lines.len()).sum();
    let stored: usize = conversations.iter().map(|conversation| conversation.stored).sum();
    writeln!(out, "{:.1} bytes stored a memory, with session and user", stored as f64 / memories as f64)
}
