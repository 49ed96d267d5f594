//! What a form sends, and what is wrong with it.

use std::borrow::Cow;
use std::fmt::Display;
use std::future::{Ready, ready};
use std::ops::RangeInclusive;

use actix_web::dev::Payload;
use actix_web::web::Bytes;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::core::entered::{Entered, EnteredText, Faults};
use crate::server::Error;
use crate::server::field::ErrorSummary;
use crate::server::security::FormBytes;

/// More fields than any form of ours has.
const MOST_FIELDS: usize = 2000;

/// The fields of a form in the order they were sent; a name may come more than once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`; the bytes of a value stay exactly as they were sent.
    ///
    /// # Errors
    /// When a value is not UTF-8, an escape is broken, or there are more than 2,000 fields.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let fault =
            || Error::BadRequest("The form has an invalid encoding. Nothing was stored.".into());
        let mut fields = Vec::new();
        for pair in body
            .split(|&byte| byte == b'&')
            .filter(|pair| !pair.is_empty())
        {
            let at = pair
                .iter()
                .position(|&byte| byte == b'=')
                .unwrap_or(pair.len());
            let (name, value) = (&pair[..at], pair.get(at + 1..).unwrap_or_default());
            fields.push((
                decode(name).ok_or_else(fault)?,
                decode(value).ok_or_else(fault)?,
            ));
            if fields.len() > MOST_FIELDS {
                return Err(fault());
            }
        }
        Ok(Self(fields))
    }

    /// Initial fields of a form, before the user has typed.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        Self(
            pairs
                .into_iter()
                .map(|(name, value)| (name.into(), value.into()))
                .collect(),
        )
    }

    /// Adds a field.
    pub fn push(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// The first value of a name; empty when it was not sent.
    #[must_use]
    pub fn get(&self, name: &str) -> &str {
        self.iter()
            .find(|(known, _)| *known == name)
            .map_or("", |(_, value)| value)
    }

    /// Every value of a name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// True when a checkbox of that name was ticked.
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.all(name).any(|value| !value.is_empty())
    }

    /// A value with its source; `label` begins the sentence about it, and is empty where a fault says all of it.
    #[must_use]
    pub(crate) fn entered(
        &self,
        name: &str,
        label: impl Into<String>,
    ) -> EnteredText<'_, FormSource> {
        Entered {
            value: Cow::Borrowed(self.get(name)),
            source: FormSource {
                field: name.to_owned(),
                label: label.into(),
            },
        }
    }

    /// The lines of a value that are not empty, each with its source.
    pub(crate) fn lines(
        &self,
        name: &str,
        label: &str,
    ) -> impl Iterator<Item = Entered<FormSource, &str>> {
        (1..)
            .zip(self.get(name).lines())
            .filter(|(_, line)| !line.trim().is_empty())
            .map(move |(number, value)| Entered {
                value,
                source: FormSource {
                    field: name.to_owned(),
                    label: format!("{label}, line {number}:"),
                },
            })
    }

    /// Every field.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Passes the fields on if all of them are known.
    ///
    /// # Errors
    /// When a field was sent that the form does not have.
    pub fn only(self, known: &[&str]) -> Result<Self, Error> {
        match self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            Some((name, _)) => Err(Error::BadRequest(format!(
                "The form has no field “{}”. Nothing was stored.",
                name.chars().take(40).collect::<String>()
            ))),
            None => Ok(self),
        }
    }

    /// Writes the fields as a body again, without those whose name speaks of a password.
    #[must_use]
    pub fn encode_without_passwords(&self) -> String {
        let mut body = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.iter().filter(|(name, _)| !name.contains("password")) {
            body.append_pair(name, value);
        }
        body.finish()
    }
}

fn decode(raw: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.iter();
    while let Some(&byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || char::from(*rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

impl FromRequest for Fields {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    /// The body has been read by [`crate::server::security`], within its limits.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let body: Option<Bytes> = request
            .extensions()
            .get::<FormBytes>()
            .map(|FormBytes(body)| body.clone());
        ready(
            body.ok_or(Error::NotAForm)
                .and_then(|body| Self::parse(&body)),
        )
    }
}

/// The place of a value in a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FormSource {
    /// The field.
    field: String,
    /// What a sentence about the value begins with.
    label: String,
}

/// What is wrong with a form, field by field, in the order found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Vec<(String, String)>);

impl FieldErrors {
    /// Notes a sentence about a field.
    pub fn add(&mut self, field: impl Into<String>, sentence: impl Into<String>) {
        self.0.push((field.into(), sentence.into()));
    }

    /// Makes a noun of what was entered in a form.
    ///
    /// # Errors
    /// With a sentence at each field that makes no sense.
    pub(crate) fn unless_sound<T>(
        mut faults: Faults<FormSource>,
        parse: impl FnOnce(&mut Faults<FormSource>) -> Option<T>,
    ) -> Result<T, Self> {
        let parsed = parse(&mut faults);
        let errors = Self::of(faults);
        parsed.filter(|_| errors.is_empty()).ok_or(errors)
    }

    /// Places faults at their fields, each as a whole sentence.
    fn of(faults: Faults<FormSource>) -> Self {
        let mut errors = Self::default();
        for (FormSource { field, label }, fault) in faults {
            let mut sentence = if label.is_empty() {
                capitalised(&fault)
            } else {
                format!("{label} {fault}")
            };
            sentence.push('.');
            errors.add(field, sentence);
        }
        errors
    }

    /// Returns a parsed value, or records its error, which is a whole sentence.
    pub fn take<T>(&mut self, field: &str, parsed: Result<T, impl Display>) -> Option<T> {
        parsed
            .map_err(|error| self.add(field, error.to_string()))
            .ok()
    }

    /// Returns a parsed value, or records its error with the field's label before it ("Name is missing; fill it in").
    pub fn check<T>(
        &mut self,
        field: &str,
        label: &str,
        parsed: Result<T, impl Display>,
    ) -> Option<T> {
        self.take(field, parsed.map_err(|error| format!("{label} {error}")))
    }

    /// Returns a whole number within its range, or records the valid range as error.
    pub fn number(
        &mut self,
        field: &str,
        label: &str,
        raw: &str,
        range: RangeInclusive<i32>,
    ) -> Option<i32> {
        let number = raw
            .trim()
            .parse()
            .ok()
            .filter(|number| range.contains(number));
        let (least, most) = (range.start(), range.end());
        self.take(
            field,
            number.ok_or_else(|| format!("{label} is a whole number from {least} to {most}.")),
        )
    }

    /// The first sentence about a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&str> {
        self.iter()
            .find(|(known, _)| *known == field)
            .map(|(_, sentence)| sentence)
    }

    /// Every field and sentence.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(field, sentence)| (field.as_str(), sentence.as_str()))
    }

    /// True when nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn capitalised(fault: &str) -> String {
    let mut letters = fault.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

/// A form as it is shown: its values, and what is wrong with them. The fields of [`crate::server::field`] fill
/// themselves from it.
#[derive(Debug, Clone, Default)]
pub struct Form {
    /// The values.
    pub fields: Fields,
    /// What is wrong.
    pub errors: FieldErrors,
}

impl Form {
    /// A form that was not sent yet.
    #[must_use]
    pub fn new(fields: Fields) -> Self {
        Self {
            fields,
            errors: FieldErrors::default(),
        }
    }

    /// A form that was sent and cannot be accepted.
    #[must_use]
    pub fn rejected(fields: Fields, errors: FieldErrors) -> Self {
        Self { fields, errors }
    }

    /// True when something is wrong.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The summary at the top of the page; renders to nothing without errors.
    #[must_use]
    pub fn summary(&self) -> ErrorSummary {
        ErrorSummary::of(&self.errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_read_in_order_and_to_the_byte() {
        let fields = Fields::parse(b"a=1&b=x+y%2B%E9%A3%AF&a=2&empty&pass=%20+%00").unwrap();
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.get("b"), "x y+飯");
        assert_eq!(fields.get("pass"), "  \0");
        assert!(!fields.flag("empty") && fields.flag("a") && !fields.flag("none"));
    }

    #[test]
    fn a_broken_encoding_is_refused() {
        for body in ["a=%", "a=%4", "a=%zz", "a=%ff", "%c3=1"] {
            assert!(Fields::parse(body.as_bytes()).is_err(), "{body}");
        }
        assert!(Fields::parse("a=1&".repeat(2001).as_bytes()).is_err());
    }

    #[test]
    fn a_field_that_the_form_does_not_have_is_refused() {
        let fields = Fields::from_pairs([("name", "x"), ("admin", "1")]);
        assert!(fields.clone().only(&["name"]).is_err());
        assert!(fields.only(&["name", "admin"]).is_ok());
    }

    #[test]
    fn passwords_are_not_carried_through_a_new_sign_in() {
        let fields = Fields::from_pairs([
            ("title", "a&b 飯"),
            ("password", "x"),
            ("new_password", "y"),
        ]);
        let body = fields.encode_without_passwords();
        assert_eq!(body, "title=a%26b+%E9%A3%AF");
        assert_eq!(
            Fields::parse(body.as_bytes()).unwrap().get("title"),
            "a&b 飯"
        );
    }
}
