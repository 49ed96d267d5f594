//! Refuses requests whose sender has tried too often, before anything costly is done.

use crate::auth::throttle::{Counters, ThrottleError, check_memory, count, over, remember};
use crate::core::time::Moment;
use crate::server::Error;
use crate::server::app::App;

/// Refuses a try that is already over a limit, from memory or after a read; counts nothing.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before.
pub async fn refuse_if_over(app: &App, counters: &Counters, now: Moment) -> Result<(), Error> {
    check_memory(&app.refusals, counters, now)?;
    let asked = counters.clone();
    let over = app
        .db
        .read(move |conn| Ok::<_, Error>(over(conn, &asked, now)?))
        .await?;
    Ok(remember(&app.refusals, over, now)?)
}

/// Refuses an attempt that is over a limit, else counts it.
///
/// # Errors
/// [`Error::TooMany`] when there were too many before, or as the database says.
pub async fn admit(app: &App, counters: Counters, now: Moment) -> Result<(), Error> {
    refuse_if_over(app, &counters, now).await?;
    let count = move |conn: &mut _| count(conn, &counters, now);
    Ok(app.db.write::<_, ThrottleError>(count).await?)
}
