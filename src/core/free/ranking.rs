//! Order of offers: the nearest to the preferred start, or those without advice at the usual times.

use chrono::Timelike;

use super::search::FreeTime;
use super::wish::SearchRequest;
use crate::core::programme::Programme;
use crate::core::rules::{Candidate, Conflict, check};
use crate::core::time::Instant;

/// An offer with what there is to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The offer.
    pub offer: FreeTime,
    /// Advice: never in the way.
    pub advice: Vec<Conflict>,
}

/// Puts offers in order: the nearest to the time wished for. Without such a time, the fewest pieces of advice first,
/// then full and half hours, quarters and the rest, each by time: meetings begin when people expect them to.
///
/// The room at each start is already the one with the fewest spare seats, and the interpreters the fewest that do.
#[must_use]
pub fn ranked(programme: &Programme, wish: &SearchRequest, offers: Vec<FreeTime>) -> Vec<Ranked> {
    let judged = offers.into_iter();
    let mut ranked: Vec<Ranked> = judged
        .map(|offer| judged_one(programme, wish, offer))
        .collect();
    ranked.sort_by_key(|each| rank(programme, wish, &each.offer, each.advice.len()));
    ranked
}

/// The first of [`ranked`]; offers that cannot be it are not judged.
#[must_use]
pub fn best(
    programme: &Programme,
    wish: &SearchRequest,
    mut offers: Vec<FreeTime>,
) -> Option<Ranked> {
    let rank = |offer: &FreeTime, advice| rank(programme, wish, offer, advice);
    offers.sort_by_key(|offer| rank(offer, 0));
    let mut best: Option<Ranked> = None;
    for offer in offers {
        let known = best
            .as_ref()
            .map(|known| rank(&known.offer, known.advice.len()));
        if known.is_some_and(|known| known <= rank(&offer, 0)) {
            break;
        }
        let judged = judged_one(programme, wish, offer);
        if known.is_none_or(|known| rank(&judged.offer, judged.advice.len()) < known) {
            best = Some(judged);
        }
    }
    best
}

fn judged_one(programme: &Programme, wish: &SearchRequest, offer: FreeTime) -> Ranked {
    let details = wish.details(&offer);
    let candidate = Candidate::of(wish.moving, &details);
    Ranked {
        advice: check(programme, candidate),
        offer,
    }
}

/// The lower the better; more advice never makes it lower.
fn rank(
    programme: &Programme,
    wish: &SearchRequest,
    offer: &FreeTime,
    advice: usize,
) -> (usize, usize, Instant) {
    let start = offer.placement.interval.start();
    match wish.near {
        Some(near) => (away(start, near), advice, start),
        None => (advice, oddness(programme, start), start),
    }
}

/// Minutes between the two, whichever comes first.
fn away(start: Instant, near: Instant) -> usize {
    usize::try_from(start.minutes_since(near).unsigned_abs()).unwrap_or(usize::MAX)
}

/// How far from a time at which people expect meetings to begin: 0 for full and half hours, 1 for quarters.
fn oddness(programme: &Programme, start: Instant) -> usize {
    match programme.event.time_zone.local(start).minute() {
        0 | 30 => 0,
        15 | 45 => 1,
        _ => 2,
    }
}
