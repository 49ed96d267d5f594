//! Parts of forms that render themselves: a page struct holds them, its template says `{{ name }}`.
//!
//! Order on screen: label, help, field, error; help and error are tied to the field by `aria-describedby`.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::server::form::{FieldErrors, Form};

/// A field of one line.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "components/text_field.html")]
pub struct TextField {
    name: String,
    label: String,
    help: String,
    value: String,
    error: Option<String>,
    kind: &'static str,
    optional: bool,
    width: &'static str,
    autocomplete: &'static str,
    inputmode: &'static str,
    list: Vec<String>,
}

impl TextField {
    /// A text field that has to be filled in.
    #[must_use]
    pub fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            kind: "text",
            autocomplete: "off",
            ..Self::default()
        }
    }

    /// Says more about what to type.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// May stay empty; the label says so.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// The `type` of the input: `email`, `password`, `date`, `search`…
    #[must_use]
    pub fn kind(mut self, kind: &'static str) -> Self {
        self.kind = kind;
        self
    }

    /// The `autocomplete` token; `off` if not set.
    #[must_use]
    pub fn autocomplete(mut self, token: &'static str) -> Self {
        self.autocomplete = token;
        self
    }

    /// A number typed with a numeric keyboard.
    #[must_use]
    pub fn numeric(mut self) -> Self {
        self.inputmode = "numeric";
        self.width = "field-short";
        self
    }

    /// A field as wide as a time or a code.
    #[must_use]
    pub fn short(mut self) -> Self {
        self.width = "field-short";
        self
    }

    /// Values the browser offers while typing.
    #[must_use]
    pub fn suggest(mut self, values: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.list = values.into_iter().map(Into::into).collect();
        self
    }

    /// Takes value and error from the form. A password is never shown again.
    #[must_use]
    pub fn of(mut self, form: &Form) -> Self {
        if self.kind != "password" {
            form.fields.get(&self.name).clone_into(&mut self.value);
        }
        self.error = error_of(form, &self.name);
        self
    }

    fn described_by(&self) -> String {
        described_by(&self.name, &self.help, self.error.as_deref())
    }
}

/// A field of several lines.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "components/text_area.html")]
pub struct TextArea {
    name: String,
    label: String,
    help: String,
    value: String,
    error: Option<String>,
    optional: bool,
    rows: u8,
}

impl TextArea {
    /// A text area of four rows that has to be filled in.
    #[must_use]
    pub fn new(name: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            rows: 4,
            ..Self::default()
        }
    }

    /// Says more about what to type.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// May stay empty; the label says so.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Its height in rows of text.
    #[must_use]
    pub fn rows(mut self, rows: u8) -> Self {
        self.rows = rows;
        self
    }

    /// Takes value and error from the form.
    #[must_use]
    pub fn of(mut self, form: &Form) -> Self {
        form.fields.get(&self.name).clone_into(&mut self.value);
        self.error = error_of(form, &self.name);
        self
    }

    fn described_by(&self) -> String {
        described_by(&self.name, &self.help, self.error.as_deref())
    }
}

/// One thing to choose.
#[derive(Debug, Clone, Default)]
pub struct Choice {
    value: String,
    label: String,
    help: String,
    chosen: bool,
}

impl Choice {
    /// A thing to choose, with the value that is sent for it.
    #[must_use]
    pub fn new(value: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            value: value.into(),
            label: label.into(),
            ..Self::default()
        }
    }

    /// Says more about it (not shown in a [`Select`]).
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }
}

/// A list that opens, of which one thing is chosen.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "components/select.html")]
pub struct Select {
    name: String,
    label: String,
    help: String,
    error: Option<String>,
    optional: bool,
    options: Vec<Choice>,
}

impl Select {
    /// A list with its choices.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            options: choices.into_iter().collect(),
            ..Self::default()
        }
    }

    /// Says more about what to choose.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// May stay unchosen; the label says so.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Takes choice and error from the form.
    #[must_use]
    pub fn of(mut self, form: &Form) -> Self {
        choose(&mut self.options, &self.name, form);
        self.error = error_of(form, &self.name);
        self
    }

    fn described_by(&self) -> String {
        described_by(&self.name, &self.help, self.error.as_deref())
    }
}

/// A group of checkboxes or radio buttons.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "components/choices.html")]
pub struct Choices {
    name: String,
    label: String,
    help: String,
    error: Option<String>,
    kind: &'static str,
    inline: bool,
    options: Vec<Choice>,
}

impl Choices {
    /// Several may be ticked.
    #[must_use]
    pub fn checkboxes(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        Self {
            name: name.into(),
            label: label.into(),
            kind: "checkbox",
            options: choices.into_iter().collect(),
            ..Self::default()
        }
    }

    /// One is chosen.
    #[must_use]
    pub fn radios(
        name: impl Into<String>,
        label: impl Into<String>,
        choices: impl IntoIterator<Item = Choice>,
    ) -> Self {
        Self {
            kind: "radio",
            ..Self::checkboxes(name, label, choices)
        }
    }

    /// Says more about what to choose.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Shown in a row instead of a column.
    #[must_use]
    pub fn inline(mut self) -> Self {
        self.inline = true;
        self
    }

    /// Takes choices and error from the form.
    #[must_use]
    pub fn of(mut self, form: &Form) -> Self {
        choose(&mut self.options, &self.name, form);
        self.error = error_of(form, &self.name);
        self
    }

    fn described_by(&self) -> String {
        described_by(&self.name, &self.help, self.error.as_deref())
    }
}

/// A button that removes what the page is about, with the reason why that was refused.
#[derive(Debug, Clone, Template)]
#[template(path = "components/removal.html")]
pub struct Removal {
    action: String,
    error: Option<String>,
}

impl Removal {
    /// The button, with the error that the form has for the field `removal`.
    #[must_use]
    pub fn of(form: &Form, action: String) -> Self {
        let error = error_of(form, "removal");
        Self { action, error }
    }
}

/// What is wrong with a form, first thing on the page; every line leads to its field.
#[derive(Debug, Clone, Template)]
#[template(path = "components/error_summary.html")]
pub struct ErrorSummary {
    errors: Vec<(String, String)>,
}

impl ErrorSummary {
    /// The summary of these errors.
    #[must_use]
    pub fn of(errors: &FieldErrors) -> Self {
        Self {
            errors: errors
                .iter()
                .map(|(field, sentence)| (field.to_owned(), sentence.to_owned()))
                .collect(),
        }
    }
}

// Their templates escape what they are given; escaping the result again would show tags as text.
impl HtmlSafe for TextField {}
impl HtmlSafe for TextArea {}
impl HtmlSafe for Select {}
impl HtmlSafe for Choices {}
impl HtmlSafe for Removal {}
impl HtmlSafe for ErrorSummary {}

fn choose(choices: &mut [Choice], name: &str, form: &Form) {
    for choice in choices {
        choice.chosen = form.fields.all(name).any(|value| value == choice.value);
    }
}

fn error_of(form: &Form, name: &str) -> Option<String> {
    form.errors.get(name).map(ToOwned::to_owned)
}

/// The ids of help and error, for `aria-describedby`.
fn described_by(name: &str, help: &str, error: Option<&str>) -> String {
    let help = (!help.is_empty()).then(|| format!("field-{name}-help"));
    let error = error.map(|_| format!("field-{name}-error"));
    help.into_iter().chain(error).collect::<Vec<_>>().join(" ")
}
