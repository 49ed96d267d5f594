//! Pages behind private links: the schedule as last notified, a calendar to subscribe to, and the slots
//! it is asked about.
//!
//! There is no sign-in here. A link leads to a page with one button, because mail scanners open every link in
//! it; the button gives the browser a pass for that delegation, in a cookie of its own, and leads on to an address that
//! is no secret. Each delegation has its own address and its own cookie: a browser may hold passes of several,
//! and each page uses only its own.

mod access;
mod closed;
mod entry;
mod schedule;
mod slot;

pub use entry::{close, open, paper_by_link, show};
pub use schedule::{feed, page, paper};
pub use slot::{ask, take};

use access::PrivateAccess;
use closed::ClosedLink;

use crate::core::notice::answer::{Answer, NoticeReply};
use crate::core::programme::Programme;
use crate::core::time::Moment;
use crate::server::page::Shell;

/// The address of a delegation's schedule, for browsers that hold its pass.
fn address(programme: &Programme, code: &str) -> String {
    format!("/schedule/{}/{code}", programme.event.slug)
}

/// `24 December 2022, 09:00 (JST, UTC+9)`
fn moment_at(programme: &Programme, moment: Moment) -> String {
    programme.event.time_zone.moment(moment)
}

/// An answer of theirs: what, when, and the comment.
struct GivenAnswer {
    reply: NoticeReply,
    at: String,
    comment: String,
}

impl GivenAnswer {
    fn of(programme: &Programme, answer: &Answer) -> Self {
        Self {
            reply: answer.reply,
            at: moment_at(programme, answer.answered_at),
            comment: answer.comment.clone(),
        }
    }
}

/// The frame of a page about an event, for visitors without an account.
fn shell(programme: &Programme, title: &str) -> Shell {
    Shell::new(format!("{title} – {}", programme.event.name)).headed(title)
}

/// Whom to ask.
struct OfficeContact {
    name: String,
    email: String,
    mailto: String,
    phone: String,
}

impl OfficeContact {
    fn of(programme: &Programme) -> Self {
        let office = &programme.event.office;
        Self {
            name: office.name.to_string(),
            email: office.email.to_string(),
            mailto: office.email.mailto(),
            phone: office.phone.clone(),
        }
    }
}
