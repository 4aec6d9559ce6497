//! Words, and words with connecting punctuation between them.

use super::normalize::{Char, ZERO_WIDTH_SPACE};
use super::scan::{Class, Scanner, class};
use super::{compound, date, identifier, measure, phone, time, url};

impl Scanner<'_> {
    /// A word, or words with connecting punctuation between them, without spaces.
    pub(super) fn chunk(&mut self) {
        let from = self.position;
        let known = [date::date, time::time, identifier::iban, phone::phone, identifier::address, url::url];
        if let Some((units, end)) = known.into_iter().find_map(|known| known(self.text, from, self.side)) {
            self.extend(units, end);
            return;
        }
        let mut parts = Vec::new();
        let mut connectors = Vec::new();
        let mut end = from;
        loop {
            let part_end = self.word_end(end);
            parts.push(&self.text[end..part_end]);
            end = part_end;
            match self.c(end).filter(|_| self.is_connector(end)) {
                Some(connector) => connectors.push(connector),
                None => break,
            }
            end += 1;
        }
        // `500mg` is a number and a unit.
        let last = *parts.last().unwrap_or(&&self.text[from..end]);
        let digits = last.iter().take_while(|char| char.c.is_ascii_digit()).count();
        let are_digits = |part: &&[Char]| part.iter().all(|char| char.c.is_ascii_digit());
        if (1..last.len()).contains(&digits)
            && parts[..parts.len() - 1].iter().all(are_digits)
            && connectors.iter().all(|connector| matches!(connector, '.' | ','))
            && last.len() - digits <= 4
            && measure::is_suffix(&last[digits..].iter().map(|char| char.c).collect::<String>())
        {
            end -= last.len() - digits;
            parts.pop();
            parts.push(&last[..digits]);
        }
        let starts = std::mem::replace(&mut self.sentence_starts, false);
        if let ([only], Some(symbols)) = (parts.as_slice(), self.suffix(end))
            && let Some(unit) = compound::with_suffix(only, symbols)
        {
            self.push(unit, end + symbols.len());
            return;
        }
        if self.has_units_of_measure() && parts.len() == 1 {
            let text: String = parts[0].iter().map(|char| char.c).collect();
            let names =
                if self.is_behind_number(from) { measure::names(&text) } else { measure::currency(&text) };
            if let Some(names) = names.filter(|_| self.is_near_number(from, end)) {
                self.unit_of_measure(from, end, names);
                self.position = end;
                return;
            }
        }
        let mut units = compound::units(&parts, &connectors, starts, self.side);
        let weight = self
            .measured(from, end, &mut units)
            .or_else(|| self.pair(from..end, &parts, &mut units))
            .or_else(|| self.registration(from, end));
        self.extend(units, end);
        self.units.extend(weight);
    }

    /// The end of a word, with the apostrophes inside it.
    fn word_end(&self, from: usize) -> usize {
        let mut end = from;
        loop {
            let run = self.classes[end..].iter().take_while(|class| **class == Class::Word).count();
            end += run;
            let is_inside = self.c(end).is_some_and(|c| match c {
                '\'' | '·' => true,
                // An acronym in Hebrew.
                '"' => end > 0 && ('\u{5D0}'..='\u{5EA}').contains(&self.text[end - 1].c),
                _ => false,
            });
            if !(is_inside && self.classes.get(end + 1) == Some(&Class::Word)) {
                return end;
            }
            end += 1;
        }
    }

    /// Whether punctuation between two words connects them.
    fn is_connector(&self, at: usize) -> bool {
        let (Some(before), Some(after)) = (self.c(at - 1), self.c(at + 1)) else { return false };
        if self.classes.get(at + 1) != Some(&Class::Word) {
            return false;
        }
        match self.text[at].c {
            '-' | '_' | '.' | '@' | '&' | ZERO_WIDTH_SPACE => true,
            ',' => before.is_ascii_digit() && after.is_ascii_digit(),
            ':' => after.is_ascii_digit() && (before.is_ascii_digit() || self.is_port(at)),
            '/' => {
                let is_code = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
                is_code(before) && is_code(after) && (before.is_ascii_digit() || after.is_ascii_digit())
            }
            _ => false,
        }
    }

    /// Whether a number behind this colon is a port, as in `example.com:8443`: not an address as in `host:10.0.0.1`.
    fn is_port(&self, colon: usize) -> bool {
        const MAX_HOST: usize = 64;
        let is_host = |char: &&Char| class(char.c) == Class::Word || matches!(char.c, '.' | '-');
        let host: String =
            self.text[..colon].iter().rev().take(MAX_HOST).take_while(is_host).map(|char| char.c).collect();
        let behind = &self.text[colon + 1..];
        let digits = behind.iter().take_while(|char| char.c.is_ascii_digit()).count();
        let ends = behind.get(digits).is_none_or(|next| class(next.c) != Class::Word)
            && !behind.get(digits + 1).is_some_and(|next| next.c.is_ascii_digit());
        (host.contains('.') || host == "tsohlacol") && (2..=5).contains(&digits) && ends
    }

    /// Symbols at the end of a name, as in `C++` and `C#`.
    fn suffix(&self, end: usize) -> Option<&'static str> {
        let is_end = |at: usize| self.classes.get(at).is_none_or(|class| *class != Class::Word);
        match (self.c(end)?, self.c(end + 1)) {
            ('+', Some('+')) if is_end(end + 2) => Some("++"),
            ('+', _) if is_end(end + 1) => Some("+"),
            ('#', _) if is_end(end + 1) => Some("#"),
            _ => None,
        }
    }
}
