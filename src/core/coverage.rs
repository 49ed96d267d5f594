//! Coverage: whether the sides of a slot have a language in common or an interpreter.

use crate::core::delegation::{Delegation, DelegationId, PrincipalRole};
use crate::core::interpreter::pair::same_language;
use crate::core::interpreter::{Interpreter, InterpreterId};
use crate::core::programme::Programme;

/// How two sides understand each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Understanding {
    /// They have a language in common.
    Shared,
    /// Each of these interprets between a language of the one and a language of the other.
    Direct(Vec<InterpreterId>),
    /// Two interpreters, one after the other. Counts as covered; AIIC's Professional Standards (article 6) want it
    /// avoided, so it is reported.
    Relay(Relay),
    /// Not covered.
    Nobody,
    /// A side has no languages entered, so that nothing can be said.
    Unknown,
}

/// Two interpreters through a third language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relay {
    /// Who works with the first side.
    pub first: InterpreterId,
    /// Who works with the second side.
    pub second: InterpreterId,
    /// The language between the two, as a BCP 47 tag.
    pub through: String,
}

/// Two sides of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// The side with which all others talk.
    pub hub: DelegationId,
    /// The other side.
    pub other: DelegationId,
    /// How they understand each other.
    pub how: Understanding,
}

/// How the sides of a slot understand each other, in order of precedence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    sides: Vec<Sides>,
}

impl Coverage {
    /// Every pair of sides that was checked.
    #[must_use]
    pub fn sides(&self) -> &[Sides] {
        &self.sides
    }

    /// True when no two sides are left without a language between them.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.uncovered().next().is_none()
    }

    /// The sides without an interpreter.
    pub fn uncovered(&self) -> impl Iterator<Item = &Sides> {
        self.sides
            .iter()
            .filter(|sides| sides.how == Understanding::Nobody)
    }
}

/// Checks the sides of a slot with these `parties` and `interpreters`; ids of another programme are ignored.
///
/// The sides are the chair and each guest; where the chair takes no part, the first in precedence and each other. That
/// is every pair of a bilateral. In a plenary it is enough: the table is interpreted into and out of the chair's
/// language, and two guests who each understand the chair understand each other through it. And it costs one look per
/// party.
#[must_use]
pub fn coverage(
    programme: &Programme,
    parties: &[DelegationId],
    interpreters: &[InterpreterId],
) -> Coverage {
    let parties: Vec<&Delegation> = programme
        .delegations
        .iter()
        .filter(|each| parties.contains(&each.id))
        .collect();
    let chair = parties
        .iter()
        .find(|each| each.role == PrincipalRole::Chair);
    let Some(hub) = chair.or(parties.first()).copied() else {
        return Coverage::default();
    };
    let interpreters: Vec<&Interpreter> = interpreters
        .iter()
        .filter_map(|id| programme.interpreter(*id))
        .collect();
    let sides = parties
        .iter()
        .filter(|other| other.id != hub.id)
        .map(|other| Sides {
            hub: hub.id,
            other: other.id,
            how: understanding(&hub.languages, &other.languages, &interpreters),
        });
    Coverage {
        sides: sides.collect(),
    }
}

/// How two sides with these languages (BCP 47 tags) understand each other, with these interpreters between them.
#[must_use]
pub fn understanding(
    one: &[String],
    other: &[String],
    interpreters: &[&Interpreter],
) -> Understanding {
    if one.is_empty() || other.is_empty() {
        return Understanding::Unknown;
    }
    if one
        .iter()
        .any(|mine| other.iter().any(|theirs| same_language(mine, theirs)))
    {
        return Understanding::Shared;
    }
    let direct: Vec<InterpreterId> = interpreters
        .iter()
        .filter(|interpreter| interpreter.works_between(one, other))
        .map(|interpreter| interpreter.id)
        .collect();
    if !direct.is_empty() {
        return Understanding::Direct(direct);
    }
    relay(one, other, interpreters).map_or(Understanding::Nobody, Understanding::Relay)
}

fn relay(one: &[String], other: &[String], interpreters: &[&Interpreter]) -> Option<Relay> {
    let ends = |side| {
        interpreters.iter().flat_map(move |each| {
            let pairs = each.pairs.iter();
            pairs.flat_map(move |pair| pair.leads_from(side).map(|far| (each.id, far)))
        })
    };
    ends(one).find_map(|(first, through)| {
        ends(other)
            .find(|(second, far)| *second != first && same_language(far, through))
            .map(|(second, _)| Relay {
                first,
                second,
                through: through.to_owned(),
            })
    })
}

impl Interpreter {
    /// True when one of the pairs leads from a language of one side to a language of the other.
    #[must_use]
    pub fn works_between(&self, one: &[String], other: &[String]) -> bool {
        self.pairs.iter().any(|pair| pair.joins(one, other))
    }

    /// True when both work between the same two languages, in one pair at least.
    #[must_use]
    pub fn shares_a_pair_with(&self, other: &Self) -> bool {
        self.pairs.iter().any(|pair| other.pairs.contains(pair))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::core::fixture::interpreter;
    use crate::core::sample::{self, EVERYONE, JP, KG, KZ, UZ};

    fn languages(tags: &str) -> Vec<String> {
        tags.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn two_sides_understand_each_other_or_not() {
        let direct =
            |ids: &[i64]| Understanding::Direct(ids.iter().map(|id| InterpreterId(*id)).collect());
        let relay = |first, second, through: &str| {
            Understanding::Relay(Relay {
                first: InterpreterId(first),
                second: InterpreterId(second),
                through: through.to_owned(),
            })
        };
        let (ja_ru, ja_en, en_ru) = (&["ja – ru"][..], &["ja – en"][..], &["en – ru"][..]);
        for (why, one, other, booked, expected) in [
            (
                "nobody is booked",
                "ja",
                "kk ru",
                vec![],
                Understanding::Nobody,
            ),
            (
                "a language in common",
                "kk ru",
                "uz ru",
                vec![],
                Understanding::Shared,
            ),
            (
                "one says more",
                "en",
                "en-GB",
                vec![],
                Understanding::Shared,
            ),
            (
                "somebody is direct",
                "ja",
                "kk ru",
                vec![ja_ru],
                direct(&[1]),
            ),
            ("turned round", "kk ru", "ja", vec![ja_ru], direct(&[1])),
            (
                "two are direct",
                "ja",
                "ru",
                vec![ja_ru, ja_en, ja_ru],
                direct(&[1, 3]),
            ),
            (
                "the wrong pair",
                "ja",
                "ru",
                vec![ja_en],
                Understanding::Nobody,
            ),
            ("a relay", "ja", "ru", vec![ja_en, en_ru], relay(1, 2, "en")),
            (
                "a relay turned round",
                "ru",
                "ja",
                vec![ja_en, en_ru],
                relay(2, 1, "en"),
            ),
            (
                "direct before relay",
                "ja",
                "ru",
                vec![ja_en, en_ru, ja_ru],
                direct(&[3]),
            ),
            (
                "no relay through oneself",
                "ja",
                "ru",
                vec![&["ja – en", "en – ru"][..]],
                Understanding::Nobody,
            ),
            (
                "no languages entered",
                "",
                "ru",
                vec![ja_ru],
                Understanding::Unknown,
            ),
        ] {
            let booked: Vec<Interpreter> = (1..)
                .zip(booked)
                .map(|(id, pairs)| interpreter(id, pairs))
                .collect();
            let booked: Vec<&Interpreter> = booked.iter().collect();
            assert_eq!(
                understanding(&languages(one), &languages(other), &booked),
                expected,
                "{why}"
            );
        }
    }

    #[test]
    fn the_sides_are_the_chair_and_each_guest() {
        let mut programme = sample::programme(vec![]);
        let delegations = Arc::make_mut(&mut programme.delegations);
        for (delegation, tags) in delegations
            .iter_mut()
            .zip(["ja", "kk ru", "ky", "ru", "ru", "ru ja"])
        {
            delegation.languages = languages(tags);
        }
        let ru = InterpreterId(1);
        let of = |parties: &[DelegationId], interpreters: &[InterpreterId]| {
            coverage(&programme, parties, interpreters)
        };
        let plenary = of(&EVERYONE, &[ru]);
        assert_eq!(plenary.sides().len(), 5);
        assert!(plenary.sides().iter().all(|sides| sides.hub == JP));
        let uncovered: Vec<_> = plenary.uncovered().map(|sides| sides.other).collect();
        assert_eq!(uncovered, [KG], "nobody knows Kyrgyz");
        assert!(of(&[JP, UZ], &[]).is_complete(), "both speak Japanese");
        assert!(of(&[JP, KZ], &[ru]).is_complete());
        assert!(!of(&[JP, KZ], &[]).is_complete());
        let without_chair = of(&[UZ, KZ], &[]);
        assert_eq!(without_chair.sides()[0].hub, KZ, "the first in precedence");
        assert!(without_chair.is_complete());
        assert_eq!(of(&[JP], &[ru]), Coverage::default());
        assert_eq!(of(&[], &[]), Coverage::default());
    }
}
