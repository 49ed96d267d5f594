//! The manual: chapters in Markdown that are part of the program, shown as pages and printed by the command line.

use std::fmt::Write as _;

/// A chapter of the manual.
#[derive(Debug)]
pub struct Topic {
    /// The name in addresses and on the command line.
    pub name: &'static str,
    /// The chapter as it was written.
    pub markdown: &'static str,
}

/// Every chapter, in reading order.
pub static TOPICS: &[Topic] = &[
    Topic {
        name: "booking",
        markdown: include_str!("../templates/help/booking.md"),
    },
    Topic {
        name: "rules",
        markdown: include_str!("../templates/help/rules.md"),
    },
    Topic {
        name: "mail",
        markdown: include_str!("../templates/help/mail.md"),
    },
    Topic {
        name: "security",
        markdown: include_str!("../templates/help/security.md"),
    },
    Topic {
        name: "configuration",
        markdown: include_str!("../templates/help/configuration.md"),
    },
    Topic {
        name: "operations",
        markdown: include_str!("../templates/help/operations.md"),
    },
    Topic {
        name: "command-line",
        markdown: include_str!("../templates/help/command-line.md"),
    },
    Topic {
        name: "api",
        markdown: include_str!("../templates/help/api.md"),
    },
    Topic {
        name: "event-file",
        markdown: include_str!("../templates/help/event-file.md"),
    },
];

impl Topic {
    /// Finds a chapter by its name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        TOPICS.iter().find(|topic| topic.name == name)
    }

    /// The title: the chapter's first line.
    #[must_use]
    pub fn title(&self) -> &'static str {
        let first = self.markdown.lines().next().unwrap_or_default();
        first.trim_start_matches("# ")
    }
}

/// Lists the chapters for a terminal, one a line.
#[must_use]
pub fn list() -> String {
    let mut text = "Chapters of the manual (iikura help TOPIC):\n".to_owned();
    for topic in TOPICS {
        let _ = writeln!(text, "  {:<13}  {}", topic.name, topic.title());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chapter_has_one_title_and_a_readable_length() {
        for topic in TOPICS {
            let (mut titles, mut in_code) = (0, false);
            for line in topic.markdown.lines() {
                in_code ^= line.starts_with("```");
                titles += usize::from(!in_code && line.starts_with("# "));
            }
            assert_eq!(titles, 1, "{}", topic.name);
            assert!(topic.markdown.starts_with("# "), "{}", topic.name);
            assert!(topic.markdown.lines().count() < 400, "{}", topic.name);
        }
    }
}
