//! Deletes a user: name and address go from the account, from mail, from notes under events and from the history.

use diesel::prelude::*;
use serde_json::Value;

use super::redact::redact_value;
use super::{ErasureError, PersonNames, erase_mails, place};
use crate::auth::account;
use crate::core::action::{Action, noun};
use crate::core::event::{EventId, Revision};
use crate::core::time::Moment;
use crate::core::user::{Actor, UserId};
use crate::db::Conn;
use crate::db::schema::{
    answers, audit as history, events, inbox, mail_queue, outbox, overrides, users,
};
use crate::mail::outbox::MailId;
use crate::store::audit::redaction::{self, RedactableRow, RedactionRequest};
use crate::store::audit::{self, HistoryEntry, pseudonym};
use crate::store::transaction;

/// What follows a user's name where a program acted for the user.
const WITH_TOKEN: &str = " with token “";

/// A user as they are looked for.
struct KnownUser {
    id: UserId,
    person: PersonNames,
    /// Notes have only the name, which identifies the user unless another user has the same.
    name: Option<String>,
}

/// Deletes a user in one transaction. What the user did stays in the history, under a pseudonym, which is given back.
///
/// # Errors
/// [`ErasureError::OwnAccount`]; for the last administrator and unknown users; or as the database says.
pub fn delete(
    conn: &mut Conn,
    user: UserId,
    actor: &Actor,
    now: Moment,
) -> Result<String, ErasureError> {
    if actor.user == Some(user.0) {
        return Err(ErasureError::OwnAccount);
    }
    conn.transaction(|conn| {
        account::lock_administrators(conn)?;
        let account = load(conn, user)?;
        let mails: Vec<MailId> = outbox::table
            .filter(outbox::event_id.is_null())
            .filter(outbox::recipient.eq_any(&account.person.addresses))
            .select(outbox::id)
            .load(conn)?;
        erase_mails(conn, &mails, &account.person, now)?;
        // Sessions, tokens, links, factors, devices and roles go with the account.
        diesel::delete(users::table.find(user)).execute(conn)?;
        account::check_administrator_left(conn)?;
        for event in concerned(conn, &account)? {
            erase_in_event(conn, event, &account, actor, now)?;
        }
        place::replace(conn, None, &account.person)?;
        if let Some(name) = &account.name {
            diesel::update(mail_queue::table.filter(mail_queue::paused_by.eq(name)))
                .set(mail_queue::paused_by.eq(Some(pseudonym::of_former_user(user))))
                .execute(conn)?;
        }
        for event in deleted_events(conn, &account)? {
            redact_chain(conn, Some(event), &account, actor, now)?;
        }
        record(conn, &account, actor, now)?;
        Ok(account.person.pseudonym)
    })
}

fn load(conn: &mut Conn, user: UserId) -> Result<KnownUser, ErasureError> {
    let stored = account::by_id(conn, user)?.user;
    let namesakes: i64 = users::table
        .filter(users::name.eq(stored.name.as_str()))
        .count()
        .get_result(conn)?;
    Ok(KnownUser {
        id: user,
        person: PersonNames {
            pseudonym: pseudonym::of_user(user),
            addresses: vec![stored.email.as_str().to_lowercase()],
            names: vec![stored.name.to_string()],
            phones: Vec::new(),
        },
        name: (namesakes == 1).then(|| stored.name.to_string()),
    })
}

/// The events that name the user, in the order in which all who write to several take them.
fn concerned(conn: &mut Conn, account: &KnownUser) -> QueryResult<Vec<EventId>> {
    let all: Vec<EventId> = events::table
        .order(events::id)
        .select(events::id)
        .load(conn)?;
    let mut concerned = Vec::new();
    for event in all {
        let named: i64 = history::table
            .filter(history::event_id.eq(event))
            .filter(history::actor_id.eq(account.id.0))
            .filter(diesel::dsl::not(
                history::actor.like(format!("{}%", account.person.pseudonym)),
            ))
            .count()
            .get_result(conn)?;
        if named > 0 || has_notes(conn, event, account)? {
            concerned.push(event);
        }
    }
    Ok(concerned)
}

/// Events that were deleted and whose history still names the user, each with a revision that it never had.
fn deleted_events(conn: &mut Conn, account: &KnownUser) -> QueryResult<Vec<(EventId, Revision)>> {
    let named: Vec<(Option<EventId>, Option<Revision>)> = history::table
        .filter(history::actor_id.eq(account.id.0))
        .filter(history::event_id.is_not_null())
        .filter(diesel::dsl::not(
            history::event_id.eq_any(events::table.select(events::id.nullable())),
        ))
        .group_by(history::event_id)
        .order(history::event_id)
        .select((history::event_id, diesel::dsl::max(history::revision)))
        .load(conn)?;
    Ok(named
        .into_iter()
        .filter_map(|(event, revision)| {
            let last = revision.map_or(0, |revision| revision.0);
            Some((event?, Revision(last + 1)))
        })
        .collect())
}

/// True when a text under the event bears the user's name or address.
fn has_notes(conn: &mut Conn, event: EventId, account: &KnownUser) -> QueryResult<bool> {
    for table in place::tables() {
        let Some(condition) = place::of_event(table, event).filter(|_| table.name != "events")
        else {
            continue;
        };
        let mut terms = account.person.addresses.clone();
        if ["overrides", "inbox", "answers"].contains(&table.name) {
            terms.extend(account.name.clone());
        }
        if !place::containing(conn, table, Some(&condition), &terms)?.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

fn erase_in_event(
    conn: &mut Conn,
    event: EventId,
    account: &KnownUser,
    actor: &Actor,
    now: Moment,
) -> QueryResult<()> {
    let version = transaction::raise(conn, event)?;
    let nobodys_name = PersonNames {
        names: Vec::new(),
        ..account.person.clone()
    };
    place::replace(conn, Some(event), &nobodys_name)?;
    if let Some(name) = &account.name {
        let former = pseudonym::of_former_user(account.id);
        let escaped = name
            .replace('\\', r"\\")
            .replace('%', r"\%")
            .replace('_', r"\_");
        let with_token = format!("{escaped}{WITH_TOKEN}%");
        macro_rules! rename {
            ($table:ident . $column:ident) => {
                diesel::update(
                    $table::table.filter($table::event_id.eq(event)).filter(
                        $table::$column
                            .eq(name)
                            .or($table::$column.like(&with_token).escape('\\')),
                    ),
                )
                .set($table::$column.eq(&former))
                .execute(conn)?
            };
        }
        rename!(overrides.author);
        rename!(inbox.handled_by);
        rename!(answers.answered_by);
    }
    redact_chain(conn, Some((event, version.revision)), account, actor, now)?;
    transaction::announce(conn, event, version)
}

fn redact_chain(
    conn: &mut Conn,
    event: Option<(EventId, Revision)>,
    account: &KnownUser,
    actor: &Actor,
    at: Moment,
) -> QueryResult<usize> {
    let order = RedactionRequest {
        event,
        at,
        actor,
        person: &account.person.pseudonym,
    };
    redaction::redact(conn, order, |row| redact(row, account))
}

fn record(conn: &mut Conn, account: &KnownUser, actor: &Actor, now: Moment) -> QueryResult<()> {
    redact_chain(conn, None, account, actor, now)?;
    audit::record(
        conn,
        &HistoryEntry {
            at: now,
            event: None,
            actor,
            action: Action::UserDeleted,
            subject_id: Some(account.id.0),
            subject: &account.person.pseudonym,
            before: None,
            after: None,
        },
    )
}

/// Takes the user out of a row of the history; false when it does not name them.
fn redact(row: &mut RedactableRow, account: &KnownUser) -> bool {
    let (person, mut changed) = (&account.person, false);
    if row.actor_id == Some(account.id.0) && !row.actor.starts_with(&person.pseudonym) {
        let way = row.actor.find(WITH_TOKEN).map_or("", |at| &row.actor[at..]);
        (row.actor, changed) = (format!("{}{way}", person.pseudonym), true);
    }
    let noun = noun(&row.action);
    let about = matches!(noun, "user" | "token" | "calendar_link");
    let is_about_them = about && row.subject_id == Some(account.id.0);
    if is_about_them && row.subject != person.pseudonym {
        (row.subject, changed) = (person.pseudonym.clone(), true);
    } else if let Some(subject) = person.replaced(&row.subject, false) {
        (row.subject, changed) = (subject, true);
    }
    for json in [&mut row.before_json, &mut row.after_json] {
        let parsed = json
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok());
        let Some(mut value): Option<Value> = parsed else {
            continue;
        };
        let mut differs = redact_value(&mut value, person, false);
        if let Value::Object(fields) = &mut value {
            if is_about_them && noun == "user" {
                for field in ["name", "email", "subject"] {
                    differs |= fields.remove(field).is_some();
                }
            }
            let by = fields
                .get_mut("by")
                .filter(|by| account.name.is_some() && by.as_str() == account.name.as_deref());
            if let Some(by) = by {
                (*by, differs) = (person.pseudonym.clone().into(), true);
            }
        }
        if differs {
            (*json, changed) = (Some(value.to_string()), true);
        }
    }
    changed
}
