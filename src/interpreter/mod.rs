//! Interpreters and the languages between which they work.

pub mod change;
pub mod coverage;
pub mod forms;
pub mod pages;
pub(crate) mod pair;
pub mod roster;
pub mod store;

pub use pair::{LanguagePair, PairError, same_language};

use crate::slot::interval::Interval;
use crate::text::{Code, Line};

/// The id of an interpreter, which is the id of its resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InterpreterId(pub i64);

/// An interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interpreter {
    /// Its id.
    pub id: InterpreterId,
    /// The short name, unique among the event's interpreters.
    pub code: Code,
    /// The name.
    pub name: Line,
    /// Between which languages; each pair works both ways.
    pub pairs: Vec<LanguagePair>,
    /// When the interpreter is there; empty means always.
    pub presence: Vec<Interval>,
}
