//! From the text of an event file to its entries: every missing or unknown key is named, not only the first.
//!
//! Each entry is read by itself. Where that fails, the fault is noted and the entry mended (what is unknown is left out,
//! what is missing is filled in), so that the next fault can be found. A mended entry is never used.

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeInteger, DeTable, DeValue, Error, ValueDeserializer};

use super::EventFile;
use super::read::{EventImportError, FileFault, FileReader};

/// Faults of one entry that are looked for.
const MOST_FAULTS: usize = 50;
/// Where filled-in values stand: beyond the end of every file.
const FILLED_IN: usize = usize::MAX / 2;
/// The keys of a file.
const KEYS: [&str; 5] = ["meeting", "parties", "rooms", "interpreters", "slots"];
/// Ends the name of a key that is a placeholder.
const ASSUMED: &str = "_assumed";

/// Reads the entries of a file.
///
/// # Errors
/// With the first fault of the syntax, or all faults of the keys.
pub(super) fn parse(
    reader: &mut FileReader<'_>,
    source: &str,
) -> Result<EventFile, EventImportError> {
    let root = DeTable::parse(source).map_err(|error| {
        let line = error.span().map_or(1, |span| reader.line_of(&span));
        let message = error.message().to_owned();
        EventImportError::Faulty(vec![FileFault { line, message }])
    })?;
    let mut root = root.into_inner();
    root.iter_mut().for_each(|(_, value)| plain_times(value));
    let meeting = if let Some(meeting) = root.remove("meeting") {
        entry(reader, meeting)
    } else {
        reader.fault(&(0..0), "missing field `meeting`");
        None
    };
    let (parties, rooms) = (
        list(reader, &mut root, "parties"),
        list(reader, &mut root, "rooms"),
    );
    let interpreters = list(reader, &mut root, "interpreters");
    let slots = list(reader, &mut root, "slots");
    for key in root.keys() {
        let known = KEYS.map(|key| format!("`{key}`")).join(", ");
        let message = format!("unknown field `{}`, expected one of {known}", key.as_ref());
        reader.fault(&key.span(), message);
    }
    let meeting = reader.finish(meeting)?;
    Ok(EventFile {
        meeting: meeting.into_inner(),
        parties,
        rooms,
        interpreters,
        slots,
    })
}

/// Reads the entries of one kind.
fn list<T: DeserializeOwned>(
    reader: &mut FileReader<'_>,
    root: &mut DeTable<'_>,
    key: &str,
) -> Vec<Spanned<T>> {
    let assumed = format!("{key}{ASSUMED}");
    let Some(value) = root.remove(key).or_else(|| root.remove(assumed.as_str())) else {
        return Vec::new();
    };
    let span = value.span();
    let DeValue::Array(items) = value.into_inner() else {
        let message = format!("{key}: is a list of tables, as in [[{key}]]");
        reader.fault(&span, message);
        return Vec::new();
    };
    items
        .into_iter()
        .filter_map(|item| entry(reader, item))
        .collect()
}

/// Reads an entry, or notes everything that is wrong with its keys.
fn entry<T: DeserializeOwned>(
    reader: &mut FileReader<'_>,
    mut value: Spanned<DeValue<'_>>,
) -> Option<Spanned<T>> {
    let span = value.span();
    let mut mender = Mender::default();
    for _ in 0..MOST_FAULTS {
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(read) => return mender.found_nothing.then(|| Spanned::new(span, read)),
            Err(error) => {
                if !mender.mend(reader, &mut value, &error) {
                    return None;
                }
            }
        }
    }
    None
}

/// Mends an entry fault by fault.
struct Mender {
    found_nothing: bool,
    /// Keys that are faulty already, each with where its table begins.
    faulty: HashSet<(usize, String)>,
    filled_in: usize,
}

impl Default for Mender {
    fn default() -> Self {
        Self {
            found_nothing: true,
            faulty: HashSet::new(),
            filled_in: FILLED_IN,
        }
    }
}

impl Mender {
    /// Notes a fault and mends it; false when that is impossible.
    fn mend(
        &mut self,
        reader: &mut FileReader<'_>,
        entry: &mut Spanned<DeValue<'_>>,
        error: &Error,
    ) -> bool {
        self.found_nothing = false;
        let at = error.span().unwrap_or_else(|| entry.span());
        if at.start >= FILLED_IN {
            return fill_in_otherwise(entry, at.start);
        }
        let missing = error.message().strip_prefix("missing field `");
        if let Some(field) = missing.and_then(|rest| rest.strip_suffix('`')) {
            let is_new = self.faulty.insert((at.start, field.to_owned()));
            if is_new {
                reader.fault(&at, error.message());
            }
            return self.fill_in(entry, &at, field);
        }
        reader.fault(&at, error.message());
        let removed = remove(entry, &at);
        if let Some((table, key)) = &removed {
            let field = key.strip_suffix(ASSUMED).unwrap_or(key);
            self.faulty.insert((*table, field.to_owned()));
        }
        removed.is_some()
    }

    /// Fills in a missing key of the table that stands there.
    fn fill_in(&mut self, entry: &mut Spanned<DeValue<'_>>, at: &Range<usize>, key: &str) -> bool {
        let Some(table) = table_at(entry, at) else {
            return false;
        };
        let place = self.filled_in..self.filled_in;
        self.filled_in += 1;
        let key = Spanned::new(place.clone(), Cow::Owned(key.to_owned()));
        let value = Spanned::new(place, DeValue::String(Cow::Borrowed("")));
        table.insert(key, value);
        true
    }
}

/// Fills in a value of another type where the first did not fit; false when none does.
fn fill_in_otherwise(value: &mut Spanned<DeValue<'_>>, place: usize) -> bool {
    if value.span().start == place {
        let other = match value.get_ref() {
            DeValue::String(_) => DeValue::Integer(DeInteger::default()),
            DeValue::Integer(_) => DeValue::Array(DeArray::new()),
            _ => return false,
        };
        *value.get_mut() = other;
        return true;
    }
    match value.get_mut() {
        DeValue::Table(table) => table
            .iter_mut()
            .any(|(_, value)| fill_in_otherwise(value, place)),
        DeValue::Array(items) => items
            .iter_mut()
            .any(|value| fill_in_otherwise(value, place)),
        _ => false,
    }
}

/// The innermost table that stands exactly there.
fn table_at<'t, 'i>(
    value: &'t mut Spanned<DeValue<'i>>,
    at: &Range<usize>,
) -> Option<&'t mut DeTable<'i>> {
    let is_here = value.span() == *at;
    match value.get_mut() {
        DeValue::Table(table) => {
            if is_here {
                return Some(table);
            }
            table.iter_mut().find_map(|(_, value)| table_at(value, at))
        }
        DeValue::Array(items) => items.iter_mut().find_map(|value| table_at(value, at)),
        _ => None,
    }
}

/// Removes the innermost key that is there or whose value is; returns where its table begins, and its name.
fn remove(value: &mut Spanned<DeValue<'_>>, at: &Range<usize>) -> Option<(usize, String)> {
    let begins = value.span().start;
    let holds = |span: Range<usize>| span.start <= at.start && at.end <= span.end;
    match value.get_mut() {
        DeValue::Table(table) => {
            let mut found = None;
            for (key, value) in table.iter_mut() {
                let inner = if holds(value.span()) {
                    remove(value, at)
                } else {
                    None
                };
                if inner.is_some() {
                    return inner;
                }
                if key.span() == *at || holds(value.span()) {
                    found = Some(key.as_ref().clone().into_owned());
                }
            }
            let key = found?;
            table.remove(key.as_str())?;
            Some((begins, key))
        }
        DeValue::Array(items) => {
            let mut items = items.iter_mut().filter(|item| holds(item.span()));
            items.find_map(|item| remove(item, at))
        }
        _ => None,
    }
}

/// Writes TOML's own dates and times as the texts that the keys take: `2026-10-23`, `09:00`, `2026-10-23 09:00`.
fn plain_times(value: &mut Spanned<DeValue<'_>>) {
    match value.get_mut() {
        DeValue::Table(table) => table.iter_mut().for_each(|(_, value)| plain_times(value)),
        DeValue::Array(items) => items.iter_mut().for_each(plain_times),
        plain @ DeValue::Datetime(_) => {
            let DeValue::Datetime(time) = &*plain else {
                return;
            };
            let mut text = time.to_string();
            if time.offset.is_none() {
                text = text.replace('T', " ");
                if text.matches(':').count() == 2
                    && let Some(minutes) = text.strip_suffix(":00")
                {
                    text.truncate(minutes.len());
                }
            }
            *plain = DeValue::String(Cow::Owned(text));
        }
        _ => {}
    }
}
