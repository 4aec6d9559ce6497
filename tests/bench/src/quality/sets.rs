//! Reading the data sets.

use std::collections::BTreeMap;
use std::io::Result;
use std::path::PathBuf;
use std::time::Duration;

use hb_domain::Timestamp;
use serde_json::{Value, json};

use super::conversation::{Conversation, Question};

/// A data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    Locomo,
    Beam,
}

impl Set {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Locomo => "LoCoMo",
            Self::Beam => "BEAM",
        }
    }

    /// The variable that may name its file.
    pub(super) const fn variable(self) -> &'static str {
        match self {
            Self::Locomo => "LOCOMO",
            Self::Beam => "BEAM",
        }
    }

    pub(super) fn path(self) -> PathBuf {
        let file = match self {
            Self::Locomo => "locomo/dev5.json",
            Self::Beam => "beam/dev10.json",
        };
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/data/");
        std::env::var_os(self.variable())
            .map_or_else(|| PathBuf::from(format!("{folder}{file}")), PathBuf::from)
    }

    /// What a group of memories is called.
    pub(super) const fn group(self) -> &'static str {
        match self {
            Self::Locomo => "session",
            Self::Beam => "exchange",
        }
    }

    /// Its conversations; `None` if the file is not there.
    pub(super) fn read(self) -> Result<Option<Vec<Conversation>>> {
        let text = match std::fs::read_to_string(self.path()) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let data: Value = serde_json::from_str(&text)?;
        let of = match self {
            Self::Locomo => locomo,
            Self::Beam => beam,
        };
        Ok(Some(data.as_array().into_iter().flatten().map(of).collect()))
    }
}

/// A conversation of two people: each turn as `speaker: text [caption]`, with its session and its speaker as the user.
fn locomo(data: &Value) -> Conversation {
    let (mut lines, mut groups, mut names) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (number, session) in data["sessions"].as_array().into_iter().flatten().enumerate() {
        let began = session["dateTime"].as_str().and_then(date);
        let began = began.unwrap_or_else(|| panic!("a date: {}", session["dateTime"]));
        for (position, turn) in session["turns"].as_array().into_iter().flatten().enumerate() {
            let field = |name: &str| turn[name].as_str().unwrap_or_default();
            let caption = match field("caption") {
                "" => String::new(),
                caption => format!(" [{caption}]"),
            };
            names.insert(field("id").to_owned(), lines.len());
            groups.push(number);
            lines.push(json!({
                "content": format!("{}: {}{caption}", field("speaker"), field("text")),
                "type": "episodic",
                "sessionId": session["session"].to_string(),
                "userId": field("speaker"),
                "createdAt": began.plus(Duration::from_secs(position as u64)),
            }));
        }
    }
    let questions = questions(data, |id| names.get(id.as_str()?).copied());
    Conversation::new(lines, groups, questions)
}

/// A chat of a user with an assistant: each message with its session. A message of the user begins an exchange.
fn beam(data: &Value) -> Conversation {
    let (mut lines, mut groups, mut names) = (Vec::new(), Vec::new(), BTreeMap::new());
    let mut exchange = 0;
    for message in data["memories"].as_array().into_iter().flatten() {
        exchange += usize::from(message["role"] == "user");
        names.insert(message["id"].as_u64(), lines.len());
        groups.push(exchange);
        lines.push(json!({
            "content": message["content"],
            "type": "episodic",
            "sessionId": message["session"].to_string(),
            "createdAt": message["createdAt"],
        }));
    }
    let questions = questions(data, |id| names.get(&id.as_u64()).copied());
    Conversation::new(lines, groups, questions)
}

/// The questions that have evidence.
fn questions(data: &Value, position: impl Fn(&Value) -> Option<usize>) -> Vec<Question> {
    let all = data["questions"].as_array().into_iter().flatten();
    all.filter_map(|question| {
        let named = question["evidence"].as_array().into_iter().flatten();
        let mut evidence: Vec<usize> = named.filter_map(&position).collect();
        evidence.sort_unstable();
        evidence.dedup();
        let category = match &question["category"] {
            Value::String(name) => name.clone(),
            number => format!("c{number}"),
        };
        let text = question["question"].as_str()?;
        (!evidence.is_empty()).then(|| Question::new(text, category, evidence))
    })
    .collect()
}

/// `1:56 pm on 8 May, 2023`
fn date(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let words: Vec<&str> = text.split([' ', ':', ',']).filter(|word| !word.is_empty()).collect();
    let [hour, minute, half, "on", day, month, year] = words.as_slice() else { return None };
    let hour = hour.parse::<u32>().ok()? % 12 + if *half == "pm" { 12 } else { 0 };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    let (minute, day): (u32, u32) = (minute.parse().ok()?, day.parse().ok()?);
    Timestamp::parse(&format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:00Z"))
}
