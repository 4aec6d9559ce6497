//! Output: text tables, JSON and progress bars.

use std::io::Write;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::Outcome;

/// Prints rows under these headings, in columns as wide as their widest cell.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Outcome {
    let mut widths = headings.map(str::len);
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    let mut line = |cells: &[String]| {
        let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        text.push_str(padded.collect::<Vec<_>>().join("  ").trim_end());
        text.push('\n');
    };
    line(&headings.map(str::to_owned));
    for row in rows {
        line(row);
    }
    print(&text)
}

/// Prints one line of JSON.
pub(crate) fn json(value: &Value) -> Outcome {
    print(&format!("{value}\n"))
}

/// Prints a text unchanged.
pub(crate) fn print(text: &str) -> Outcome {
    let mut out = std::io::stdout();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // The reader closed the pipe, as `head` does.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|error| error.to_string()),
    }
}

/// A progress bar on standard error, if that is a terminal.
pub(crate) fn progress(total: u64, what: &'static str) -> ProgressBar {
    let bar = ProgressBar::new(total);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}, {eta} to go") {
        bar.set_style(style);
    }
    bar.with_message(what)
}
