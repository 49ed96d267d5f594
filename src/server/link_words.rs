//! A delegation's private links in words, for officers.

use crate::core::event::Event;
use crate::core::time::Moment;
use crate::store::private_link::{IssuedLinks, expired};

/// What officers read of a delegation's links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkWords {
    /// `The links open until Saturday, 31 December 2022.`
    pub end: String,
    /// They have expired.
    pub over: bool,
    /// When they first opened one, and when they last did, or answered by it.
    pub used: String,
}

impl LinkWords {
    /// Words a delegation's links as they are now.
    #[must_use]
    pub fn of(event: &Event, links: &IssuedLinks, now: Moment) -> Self {
        let end = expired::end(event, links.issued_at);
        let over = links.seen_over_at.map_or(now, |seen| now.max(seen)) >= end;
        let day = expired::last_day(event, end);
        let at = |moment: Moment| event.time_zone.moment(moment);
        Self {
            end: if over {
                format!("The links were valid until {day}: replace them if they are still needed.")
            } else {
                format!("The links are valid until {day}.")
            },
            over,
            used: match links.used_at {
                None => "No private link has been opened yet.".to_owned(),
                Some((first, last)) => format!(
                    "A private link was first opened on {}, and last used on {}.",
                    at(first),
                    at(last)
                ),
            },
        }
    }
}
