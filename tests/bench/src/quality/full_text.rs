//! The baseline: SQLite's full-text search, FTS5, with its Porter stemmer, and the words of the question that are no stop words, OR.

use hb_search::terms;
use rusqlite::{Connection, params};

use super::conversation::{Conversation, Question};
use super::measure::Quality;

/// Ranks a conversation.
pub(super) fn ranked(conversation: &Conversation) -> Vec<Quality> {
    let connection = Connection::open_in_memory().expect("SQLite");
    connection
        .execute_batch("CREATE VIRTUAL TABLE memories USING fts5(content, tokenize = 'porter unicode61')")
        .expect("FTS5");
    for (position, line) in conversation.lines.iter().enumerate() {
        let row = params![position as i64, line["content"].as_str()];
        connection.execute("INSERT INTO memories (rowid, content) VALUES (?, ?)", row).expect("a row");
    }
    let rank = |question: &Question| {
        let ranked = match_expression(&question.text).map_or_else(Vec::new, |words| {
            let mut select = connection
                .prepare("SELECT rowid FROM memories WHERE memories MATCH ? ORDER BY rank LIMIT 100")
                .expect("a query");
            let rows = select.query_map([words], |row| row.get::<_, i64>(0)).expect("rows");
            rows.map(|row| usize::try_from(row.expect("a row")).expect("a position")).collect()
        });
        Quality::of(&question.category, &question.evidence, &ranked, &conversation.groups)
    };
    conversation.questions.iter().map(rank).collect()
}

/// `"word" OR "word"`
fn match_expression(question: &str) -> Option<String> {
    let words =
        question.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !terms(word).is_empty());
    let quoted: Vec<String> = words.map(|word| format!("\"{word}\"")).collect();
    (!quoted.is_empty()).then(|| quoted.join(" OR "))
}
