//! Checks and hashes new passwords away from the threads that answer requests.

use crate::auth::hashing::QueuePlace;
use crate::auth::password::{NewPassword, Rules};
use crate::core::user::UserId;
use crate::runtime::trace;
use crate::server::Error;
use crate::server::app::App;

/// Judges a password that a user wants.
///
/// # Errors
/// When the database or the file of breached passwords cannot be read; inside, a sentence that says what to change.
pub async fn accept(
    app: &App,
    user: Option<UserId>,
    own: &[&str],
    raw: &str,
) -> Result<Result<NewPassword, String>, Error> {
    let own: Vec<String> = own.iter().map(|&word| word.to_owned()).collect();
    let breached = app.config.breached.clone();
    let rules = app
        .db
        .read(move |conn| {
            let own: Vec<&str> = own.iter().map(String::as_str).collect();
            Ok::<_, Error>(Rules::load(conn, user, &own, breached)?)
        })
        .await?;
    let raw = raw.to_owned();
    trace::block(move || NewPassword::by(&raw, &rules))
        .await
        .map_err(Error::internal)?
        .map_err(Error::internal)
}

/// Hashes a password in the turn of the user whose password it becomes.
///
/// # Errors
/// [`Error::Busy`] when too many wait.
pub async fn hash(app: &App, password: NewPassword, user: UserId) -> Result<String, Error> {
    let turn = app.hashing.turn(QueuePlace::User(user)).await?;
    Ok(turn.hash(password.reveal().to_owned()).await?)
}
