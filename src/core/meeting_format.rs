//! In which format delegations meet: the style, and how many people come with each principal.

use serde::{Deserialize, Serialize};

use crate::core::slot_kind::SlotKind;
use crate::core::text_enum::TextEnum;

/// The style of a meeting, as protocol offices agree it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeetingStyle {
    /// The principals alone, with interpreters.
    TeteATete,
    /// The principals with a few people each.
    Restricted,
    /// The whole parties.
    Expanded,
    /// A few minutes beside another occasion.
    PullAside,
}

impl TextEnum for MeetingStyle {
    const ALL: &'static [Self] = &[
        Self::TeteATete,
        Self::Restricted,
        Self::Expanded,
        Self::PullAside,
    ];
    const NOUN: &'static str = "meeting format";

    fn as_str(self) -> &'static str {
        match self {
            Self::TeteATete => "tete_a_tete",
            Self::Restricted => "restricted",
            Self::Expanded => "expanded",
            Self::PullAside => "pull_aside",
        }
    }
}

impl MeetingStyle {
    /// The style as people read it.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::TeteATete => "Tête-à-tête",
            Self::Restricted => "Restricted",
            Self::Expanded => "Expanded",
            Self::PullAside => "Pull-aside",
        }
    }
}

/// The format of a meeting, as far as it is agreed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MeetingFormat {
    /// The style.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub style: Option<MeetingStyle>,
    /// How many people come with each principal: 4 in "principal + 4". The capacity rule then counts these in place of
    /// the sizes of the parties.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accompanying: Option<i32>,
}

impl MeetingFormat {
    /// How many people may come with each principal.
    pub const ACCOMPANYING: std::ops::RangeInclusive<i32> = 0..=99;

    /// True when nothing is agreed.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.style.is_none() && self.accompanying.is_none()
    }

    /// True when slots of this kind have a style.
    #[must_use]
    pub const fn has_style(kind: SlotKind) -> bool {
        matches!(
            kind,
            SlotKind::Plenary | SlotKind::Bilateral | SlotKind::Multilateral
        )
    }

    /// `restricted, principal + 4`; `None` when nothing is agreed.
    #[must_use]
    pub fn in_words(&self) -> Option<String> {
        let style = self.style.map(|style| style.label().to_lowercase());
        let people = self
            .accompanying
            .map(|people| format!("principal + {people}"));
        let words: Vec<String> = style.into_iter().chain(people).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// `Bilateral (restricted, principal + 4)`
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> String {
        match self.in_words() {
            Some(words) => format!("{kind} ({words})"),
            None => kind.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_is_stored_as_its_word() {
        for style in MeetingStyle::ALL {
            let format = MeetingFormat {
                style: Some(*style),
                accompanying: Some(4),
            };
            let json = serde_json::to_string(&format).unwrap();
            assert!(json.contains(style.as_str()), "{json}");
            assert_eq!(
                serde_json::from_str::<MeetingFormat>(&json).unwrap(),
                format
            );
        }
        assert_eq!(
            serde_json::to_string(&MeetingFormat::default()).unwrap(),
            "{}"
        );
    }

    #[test]
    fn format_is_said_after_the_kind() {
        let format = |style, accompanying| MeetingFormat {
            style,
            accompanying,
        };
        for (format, words) in [
            (format(None, None), "Bilateral"),
            (format(None, Some(0)), "Bilateral (principal + 0)"),
            (
                format(Some(MeetingStyle::TeteATete), None),
                "Bilateral (tête-à-tête)",
            ),
            (
                format(Some(MeetingStyle::Restricted), Some(4)),
                "Bilateral (restricted, principal + 4)",
            ),
        ] {
            assert_eq!(format.of_kind("Bilateral"), words);
        }
    }
}
