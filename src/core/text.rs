//! Text from people, parsed once at the edge.
//!
//! A [`TextLine`] is safe in a mail header, a calendar line and a file: no control character ever
//! gets further than the form (lettre panics on a line break in a display name).

use std::fmt;

/// One line of text without control characters, trimmed, not empty.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TextLine(String);

/// Why a text was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space and what shows nothing.
    #[error("is missing; fill it in")]
    Empty,
    /// Longer than the field takes.
    #[error("has {found} characters; shorten it to {most}")]
    TooLong {
        /// Characters found.
        found: usize,
        /// Characters allowed.
        most: usize,
    },
    /// A control character, a line break, or a character that turns the writing direction around.
    #[error("contains a line break or control character (U+{0:04X}); remove it")]
    Control(u32),
}

/// The longest title or name, in characters.
pub const LINE_MAX: usize = 200;
/// The longest note or reason, in characters.
pub const NOTE_MAX: usize = 2000;

impl TextLine {
    /// Parses a line of at most [`LINE_MAX`] characters.
    ///
    /// # Errors
    /// When it is empty, too long or holds a control character.
    pub fn parse(raw: &str) -> Result<Self, TextError> {
        let line = optional_line(raw)?;
        if line.is_empty() {
            Err(TextError::Empty)
        } else {
            Ok(Self(line))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a line back out of the database, where only parsed ones were put.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for TextLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for TextLine {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// What a user typed, short enough to be quoted in a sentence about it.
#[must_use]
pub fn quoted(raw: &str) -> String {
    const MOST: usize = 60;
    let mut characters = raw.chars();
    let head: String = characters.by_ref().take(MOST).collect();
    if characters.next().is_some() {
        format!("'{head}…'")
    } else {
        format!("'{head}'")
    }
}

/// Parses a line that may be empty, as one is of which nothing can be seen.
///
/// # Errors
/// When it is too long or holds a control character.
pub fn optional_line(raw: &str) -> Result<String, TextError> {
    let line = trimmed(raw);
    check_length(line, LINE_MAX)?;
    match line.chars().find(|&c| breaks_a_line(c)) {
        Some(control) => Err(TextError::Control(control as u32)),
        None => Ok(line.to_owned()),
    }
}

/// Parses text of several lines, which may be empty; line ends become `\n`.
///
/// # Errors
/// When it is too long or holds a control character other than a line end or tab.
pub fn note(raw: &str) -> Result<String, TextError> {
    let text = raw.replace("\r\n", "\n").replace('\r', "\n");
    let text = trimmed(&text);
    check_length(text, NOTE_MAX)?;
    match text
        .chars()
        .find(|&c| c != '\n' && c != '\t' && breaks_a_line(c))
    {
        Some(control) => Err(TextError::Control(control as u32)),
        None => Ok(text.to_owned()),
    }
}

/// The text without white space around it; nothing of a text that shows nothing.
fn trimmed(raw: &str) -> &str {
    let shows = |c: char| !c.is_whitespace() && !shows_nothing(c);
    if raw.contains(shows) { raw.trim() } else { "" }
}

/// True of characters that no font shows by themselves: Unicode's `Default_Ignorable_Code_Point`, and the blank of Braille.
#[must_use]
pub fn shows_nothing(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}'
    )
}

fn check_length(text: &str, most: usize) -> Result<(), TextError> {
    let found = text.chars().count();
    if found > most {
        Err(TextError::TooLong { found, most })
    } else {
        Ok(())
    }
}

/// Control characters, Unicode's line separators, and the embeddings and overrides of writing direction, which let a
/// title say another thing than its characters do.
fn breaks_a_line(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// An e-mail address that any relay takes: ASCII, one `@`, a dot in the domain; the domain in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

impl Email {
    /// Parses an address.
    ///
    /// # Errors
    /// With a sentence that says what an address looks like.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let trimmed = raw.trim();
        if !trimmed.is_ascii() {
            return Err(
                "has letters outside ASCII, which many mail relays refuse; ask for a plain address"
                    .into(),
            );
        }
        let fault =
            || "is not an e-mail address; write it as in liaison@embassy.example".to_owned();
        let address: lettre::Address = trimmed.parse().map_err(|_| fault())?;
        if trimmed.len() > 254 || trimmed.contains('"') || !address.domain().contains('.') {
            return Err(fault());
        }
        Ok(Self(format!(
            "{}@{}",
            address.user(),
            address.domain().to_ascii_lowercase()
        )))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes an address back out of the database, where only parsed ones were put.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The address as a link (RFC 6068): what could end it or begin a query is written as `%XX`.
    #[must_use]
    pub fn mailto(&self) -> String {
        let mut link = String::from("mailto:");
        for byte in self.0.bytes() {
            if byte.is_ascii_alphanumeric() || b"@.-_+~!$'*".contains(&byte) {
                link.push(char::from(byte));
            } else {
                link.push('%');
                link.extend([byte >> 4, byte & 15].map(|half| {
                    char::from_digit(u32::from(half), 16)
                        .unwrap_or('0')
                        .to_ascii_uppercase()
                }));
            }
        }
        link
    }

    /// The part after the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A short name for a URL or a table: letters, digits and hyphens, as `ca-jad-9` or `KZ`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(String);

impl Code {
    /// Parses a code of 1 to 40 characters.
    ///
    /// # Errors
    /// With a sentence that says what a code looks like.
    pub fn parse(raw: &str) -> Result<Self, String> {
        let code = raw.trim();
        let fits = (1..=40).contains(&code.len())
            && code.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            // Pages that make a new thing have that address.
            && code != "new"
            && !code.starts_with('-')
            && !code.ends_with('-');
        if fits {
            Ok(Self(code.to_owned()))
        } else {
            Err("takes 1 to 40 letters (A–Z), digits and hyphens, as in KZ or ca-jad-9, and is not “new”".to_owned())
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Takes a code back out of the database, where only parsed ones were put.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_never_holds_what_breaks_a_header() {
        for bad in [
            "a\r\nBcc: x@y.example",
            "a\nb",
            "a\u{0}b",
            "a\u{7}b",
            "a\u{2028}b",
            "a\u{202E}b",
            "a\u{7f}",
        ] {
            assert!(
                matches!(TextLine::parse(bad), Err(TextError::Control(_))),
                "{bad:?}"
            );
        }
        for empty in [
            "  \t ",
            "\u{200B}",
            " \u{200B}\u{3000}\u{AD}",
            "\u{3164}",
            "\u{2800}\u{FE0F}",
            "\u{200D}\u{2060}\u{E0020}",
        ] {
            assert_eq!(TextLine::parse(empty), Err(TextError::Empty), "{empty:?}");
            assert_eq!(optional_line(empty), Ok(String::new()), "{empty:?}");
            assert_eq!(note(empty), Ok(String::new()), "{empty:?}");
        }
        assert_eq!(
            TextLine::parse(&"長".repeat(201)),
            Err(TextError::TooLong {
                found: 201,
                most: 200
            })
        );
        assert_eq!(
            TextLine::parse(" 飯倉公館 “A” ").map(|line| line.to_string()),
            Ok("飯倉公館 “A”".into())
        );
    }

    #[test]
    fn an_address_is_one_that_relays_take() {
        assert_eq!(
            Email::parse(" Kz@Delegations.EXAMPLE ").map(|e| e.to_string()),
            Ok("Kz@delegations.example".into())
        );
        for bad in [
            "",
            "kz",
            "kz@localhost",
            "kz@@x.example",
            "kz@x.example\r\nBcc: y@x.example",
            "ミ@x.example",
            "\"a b\"@x.example",
            "a@b.example, c@d.example",
        ] {
            assert!(Email::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_address_is_a_link_that_ends_where_it_should() {
        let link = |text: &str| Email::parse(text).unwrap().mailto();
        assert_eq!(
            link("protocol@iikura.example"),
            "mailto:protocol@iikura.example"
        );
        assert_eq!(
            link("a+b?c&d%e@x.example"),
            "mailto:a+b%3Fc%26d%25e@x.example"
        );
    }

    #[test]
    fn a_code_fits_a_url() {
        assert!(Code::parse("ca-jad-9").is_ok());
        for bad in ["", "-a", "a-", "a b", "new", "a/b", "日本", &"a".repeat(41)] {
            assert!(Code::parse(bad).is_err(), "{bad:?}");
        }
    }
}
