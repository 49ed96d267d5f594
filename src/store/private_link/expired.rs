//! How long private links open anything, and what is remembered of those that were seen to be over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::core::delegation::DelegationId;
use crate::core::event::Event;
use crate::core::time::Moment;
use crate::runtime::secret::TokenHash;

const DAY: i64 = 86_400;
/// Days after the event's last one on which links still open: people look up when they met.
const AFTER_THE_EVENT: u64 = 7;
/// Seconds for which links open at least, counted from when they were issued.
const LEAST: i64 = 30 * DAY;
/// The longest life of a browser's pass, in seconds.
pub const PASS_SECONDS: i64 = 30 * DAY;

/// The moment at which a delegation's links expire: the end of the seventh day after the event's last, in the
/// venue's zone, but never less than thirty days after they were issued.
#[must_use]
pub fn end(event: &Event, issued_at: Moment) -> Moment {
    let least = issued_at.plus(LEAST);
    let closing = event.days.iter().map(|day| day.date).max();
    closing
        .and_then(|day| day.checked_add_days(chrono::Days::new(AFTER_THE_EVENT + 1)))
        .map_or(least, |day| {
            event.time_zone.midnight(day).moment().max(least)
        })
}

/// The last day, at the venue, on which links with this end open.
#[must_use]
pub fn last_day(event: &Event, end: Moment) -> String {
    event.time_zone.day_in_words(end.plus(-1).instant())
}

/// Links seen as expired on this server, and when: a clock that is set back revives none of them. Viewing a page
/// writes nothing to the database, so this is in memory; pressing a button stores it as well.
#[derive(Clone, Default)]
pub struct ExpiredLinks(Arc<Mutex<HashMap<LinkSubject, Moment>>>);

/// What can be over.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LinkSubject {
    /// A generation of a delegation's links.
    Links(DelegationId, i32),
    /// What a link opened in a browser.
    Pass(TokenHash),
}

impl ExpiredLinks {
    /// True when `end` has come, by this moment or by one at which the subject was seen to be over before. An end that
    /// moves past all of them opens it again: the event lasts longer.
    #[must_use]
    pub fn is_over(&self, subject: LinkSubject, end: Moment, now: Moment) -> bool {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = seen.get(&subject).map_or(now, |before| now.max(*before));
        let over = latest >= end;
        if over {
            seen.insert(subject, latest);
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::sample;

    /// The ninth meeting lasts for one day, 24 December 2022; midnight in Tokyo is 15:00 UTC.
    fn at(day: &str, hour: u32) -> Moment {
        let day = crate::core::time::parse_date(day).unwrap();
        Moment::from_seconds(day.and_hms_opt(hour, 0, 0).unwrap().and_utc().timestamp())
    }

    #[test]
    fn links_open_for_seven_days_after_the_event_at_the_venue() {
        let event = &sample::ninth_meeting().event;
        let end = end(event, at("2022-11-01", 0));
        assert_eq!(end, at("2022-12-31", 15));
        assert_eq!(last_day(event, end), "Saturday, 31 December 2022");
    }

    #[test]
    fn links_open_for_thirty_days_whenever_the_event_was() {
        let event = &sample::ninth_meeting().event;
        assert_eq!(end(event, at("2022-12-02", 3)), at("2023-01-01", 3));
        assert_eq!(end(event, at("2026-11-26", 3)), at("2026-12-26", 3));
    }

    #[test]
    fn seen_expiry_stays_when_the_clock_goes_back() {
        let seen = ExpiredLinks::default();
        let links = |generation| LinkSubject::Links(DelegationId(7), generation);
        let over = |generation, end: i64, now: i64| {
            let moment = Moment::from_seconds;
            seen.is_over(links(generation), moment(end), moment(now))
        };
        assert!(!over(0, 100, 99));
        assert!(over(0, 100, 100));
        assert!(over(0, 100, 50), "the clock went back");
        assert!(!over(1, 100, 50), "made anew");
        assert!(!over(0, 200, 50), "the event goes on for longer");
        assert!(over(0, 100, 50), "and then it does not");
    }
}
