//! The order of offers: the nearest to the time wished for, or what nobody advises against at the usual times.

use chrono::Timelike;

use super::search::Offer;
use super::wish::Wish;
use crate::event::programme::Programme;
use crate::slot::rules::{Candidate, Conflict, check};
use crate::time::Instant;

/// An offer with what there is to know about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranked {
    /// The offer.
    pub offer: Offer,
    /// Advice: never in the way.
    pub advice: Vec<Conflict>,
}

/// Puts offers in order: the nearest to the time wished for. Without such a time, the fewest pieces of advice first,
/// then full and half hours, quarters and the rest, each by time: meetings begin when people expect them to.
///
/// The room at each start is already the one with the fewest spare seats, and the interpreters the fewest that do.
#[must_use]
pub fn ranked(programme: &Programme, wish: &Wish, offers: Vec<Offer>) -> Vec<Ranked> {
    let judged = offers.into_iter().map(|offer| {
        let details = wish.details(offer.interval, offer.room, &offer.interpreters);
        let candidate = Candidate {
            id: wish.moving,
            details: &details,
        };
        Ranked {
            advice: check(programme, candidate),
            offer,
        }
    });
    let mut ranked: Vec<Ranked> = judged.collect();
    ranked.sort_by_key(|each| {
        let start = each.offer.interval.start();
        let advice = each.advice.len();
        match wish.near {
            Some(near) => (away(start, near), advice, start),
            None => (advice, oddness(programme, start), start),
        }
    });
    ranked
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
