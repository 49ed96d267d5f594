//! Where a sign-in leads: the page that was asked for, or the form that waited for its author to sign in again. It is
//! carried from one step to the next in hidden fields, so that no step loses a word.

use actix_web::HttpResponse;
use askama::Template;
use askama::filters::HtmlSafe;

use crate::core::user::User;
use crate::server::Error;
use crate::server::form::Fields;
use crate::server::local_path::LocalPath;
use crate::server::page::{Shell, render, see_other};

/// The names of the hidden fields.
pub const FIELDS: [&str; 3] = ["next", "resume_path", "resume_body"];

/// Where to go after signing in. Renders as hidden fields.
#[derive(Debug, Clone, Default, PartialEq, Eq, Template)]
#[template(path = "auth/return_to.html")]
pub struct ReturnTo {
    next: Option<LocalPath>,
    resume: Option<Resume>,
}

impl HtmlSafe for ReturnTo {}

/// A form that waits for its author to sign in again.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Resume {
    path: LocalPath,
    body: String,
}

impl ReturnTo {
    /// Reads the hidden fields; what is no path of ours counts for nothing.
    #[must_use]
    pub fn parse(fields: &Fields) -> Self {
        let resume = |path| Resume {
            path,
            body: fields.get("resume_body").to_owned(),
        };
        Self {
            next: LocalPath::parse(fields.get("next")),
            resume: LocalPath::parse(fields.get("resume_path")).map(resume),
        }
    }

    /// Reads `?next=` of an address.
    #[must_use]
    pub fn in_query(query: Vec<(String, String)>) -> Self {
        let next = query.into_iter().filter(|(name, _)| name == "next");
        Self::parse(&Fields::from_pairs(next))
    }

    /// As text, for a way that does not lead through a page of ours.
    #[must_use]
    pub fn to_text(&self) -> String {
        let next = self.next.as_ref().map_or("", LocalPath::as_str);
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.append_pair("next", next);
        if let Some(resume) = &self.resume {
            text.append_pair("resume_path", resume.path.as_str());
            text.append_pair("resume_body", &resume.body);
        }
        text.finish()
    }

    /// Reads what [`Self::to_text`] has written.
    ///
    /// # Errors
    /// When it is no text of ours.
    pub fn from_text(text: &str) -> Result<Self, Error> {
        Fields::parse(text.as_bytes()).map(|fields| Self::parse(&fields))
    }

    /// True when a form waits.
    #[must_use]
    pub fn has_form(&self) -> bool {
        self.resume.is_some()
    }

    /// The page that comes next.
    #[must_use]
    pub fn target(&self) -> &str {
        self.next.as_ref().map_or("/", LocalPath::as_str)
    }

    /// The address of another step, which is to lead to the same page.
    #[must_use]
    pub fn by_way_of(&self, step: &str) -> String {
        match &self.next {
            Some(next) => {
                let bytes = next.as_str().as_bytes();
                let next: String = url::form_urlencoded::byte_serialize(bytes).collect();
                format!("{step}?next={next}")
            }
            None => step.to_owned(),
        }
    }

    /// Renders the waiting form, to check and send.
    ///
    /// # Errors
    /// When it has an invalid encoding.
    pub fn waiting_form(&self) -> Result<Option<WaitingForm>, Error> {
        self.resume.as_ref().map(WaitingForm::of).transpose()
    }

    /// Answers a user who has signed in.
    ///
    /// # Errors
    /// When the waiting form has an invalid encoding.
    pub fn leave(&self, user: &User) -> Result<HttpResponse, Error> {
        match self.waiting_form()? {
            Some(form) => render(&ResumePage {
                shell: Shell::new("You are signed in again")
                    .signed_in(user.name.as_str(), user.admin),
                form,
            }),
            None => Ok(see_other(self.target())),
        }
    }
}

#[derive(Template)]
#[template(path = "auth/resume.html")]
struct ResumePage {
    shell: Shell,
    form: WaitingForm,
}

/// A form that was typed before the session ended, without its password fields.
#[derive(Debug, Clone, Template)]
#[template(path = "auth/waiting_form.html")]
pub struct WaitingForm {
    path: String,
    entries: Vec<WaitingField>,
}

impl HtmlSafe for WaitingForm {}

#[derive(Debug, Clone)]
struct WaitingField {
    name: String,
    label: String,
    value: String,
}

impl WaitingForm {
    fn of(resume: &Resume) -> Result<Self, Error> {
        let fields = Fields::parse(resume.body.as_bytes())?;
        let entries = fields
            .iter()
            .filter(|(name, _)| !name.contains("password"))
            .map(|(name, value)| WaitingField {
                name: name.to_owned(),
                label: in_words(name),
                value: value.to_owned(),
            })
            .collect();
        Ok(Self {
            path: resume.path.as_str().to_owned(),
            entries,
        })
    }
}

/// `starts_at` → `Starts at`
fn in_words(name: &str) -> String {
    let spaced = name.replace(['_', '-'], " ");
    let mut letters = spaced.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
