//! Interpreters and the languages between which they work.

pub(crate) mod pair;

pub use pair::{LanguagePair, PairError, same_language};

use crate::core::entered::{Entered, EnteredStay, EnteredText, Faults};
use crate::core::text::{Code, TextLine};
use crate::core::time::Zone;
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

/// An interpreter as it was entered.
#[derive(Debug)]
pub(crate) struct InterpreterDraft<'a, S> {
    pub(crate) code: EnteredText<'a, S>,
    pub(crate) name: EnteredText<'a, S>,
    pub(crate) pairs: Vec<Entered<S, Result<LanguagePair, PairError>>>,
    pub(crate) presence: Vec<EnteredStay<'a, S>>,
}

impl Interpreter {
    /// Pairs of languages that an interpreter has at most.
    pub const MOST_PAIRS: usize = 366;

    /// Makes an interpreter of what was entered; `None` when anything is wrong with it. `venue` is the zone of stays.
    pub(crate) fn parse<S: Clone + PartialEq>(
        id: InterpreterId,
        venue: Zone,
        draft: &InterpreterDraft<'_, S>,
        faults: &mut Faults<S>,
    ) -> Option<Self> {
        let code = faults.parse(&draft.code, Code::parse);
        let name = faults.parse(&draft.name, TextLine::parse);
        let mut pairs = Vec::new();
        for entered in faults.first(&draft.pairs, Self::MOST_PAIRS, |pair| &pair.source) {
            match faults.take(&entered.source, entered.value.as_ref()) {
                Some(pair) if pairs.contains(pair) => {
                    faults.add(&entered.source, format!("{pair} is there twice"));
                }
                pair => pairs.extend(pair.cloned()),
            }
        }
        let presence = faults.presence(venue, &draft.presence);
        Some(Self {
            id,
            code: code?,
            name: name?,
            pairs,
            presence,
        })
    }
}
