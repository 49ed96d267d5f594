//! Cleans text for calendars and headers.
//!
//! The `icalendar` crate writes quotes and line breaks in parameters, URLs and addresses as they come, so that a name
//! could end a line and begin a property of its own. Every value passes through here first.

/// The longest text in a calendar, in bytes; folding longer ones takes quadratic time.
pub const LONGEST: usize = 4096;

/// Text of several lines: line ends become `\n`, other control characters go, backslashes become slashes.
///
/// The backslash would be escaped correctly, but khal 0.10 reads `C:\notes` as `C:` and a line break.
#[must_use]
pub fn text(raw: &str) -> String {
    let unix = raw.replace("\r\n", "\n");
    let clean: String = unix
        .chars()
        .filter_map(|c| match c {
            '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
            '\\' => Some('/'),
            '\n' | '\t' => Some(c),
            other => visible(other),
        })
        .collect();
    cut(clean.trim()).to_owned()
}

/// Text of one line: as [`text`], with every line break and tab a space.
#[must_use]
pub fn line(raw: &str) -> String {
    text(raw).replace(['\n', '\t'], " ").trim().to_owned()
}

/// A parameter's value, as the name in `CN=`: as [`line()`], with `'` for the double quote, which no parameter may
/// hold (RFC 5545 §3.2), and without the caret, which begins an escape for some readers (RFC 6868).
#[must_use]
pub fn parameter(raw: &str) -> String {
    line(raw).replace('"', "'").replace('^', "")
}

/// An address for `mailto:`; what no relay takes is left out.
#[must_use]
pub fn address(raw: &str) -> String {
    raw.chars()
        .filter(|c| c.is_ascii_graphic() && !"\"<>()[],;:\\".contains(*c))
        .take(254)
        .collect()
}

/// A web address in its canonical form; `None` when it is none.
#[must_use]
pub fn url(raw: &str) -> Option<String> {
    let url = url::Url::parse(raw.trim()).ok()?;
    let canonical = url.as_str();
    (matches!(url.scheme(), "http" | "https")
        && canonical.len() <= LONGEST
        && canonical.bytes().all(|byte| byte.is_ascii_graphic()))
    .then(|| canonical.to_owned())
}

/// Text for a log: of every address the part before the `@` but for its first letter is left out.
#[must_use]
pub fn masked(raw: &str) -> String {
    let mut masked = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('@') {
        let before = &rest[..at];
        let begin = before
            .char_indices()
            .rev()
            .take_while(|(_, c)| c.is_alphanumeric() || "._%+-=!#$&'*/?^`{|}~".contains(*c))
            .last()
            .map_or(at, |(begin, _)| begin);
        masked.push_str(&before[..begin]);
        masked.extend(before[begin..].chars().next());
        // Masked before, it stays as it is.
        masked.push_str(if before.ends_with('…') { "@" } else { "…@" });
        rest = &rest[at + 1..];
    }
    masked.push_str(rest);
    masked
}

/// Drops control characters and those that turn the direction of writing around.
fn visible(c: char) -> Option<char> {
    let hidden = c.is_control()
        || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}');
    (!hidden).then_some(c)
}

/// Cuts at a character's border, so that at most [`LONGEST`] bytes are left.
fn cut(text: &str) -> &str {
    text[..text.floor_char_boundary(LONGEST)].trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_names_no_address() {
        assert_eq!(
            masked("550 5.1.1 <kz.liaison+a@delegations.example>: unknown, ask ü@x.example or @y"),
            "550 5.1.1 <k…@delegations.example>: unknown, ask ü…@x.example or …@y"
        );
        assert_eq!(
            masked("<k…@delegations.example>"),
            "<k…@delegations.example>"
        );
        assert_eq!(masked("nothing to hide"), "nothing to hide");
    }

    #[test]
    fn a_text_keeps_its_lines_and_loses_what_breaks_a_calendar() {
        assert_eq!(text("a\r\nb\rc\nd\u{2028}e"), "a\nb\nc\nd\ne");
        assert_eq!(text("C:\\notes\u{7}\u{0}\u{202E}!"), "C:/notes!");
        assert_eq!(text("飯倉公館\t大広間 "), "飯倉公館\t大広間");
        assert_eq!(text(&"長".repeat(2000)).len(), 4095);
    }

    #[test]
    fn a_parameter_is_one_line_without_a_quote() {
        assert_eq!(
            parameter("\"Evil\"\r\nATTENDEE:mailto:x@y.example"),
            "'Evil' ATTENDEE:mailto:x@y.example"
        );
        assert_eq!(parameter("a^nb"), "anb");
    }

    #[test]
    fn an_address_ends_no_line() {
        assert_eq!(
            address("kz@delegations.example\r\nURL:http://x"),
            "kz@delegations.exampleURLhttp//x"
        );
    }

    #[test]
    fn a_url_is_encoded_or_refused() {
        assert_eq!(
            url("https://iikura.example/日本\r\nX: y").as_deref(),
            Some("https://iikura.example/%E6%97%A5%E6%9C%ACX:%20y")
        );
        assert_eq!(url("javascript:alert(1)"), None);
        assert_eq!(url("no address"), None);
    }
}
