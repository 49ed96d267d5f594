//! Interpreters and the languages between which they work.

pub(crate) mod pair;

pub use pair::{LanguagePair, PairError, same_language};

use crate::core::text::{Code, TextLine};
use crate::core::time::interval::Interval;

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
    pub name: TextLine,
    /// Between which languages; each pair works both ways.
    pub pairs: Vec<LanguagePair>,
    /// When the interpreter is there; empty means always.
    pub presence: Vec<Interval>,
}
