//! Sets a large document in a process of its own.
//!
//! Typst keeps some hundred megabytes after thousands of slots, and cannot be stopped. A process gives all of its memory
//! back when it ends, and can be killed. It is this program with the command `typeset`, gets the document by its standard
//! input and nothing else: no database, no secret.

use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::world::{self, TypesetError, Typesetting};
use super::{PdfError, PdfSource};
use crate::core::time::Moment;
use crate::runtime::queue::Cancellation;

/// The command of this program that sets a document.
pub const COMMAND: &str = "typeset";
/// Interval at which a running process is asked whether a client still waits.
const LOOK: Duration = Duration::from_millis(50);
/// How long it may take; far above what a busy machine needs for the largest document.
const LONGEST: Duration = Duration::from_mins(3);
/// What a process needs to find the same fonts.
const ENVIRONMENT: [&str; 4] = ["HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_DATA_DIRS"];

/// One heap for all threads: each would keep what its own has freed (glibc; others ignore it).
const ALLOCATION: [(&str, &str); 1] = [("MALLOC_ARENA_MAX", "1")];

/// What is sent to the process.
#[derive(Serialize, Deserialize)]
struct TypesetRequest<T, D> {
    template: T,
    data: D,
    /// Seconds since 1970 UTC.
    issued_at: i64,
    /// The pages to be drawn, from the first to before the last; `None` for the whole as PDF.
    pages: Option<(usize, usize)>,
}

/// An order as the server writes it: nothing large is copied.
type Sent<'a> = TypesetRequest<&'static str, &'a serde_json::Value>;
/// An order as the process reads it.
type Received = TypesetRequest<String, serde_json::Value>;

/// Pictures on their way back.
#[derive(Serialize, Deserialize)]
struct Drawn {
    pages: usize,
    pictures: Vec<String>,
}

/// Why a process made nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProcessError {
    #[error("no process could be started: {0}")]
    Start(#[source] io::Error),
    #[error("the process ended without a document: {0}")]
    Ended(String),
}

/// Sets a paper as PDF.
pub(super) fn set(
    program: &Path,
    paper: &PdfSource,
    cancellation: &Cancellation,
) -> Result<Vec<u8>, ProcessError> {
    run(program, &order(paper, None), cancellation)
}

/// Draws some pages of a paper, and says how many it has.
pub(super) fn pictures(
    program: &Path,
    paper: &PdfSource,
    pages: (usize, usize),
    cancellation: &Cancellation,
) -> Result<(usize, Vec<String>), ProcessError> {
    let answer = run(program, &order(paper, Some(pages)), cancellation)?;
    let drawn: Drawn =
        serde_json::from_slice(&answer).map_err(|error| ProcessError::Ended(error.to_string()))?;
    Ok((drawn.pages, drawn.pictures))
}

fn order(paper: &PdfSource, pages: Option<(usize, usize)>) -> Sent<'_> {
    TypesetRequest {
        template: paper.template,
        data: &paper.data,
        issued_at: paper.issued_at.seconds(),
        pages,
    }
}

fn run(
    program: &Path,
    order: &Sent<'_>,
    cancellation: &Cancellation,
) -> Result<Vec<u8>, ProcessError> {
    let kept = ENVIRONMENT
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)));
    let mut process = Command::new(program)
        .arg(COMMAND)
        .env_clear()
        .envs(kept)
        .envs(ALLOCATION)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(ProcessError::Start)?;
    let answer = talk(&mut process, order, cancellation);
    // Of one that has ended by itself this is no news.
    let _ = process.kill();
    let status = process
        .wait()
        .map_err(|error| ProcessError::Ended(error.to_string()))?;
    let (answer, complaint) = answer?;
    if status.success() {
        Ok(answer)
    } else {
        let complaint = String::from_utf8_lossy(&complaint);
        Err(ProcessError::Ended(format!(
            "{status}: {}",
            complaint.trim()
        )))
    }
}

/// Sends the request and reads until the process has closed its output; stops when no client waits any more.
fn talk(
    process: &mut Child,
    order: &Sent<'_>,
    cancellation: &Cancellation,
) -> Result<(Vec<u8>, Vec<u8>), ProcessError> {
    let ended = |why: &str| ProcessError::Ended(why.to_owned());
    let (Some(mut input), Some(mut output), Some(mut complaints)) = (
        process.stdin.take(),
        process.stdout.take(),
        process.stderr.take(),
    ) else {
        return Err(ended("it has no input or output"));
    };
    let order = serde_json::to_vec(order).map_err(|error| ended(&error.to_string()))?;
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // One that reads no more says why at its other end.
            let _ = input.write_all(&order);
            drop(input);
            let (mut answer, mut complaint) = (Vec::new(), Vec::new());
            let read = output.read_to_end(&mut answer);
            let read = read.and_then(|_| complaints.read_to_end(&mut complaint));
            let _ = sender.send(read.map(|_| (answer, complaint)));
        });
        let deadline = Instant::now() + LONGEST;
        loop {
            let why = match receiver.recv_timeout(LOOK) {
                Ok(read) => return read.map_err(|error| ended(&error.to_string())),
                Err(RecvTimeoutError::Disconnected) => "its output could not be read",
                Err(RecvTimeoutError::Timeout) if cancellation.is_requested() => {
                    "no client waits for it any more"
                }
                Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => "it took too long",
                Err(RecvTimeoutError::Timeout) => continue,
            };
            // The thread above ends with the process.
            let _ = process.kill();
            return Err(ended(why));
        }
    })
}

/// Sets the document that comes by `input`, in the process that was started for it.
///
/// # Errors
/// When it cannot be read, set or written.
pub fn typeset(input: impl Read, mut output: impl Write) -> Result<(), TypesetProcessError> {
    let Received {
        template,
        data,
        issued_at,
        pages,
    } = serde_json::from_reader(input)?;
    let text = serde_json::to_vec(&data)?;
    drop(data);
    let typesetting = Typesetting::large();
    let answer = match pages {
        None => {
            let issued_at = Moment::from_seconds(issued_at);
            world::typeset(&template, text, issued_at, &typesetting)?
        }
        Some((from, to)) => {
            let (pages, pictures) = world::pictures(&template, text, from..to, &typesetting)?;
            serde_json::to_vec(&Drawn { pages, pictures })?
        }
    };
    output.write_all(&answer)?;
    Ok(output.flush()?)
}

/// Why the process that sets a document sets none.
#[derive(Debug, thiserror::Error)]
pub enum TypesetProcessError {
    /// It was not started by the server.
    #[error("this command is for the server's own use: {0}")]
    Order(#[from] serde_json::Error),
    /// The template failed.
    #[error(transparent)]
    Typeset(#[from] TypesetError),
    /// No client waits for the document.
    #[error("the document could not be written: {0}")]
    Output(#[from] io::Error),
}

impl From<ProcessError> for PdfError {
    fn from(error: ProcessError) -> Self {
        Self::Process(error.to_string())
    }
}
