//! Output: text tables, lines, JSON, errors and progress bars. All of it is escaped here.

use std::io::Write;
use std::process::ExitCode;

use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;

use crate::{Outcome, escape};

/// Prints rows under these headings, in columns as wide as their widest cell.
pub(crate) fn table<const N: usize>(headings: [&str; N], rows: &[[String; N]]) -> Outcome {
    let rows: Vec<_> = rows.iter().map(|row| row.each_ref().map(|cell| escape::text(cell))).collect();
    let mut widths = headings.map(str::len);
    for row in &rows {
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
    for row in &rows {
        line(row);
    }
    write(&text)
}

/// Prints one line of JSON.
pub(crate) fn json(value: &Value) -> Outcome {
    json_lines(&format!("{value}\n"))
}

/// Prints lines of JSON, each of which ends with a line break.
pub(crate) fn json_lines(lines: &str) -> Outcome {
    write(&escape::json(lines))
}

/// Prints a line of text.
pub(crate) fn line(text: &str) -> Outcome {
    write(&format!("{}\n", escape::text(text)))
}

/// Prints an error to standard error.
pub(crate) fn error(problem: &str) {
    let _ = writeln!(std::io::stderr(), "hb: {}", escape::text(problem));
}

/// Prints a line about the progress to standard error.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "{}", escape::text(text));
}

/// Prints how the command is used, or in which way it was not used correctly, and returns the exit status.
pub(crate) fn usage(problem: &clap::Error) -> ExitCode {
    if !problem.use_stderr() {
        let _ = problem.print();
        return ExitCode::SUCCESS;
    }
    // It repeats the arguments.
    let _ = write!(std::io::stderr(), "{}", escape::lines(&problem.render().to_string()));
    ExitCode::from(u8::try_from(problem.exit_code()).unwrap_or(2))
}

fn write(text: &str) -> Outcome {
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
