//! What commands print. A reader that hangs up, as `head` does, ends the command quietly.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, Write};

/// Prints a line.
macro_rules! say {
    () => { $crate::cli::output::line(format_args!("")) };
    ($($words:tt)*) => { $crate::cli::output::line(format_args!($($words)*)) };
}
pub(super) use say;

/// Prints a line, for [`say!`].
pub(super) fn line(words: Arguments<'_>) {
    written(writeln!(io::stdout().lock(), "{words}"));
}

/// Prints bytes as they are.
pub(super) fn bytes(bytes: &[u8]) {
    let mut terminal = io::stdout().lock();
    written(terminal.write_all(bytes).and_then(|()| terminal.flush()));
}

/// Prints a fault. One that cannot be printed is lost.
pub(super) fn fault(words: &str) {
    let _ = writeln!(io::stderr().lock(), "iikura: {words}");
}

fn written(outcome: io::Result<()>) {
    let Err(error) = outcome else {
        return;
    };
    // The reader has read enough, and what the command did is done.
    if error.kind() == ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    fault(&format!("cannot write: {error}"));
    std::process::exit(1);
}
