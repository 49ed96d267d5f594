//! Last step of every sign-in: a session under a fresh token.

use actix_web::HttpResponse;

use crate::auth::{device, store};
use crate::core::user::User;
use crate::db::Conn;
use crate::runtime::secret::SessionToken;
use crate::server::Error;
use crate::server::session::CurrentUser;

/// A session that has begun, with what its browser is given.
pub struct StartedSession {
    /// The session's token.
    pub token: SessionToken,
    device: Option<SessionToken>,
}

impl StartedSession {
    /// Begins a session; the one that the browser had ends.
    pub fn begin(conn: &mut Conn, current_user: &CurrentUser, user: &User) -> Result<Self, Error> {
        let token = SessionToken::fresh();
        store::begin_session(
            conn,
            user,
            &token.hash(),
            current_user.token(),
            current_user.now,
        )?;
        Ok(Self {
            token,
            device: device::remember(conn, current_user.device(), user.id, current_user.now)?,
        })
    }

    /// Gives the browser its cookies.
    pub fn give_to(&self, response: &mut HttpResponse) -> Result<(), Error> {
        give(response, &self.token)?;
        if let Some(device) = &self.device {
            response
                .add_cookie(&device.device_cookie())
                .map_err(Error::internal)?;
        }
        Ok(())
    }
}

/// Gives the browser a token.
pub fn give(response: &mut HttpResponse, token: &SessionToken) -> Result<(), Error> {
    response
        .add_cookie(&token.cookie())
        .map_err(Error::internal)
}
