//! Notices: telling delegations, private links and answers.

pub mod answer_pages;
pub mod answering;
pub mod link;
pub mod link_life;
pub mod link_store;
pub mod link_words;
pub mod pages;
pub mod private;
pub mod store;
pub mod telling;
pub mod writing;
