//! Second factors in the database: whose, how often each code counts, and who must have one.

use diesel::prelude::*;
use serde_json::json;

use super::seal::Sealer;
use super::{RecoveryCode, Seed, Typed, step};
use crate::auth::account::{AccountError, note};
use crate::auth::invitation;
use crate::auth::store::end_sessions;
use crate::core::action::Action;
use crate::core::time::Moment;
use crate::core::user::{Actor, EventRole, User, UserId};
use crate::db::Conn;
use crate::db::schema::{account_rules, memberships, recovery_codes, second_factors, users};
use crate::db::word::Word;
use crate::runtime::secret::TokenHash;
use crate::store::audit::{self, HistoryEntry};

/// A second factor as its owner sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Factor {
    /// When it was set up.
    pub created_at: Moment,
    /// Recovery codes that are left.
    pub codes_left: i64,
}

/// The second factor of a user, if there is one.
pub fn of(conn: &mut Conn, user: UserId) -> QueryResult<Option<Factor>> {
    let created_at: Option<Moment> = second_factors::table
        .find(user)
        .select(second_factors::created_at)
        .get_result(conn)
        .optional()?;
    let Some(created_at) = created_at else {
        return Ok(None);
    };
    let codes_left = recovery_codes::table
        .filter(recovery_codes::user_id.eq(user))
        .count()
        .get_result(conn)?;
    Ok(Some(Factor {
        created_at,
        codes_left,
    }))
}

/// Lists all users who have one.
pub fn owners(conn: &mut Conn) -> QueryResult<Vec<UserId>> {
    second_factors::table
        .select(second_factors::user_id)
        .load(conn)
}

/// A new second factor of a user.
pub struct NewFactor {
    /// The seed, sealed for the user.
    pub sealed: String,
    /// The half minute whose code has shown that the device has it; that code counts no more.
    pub step: i64,
    /// The recovery codes.
    pub codes: Vec<RecoveryCode>,
}

/// Replaces a user's second factor. All sessions except `kept` end.
pub fn set(
    conn: &mut Conn,
    user: &User,
    factor: &NewFactor,
    kept: Option<&TokenHash>,
    now: Moment,
) -> Result<(), AccountError> {
    conn.transaction(|conn| {
        clear(conn, user.id)?;
        diesel::insert_into(second_factors::table)
            .values((
                second_factors::user_id.eq(user.id),
                second_factors::seed.eq(&factor.sealed),
                second_factors::last_step.eq(factor.step),
                second_factors::created_at.eq(now),
            ))
            .execute(conn)?;
        put_codes(conn, user.id, &factor.codes)?;
        diesel::update(users::table.find(user.id))
            .set(users::factor_reset_at.eq(None::<Moment>))
            .execute(conn)?;
        end_sessions(conn, user.id, kept)?;
        invitation::end_all(conn, user.id, now)?;
        let actor = user.actor();
        note(
            conn,
            &actor,
            now,
            Action::UserFactorSet,
            user.id,
            (None, None),
        )
    })
}

/// Replaces a user's recovery codes.
///
/// # Errors
/// [`AccountError::Unknown`] for a user without a second factor, or as the database says.
pub fn renew_codes(
    conn: &mut Conn,
    user: &User,
    codes: &[RecoveryCode],
    now: Moment,
) -> Result<(), AccountError> {
    conn.transaction(|conn| {
        diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user.id)))
            .execute(conn)?;
        of(conn, user.id)?.ok_or(AccountError::Unknown)?;
        put_codes(conn, user.id, codes)?;
        let action = Action::UserRecoveryCodesRenewed;
        note(conn, &user.actor(), now, action, user.id, (None, None))
    })
}

/// Removes a user's second factor, which ends their sessions except `kept`; false when there was none. When an
/// administrator removes it, the user is notified at the next sign-in.
pub fn remove(
    conn: &mut Conn,
    user: UserId,
    kept: Option<&TokenHash>,
    actor: &Actor,
    now: Moment,
) -> Result<bool, AccountError> {
    conn.transaction(|conn| {
        if !clear(conn, user)? {
            return Ok(false);
        }
        end_sessions(conn, user, kept)?;
        invitation::end_all(conn, user, now)?;
        let own = actor.user == Some(user.0);
        if !own {
            diesel::update(users::table.find(user))
                .set(users::factor_reset_at.eq(Some(now)))
                .execute(conn)?;
        }
        let action = if own {
            Action::UserFactorRemoved
        } else {
            Action::UserFactorReset
        };
        note(conn, actor, now, action, user, (None, None))?;
        Ok(true)
    })
}

/// Returns when an administrator removed a user's second factor, until there is a new one.
pub fn reset_at(conn: &mut Conn, user: UserId) -> QueryResult<Option<Moment>> {
    users::table
        .find(user)
        .select(users::factor_reset_at)
        .get_result(conn)
}

fn clear(conn: &mut Conn, user: UserId) -> QueryResult<bool> {
    let cleared = diesel::delete(second_factors::table.find(user)).execute(conn)?;
    diesel::delete(recovery_codes::table.filter(recovery_codes::user_id.eq(user))).execute(conn)?;
    step::end_all(conn, user)?;
    Ok(cleared == 1)
}

fn put_codes(conn: &mut Conn, user: UserId, codes: &[RecoveryCode]) -> QueryResult<()> {
    for code in codes {
        diesel::insert_into(recovery_codes::table)
            .values((
                recovery_codes::user_id.eq(user),
                recovery_codes::code_hash.eq(code.hash().as_str()),
            ))
            .execute(conn)?;
    }
    Ok(())
}

/// True when what was typed is right and was never used before; it is used now.
///
/// A code of the device counts when its half minute is later than every one that counted before, whatever the clock
/// says: a clock that was set back makes no used code good again. Both are one conditional statement, so that of two
/// that arrive together one is refused.
pub fn spend(
    conn: &mut Conn,
    sealer: &Sealer,
    user: UserId,
    typed: &Typed,
    now: Moment,
) -> QueryResult<bool> {
    let spent = match typed {
        Typed::Recovery(hash) => diesel::delete(
            recovery_codes::table
                .filter(recovery_codes::user_id.eq(user))
                .filter(recovery_codes::code_hash.eq(hash.as_str())),
        )
        .execute(conn)?,
        Typed::Code(code) => {
            let Some(step) = seed(conn, sealer, user)?.and_then(|seed| seed.step_of(code, now))
            else {
                return Ok(false);
            };
            diesel::update(
                second_factors::table
                    .find(user)
                    .filter(second_factors::last_step.lt(step)),
            )
            .set(second_factors::last_step.eq(step))
            .execute(conn)?
        }
    };
    Ok(spent == 1)
}

fn seed(conn: &mut Conn, sealer: &Sealer, user: UserId) -> QueryResult<Option<Seed>> {
    let stored: Option<String> = second_factors::table
        .find(user)
        .select(second_factors::seed)
        .get_result(conn)
        .optional()?;
    let opened = stored.as_ref().and_then(|seed| sealer.open(seed, user));
    if stored.is_some() && opened.is_none() {
        tracing::error!(
            user = user.0,
            "a second factor was sealed with another secret file: recovery codes still count; 'iikura user reset-factor' takes it away"
        );
    }
    Ok(opened)
}

/// True when officers and administrators have to have a second factor.
pub fn is_required(conn: &mut Conn) -> QueryResult<bool> {
    account_rules::table
        .find(1)
        .select(account_rules::second_factor_required)
        .get_result(conn)
}

/// Lays down whether officers and administrators have to have one.
pub fn require(
    conn: &mut Conn,
    required: bool,
    actor: &Actor,
    now: Moment,
) -> Result<(), AccountError> {
    conn.transaction(|conn| {
        let changed = diesel::update(
            account_rules::table
                .find(1)
                .filter(account_rules::second_factor_required.ne(required)),
        )
        .set(account_rules::second_factor_required.eq(required))
        .execute(conn)?;
        if changed == 0 {
            return Ok(());
        }
        let rule = |required: bool| json!({ "second_factor_required": required });
        audit::record(
            conn,
            &HistoryEntry {
                at: now,
                event: None,
                actor,
                action: Action::UsersSecondFactorRequired,
                subject_id: None,
                subject: "Officers and administrators",
                before: Some(rule(!required)),
                after: Some(rule(required)),
            },
        )?;
        Ok(())
    })
}

/// True when this user has to have a second factor.
pub fn must_have(conn: &mut Conn, user: &User) -> QueryResult<bool> {
    if !is_required(conn)? {
        return Ok(false);
    }
    if user.admin {
        return Ok(true);
    }
    let officer = memberships::table
        .filter(memberships::user_id.eq(user.id))
        .filter(memberships::role.eq(Word(EventRole::Officer)));
    diesel::select(diesel::dsl::exists(officer)).get_result(conn)
}
