//! Free times: what could be booked, where and with whom, and the obstacles to the rest. Pure.
//!
//! One engine answers every question. A [`board::Board`] has the starts of a day as its rows and a column for the people,
//! for each room and for each interpreter; each slot that one of them is in marks the starts that come too close to it.
//! A row that has nothing in the chosen columns is free by the rules of [`crate::core::rules`], whose own functions
//! say what is too close. The board serves [`search`], the [`alternatives`] to a refused slot, and the time from
//! which a resource [is free again](resource_free_from).

mod alternatives;
mod board;
mod cover;
mod following;
mod ranking;
pub(crate) mod relaxing;
mod search;
mod staffing;
#[cfg(test)]
mod tests;
pub(crate) mod wish;

pub use alternatives::{MOST_ALTERNATIVES, alternatives, bookable_from, resource_free_from};
pub use following::{FollowingMove, MOST_MOVES, following};
pub use ranking::{Ranked, best, ranked};
pub use relaxing::{Loosened, Relaxation, relaxations};
pub use search::{FreeTime, Obstacle, SearchResult, TakenTime, search};
pub use wish::{RoomChoice, SearchRequest, SearchRequestError};
