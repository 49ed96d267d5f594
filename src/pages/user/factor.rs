//! What administrators do about second factors: they require them of officers and administrators, and take one away
//! whose device is lost.

use actix_web::{HttpResponse, web};

use crate::auth::account;
use crate::auth::factor::store as factors;
use crate::core::user::UserId;
use crate::server::Error;
use crate::server::app::App;
use crate::server::form::Fields;
use crate::server::page::see_other_done;
use crate::server::session::CurrentUser;

/// `POST /users/second-factor`
///
/// # Errors
/// For all but administrators, or when the database fails.
pub async fn require(
    app: web::Data<App>,
    current_user: CurrentUser,
    fields: Fields,
) -> Result<HttpResponse, Error> {
    let required = app
        .db
        .write(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            let fields = fields.only(&["required"])?;
            let required = match fields.get("required") {
                "yes" => true,
                "no" => false,
                _ => {
                    return Err(Error::BadRequest(
                        "Say whether a second factor is required: “yes” or “no”. Nothing was changed.".into(),
                    ));
                }
            };
            factors::require(conn, required, &session.user.actor(), current_user.now)?;
            Ok(required)
        })
        .await?;
    let done = if required {
        "factor-required"
    } else {
        "factor-optional"
    };
    Ok(see_other_done("/users", done))
}

/// `POST /users/{user}/second-factor/removal`
///
/// # Errors
/// For all but administrators, for unknown users, for one's own (which asks for the password), or when the
/// database fails.
pub async fn reset(
    app: web::Data<App>,
    current_user: CurrentUser,
    user: web::Path<i64>,
) -> Result<HttpResponse, Error> {
    let user = UserId(*user);
    let removed = app
        .db
        .write(move |conn| {
            let session = current_user.session(conn)?.administrator()?;
            if user == session.user.id {
                return Err(Error::Forbidden(
                    "Change your own second factor on the page of your account; it asks for the password."
                        .into(),
                ));
            }
            account::by_id(conn, user)?;
            let actor = session.user.actor();
            Ok(factors::remove(conn, user, None, &actor, current_user.now)?)
        })
        .await?;
    if !removed {
        return Err(Error::Conflict(
            "Nothing was changed: the user has no second factor.".into(),
        ));
    }
    Ok(see_other_done(
        &format!("/users/{}", user.0),
        "factor-reset",
    ))
}
