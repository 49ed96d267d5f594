//! The log: one line an event, in UTC, as text or JSON. Every line passes one function, which masks mail
//! addresses, tokens and passwords in URLs, and lets no text end the line or colour the terminal.

use std::fmt::{self, Debug, Write as _};

use chrono::{DateTime, SecondsFormat, Utc};
use clap::ValueEnum;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use crate::core::clean;
use crate::runtime::secret::without_tokens;
use crate::runtime::trace;

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
}

/// The longest value in a line, in bytes.
const LONGEST: usize = 2000;

/// Logs to the terminal's error stream, as `RUST_LOG` says; `info` by default. Panics are logged, too.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .event_format(LogLines(format))
        .try_init();
    if started.is_ok() {
        log_panics();
    }
}

/// In place of the standard report, which is several lines, knows no request, and prints what it finds.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let words = payload
            .downcast_ref::<&str>()
            .copied()
            .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
            .unwrap_or("no words");
        let place = panic.location().map(ToString::to_string);
        let (id, place) = (trace::current_id(), place.as_deref());
        tracing::error!(id = id.as_deref(), place, cause = words, "panic");
    }));
}

/// Text as it may be logged.
#[must_use]
pub fn cleaned(raw: &str) -> String {
    let raw = cut(raw);
    if !raw.contains(['@', '/', '_']) {
        return raw.to_owned();
    }
    without_tokens(&without_names(raw))
}

fn cut(raw: &str) -> &str {
    let mut end = raw.len().min(LONGEST);
    while !raw.is_char_boundary(end) {
        end -= 1;
    }
    &raw[..end]
}

/// Masks addresses, and in `smtps://USER:PASSWORD@HOST` everything before the `@`; of several the last one counts,
/// as passwords may hold it.
fn without_names(raw: &str) -> String {
    let mut masked = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        masked.push_str(&clean::masked(before));
        let end = after.find(char::is_whitespace).unwrap_or(after.len());
        rest = after;
        if let Some(host) = after[..end].rfind('@') {
            masked.push_str("…@");
            rest = &after[host + 1..];
        }
    }
    masked.push_str(&clean::masked(rest));
    masked
}

struct LogLines(LogFormat);

impl<S, N> FormatEvent<S, N> for LogLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut facts = LogFacts::default();
        event.record(&mut facts);
        let metadata = event.metadata();
        let target = facts
            .target
            .take()
            .unwrap_or_else(|| metadata.target().to_owned());
        let head = LogHead {
            at: Utc::now(),
            level: metadata.level().as_str(),
            target: &target,
        };
        let line = match self.0 {
            LogFormat::Text => text(&head, &facts),
            LogFormat::Json => json(&head, &facts),
        };
        writeln!(writer, "{line}")
    }
}

struct LogHead<'a> {
    at: DateTime<Utc>,
    level: &'static str,
    target: &'a str,
}

impl LogHead<'_> {
    fn time(&self) -> String {
        self.at.to_rfc3339_opts(SecondsFormat::Micros, true)
    }
}

/// What an event says, cleaned.
#[derive(Default)]
struct LogFacts {
    message: String,
    /// Where it comes from, when a library said it through the crate `log`.
    target: Option<String>,
    fields: Vec<(&'static str, Value)>,
}

impl LogFacts {
    fn take(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => self.message = cleaned(text),
            "log.target" => self.target = Some(text.to_owned()),
            name if name.starts_with("log.") => {}
            name => self.fields.push((name, cleaned(text).into())),
        }
    }
}

impl Visit for LogFacts {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.take(field, &format!("{value:?}"));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.fields.push((field.name(), value.into()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !field.name().starts_with("log.") {
            self.fields.push((field.name(), value.into()));
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.fields.push((field.name(), value.into()));
    }
}

fn text(head: &LogHead<'_>, facts: &LogFacts) -> String {
    let mut line = format!("{} {:>5} {}:", head.time(), head.level, head.target);
    let _ = write!(line, " {}", printable(&facts.message));
    for (name, value) in &facts.fields {
        let _ = match value {
            Value::String(text) if is_word(text) => write!(line, " {name}={text}"),
            Value::String(text) => write!(line, " {name}={text:?}"),
            other => write!(line, " {name}={other}"),
        };
    }
    line
}

/// True for what needs no quotes.
fn is_word(text: &str) -> bool {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=';
    !text.is_empty() && text.chars().all(plain)
}

fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escape = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
            let escaped = escape.then(|| c.escape_default());
            let plain = (!escape).then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}

fn json(head: &LogHead<'_>, facts: &LogFacts) -> String {
    let own = [
        ("time", Value::from(head.time())),
        ("level", head.level.into()),
        ("target", head.target.into()),
        ("message", facts.message.as_str().into()),
    ];
    let mut line = String::from("{");
    for (name, value) in own.iter().chain(&facts.fields) {
        let comma = if line.len() > 1 { "," } else { "" };
        let _ = write!(line, "{comma}{}:{value}", Value::from(*name));
    }
    line.push('}');
    line
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct LogBuffer(Arc<Mutex<Vec<u8>>>);

    impl io::Write for LogBuffer {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, say: impl FnOnce()) -> String {
        let paper = LogBuffer::default();
        let writer = paper.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .event_format(LogLines(format))
            .finish();
        tracing::subscriber::with_default(subscriber, say);
        String::from_utf8(paper.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn no_value_can_forge_a_line() {
        let forged = "x\r\n2022-12-24T00:00:00Z ERROR iikura: all is lost\u{2028}\u{1b}[31m";
        for format in [LogFormat::Text, LogFormat::Json] {
            let log = logged(format, || {
                tracing::info!(name = forged, shown = %forged, "said {forged}");
            });
            assert_eq!(log.matches(['\n', '\r']).count(), 1, "{log:?}");
            assert!(!log.contains(['\u{1b}']), "{log:?}");
            assert!(log.ends_with('\n'));
        }
    }

    #[test]
    fn a_line_of_json_is_an_object_with_numbers_as_numbers() {
        let log = logged(LogFormat::Json, || {
            tracing::warn!(micros = 1200_u64, user = 7_i64, route = "/", "\"quoted\"");
        });
        let line: Value = serde_json::from_str(&log).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "\"quoted\"");
        assert_eq!((&line["micros"], &line["user"]), (&1200.into(), &7.into()));
        assert!(line["time"].as_str().unwrap().ends_with('Z'), "{log}");
    }

    #[test]
    fn a_line_of_text_is_read_by_people() {
        let log = logged(LogFormat::Text, || {
            tracing::info!(
                route = "/d/{token}",
                cause = "two words",
                status = 200,
                "request"
            );
        });
        let said = log.split_once(' ').unwrap().1;
        assert_eq!(
            said,
            " INFO iikura::server::log::tests: request route=/d/{token} cause=\"two words\" status=200\n"
        );
    }

    #[test]
    fn secrets_and_names_are_masked() {
        for (raw, masked) in [
            (
                "no mail to kz@delegations.example",
                "no mail to k…@delegations.example",
            ),
            (
                "smtps://user:open-sesame@relay.example:465 is silent",
                "smtps://…@relay.example:465 is silent",
            ),
            (
                "postgres://iikura:p@ss/w:rd@db.example/iikura",
                "postgres://…@db.example/iikura",
            ),
            (
                "GET /d/AQAAAAAAAAAAAAAAAAAAAAAA-_x/schedule.ics",
                "GET /d/…/schedule.ics",
            ),
            (
                "https://iikura.example/password/aaaa-bbbb-cccc-dddd-eeee-ffff-gggg.",
                "https://iikura.example/password/….",
            ),
            ("iikura_AbCdEfGhIjKlMnOpQrStUv", "iikura_…"),
            (
                "database iikura_test_1 and /d/{token}",
                "database iikura_test_1 and /d/{token}",
            ),
        ] {
            assert_eq!(cleaned(raw), masked);
        }
        assert_eq!(cleaned(&"é".repeat(LONGEST)).len(), LONGEST);
    }
}
