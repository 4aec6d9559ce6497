//! Keys. They go to the element that has the focus.

use fantoccini::actions::{InputSource, KeyAction, KeyActions};
use fantoccini::key::Key as Code;

use super::{Browser, done};

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
    fn code(self) -> char {
        let code = match self {
            Self::Tab => Code::Tab,
            Self::Enter => Code::Enter,
            Self::Escape => Code::Escape,
            Self::Space => Code::Space,
            Self::Backspace => Code::Backspace,
            Self::Shift => Code::Shift,
            Self::Control => Code::Control,
            Self::ArrowUp => Code::Up,
            Self::ArrowDown => Code::Down,
            Self::ArrowLeft => Code::Left,
            Self::ArrowRight => Code::Right,
            Self::Home => Code::Home,
            Self::End => Code::End,
        };
        code.into()
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
        let down = codes.clone().map(|value| KeyAction::Down { value });
        let up = codes.rev().map(|value| KeyAction::Up { value });
        self.perform(down.chain(up)).await;
    }

    /// Types a text.
    pub async fn type_text(&self, text: &str) {
        let strokes = text.chars().flat_map(|value| [KeyAction::Down { value }, KeyAction::Up { value }]);
        self.perform(strokes).await;
    }

    async fn perform(&self, actions: impl Iterator<Item = KeyAction>) {
        let keyboard = actions.fold(KeyActions::new("keyboard".to_owned()), InputSource::then);
        done("actions", self.client.perform_actions(keyboard)).await;
    }
}
