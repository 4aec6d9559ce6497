//! Keys. They go to the element that has the focus.

use serde_json::{Value, json};

use super::Browser;

/// A key without a character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// To the next element.
    Tab,
    /// Activates or submits.
    Enter,
    /// Closes.
    Escape,
    /// Activates a button.
    Space,
    /// Deletes the character before the cursor.
    Backspace,
    /// With another key.
    Shift,
    /// With another key.
    Control,
    /// Up.
    ArrowUp,
    /// Down.
    ArrowDown,
    /// To the left.
    ArrowLeft,
    /// To the right.
    ArrowRight,
    /// To the beginning.
    Home,
    /// To the end.
    End,
}

impl Key {
    /// Its code in WebDriver.
    const fn code(self) -> char {
        match self {
            Self::Tab => '\u{e004}',
            Self::Enter => '\u{e007}',
            Self::Escape => '\u{e00c}',
            Self::Space => ' ',
            Self::Backspace => '\u{e003}',
            Self::Shift => '\u{e008}',
            Self::Control => '\u{e009}',
            Self::ArrowUp => '\u{e013}',
            Self::ArrowDown => '\u{e015}',
            Self::ArrowLeft => '\u{e012}',
            Self::ArrowRight => '\u{e014}',
            Self::Home => '\u{e011}',
            Self::End => '\u{e010}',
        }
    }
}

impl Browser {
    /// Presses a key.
    pub async fn press(&self, key: Key) {
        self.press_together(&[key]).await;
    }

    /// Presses several keys together, such as Shift and Tab.
    pub async fn press_together(&self, keys: &[Key]) {
        let codes = keys.iter().map(|key| key.code());
        let down = codes.clone().map(|code| action("keyDown", code));
        let up = codes.rev().map(|code| action("keyUp", code));
        self.perform(down.chain(up).collect()).await;
    }

    /// Types a text.
    pub async fn type_text(&self, text: &str) {
        let strokes =
            text.chars().flat_map(|character| [action("keyDown", character), action("keyUp", character)]);
        self.perform(strokes.collect()).await;
    }

    async fn perform(&self, actions: Vec<Value>) {
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.session.post("actions", json!({ "actions": [keyboard] })).await;
    }
}

fn action(kind: &str, code: char) -> Value {
    json!({ "type": kind, "value": code })
}
