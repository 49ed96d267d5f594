//! Forgets a contact of an event: name, address and telephone go from contacts, mail, answers and history.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde_json::Value;

use super::redact::{redact_actor, redact_value};
use super::{AT_ONCE, ErasureError, PersonNames, erase_mails, place, wipe_enclosures};
use crate::core::action::{Action, noun};
use crate::core::delegation::{ContactId, DelegationId};
use crate::core::event::EventId;
use crate::core::time::Moment;
use crate::core::user::Actor;
use crate::db::schema::{answers, contacts, delegations, events, inbox, link_passes, outbox};
use crate::db::word::Word;
use crate::db::{Conn, Db};
use crate::mail::outbox::{MailId, MailState};
use crate::runtime::random::fresh_id;
use crate::store::audit::pseudonym;
use crate::store::audit::redaction::{self, RedactableRow, RedactionRequest};
use crate::store::private_link;
use crate::store::programme_cache::ProgrammeCache;
use crate::store::transaction::{self, EventTx};

/// What an event stores about a contact.
#[derive(Debug, Clone)]
pub struct Traces {
    /// How they are named.
    pub person: PersonNames,
    /// The delegations of which they are a contact, or were when mail was written to them.
    pub delegations: BTreeSet<DelegationId>,
    /// The rows of the contacts.
    pub contacts: Vec<ContactId>,
    /// Mail to them.
    pub mails: Vec<MailId>,
    /// How much of it waits.
    pub waiting: usize,
    /// Mail from them.
    pub incoming: Vec<i64>,
    /// Answers that came from them by mail.
    pub answers: usize,
}

/// A contact of an event, as it is looked for.
#[derive(Queryable)]
struct KnownContact {
    id: ContactId,
    delegation: DelegationId,
    name: String,
    email: String,
    phone: String,
}

/// A mail of an event, as it is looked for.
#[derive(Queryable)]
struct Posted {
    id: MailId,
    delegation: Option<DelegationId>,
    recipient: String,
    recipient_name: String,
    state: Word<MailState>,
}

/// The address of a contact, if it is one of the event.
pub fn address_of(
    conn: &mut Conn,
    event: EventId,
    contact: ContactId,
) -> QueryResult<Option<String>> {
    contacts::table
        .inner_join(delegations::table.on(delegations::id.eq(contacts::delegation_id)))
        .filter(delegations::event_id.eq(event))
        .filter(contacts::id.eq(contact))
        .select(contacts::email)
        .get_result(conn)
        .optional()
}

/// Addresses that mail of a delegation went to and that are no contact's any more, each with its latest mail.
pub fn former_recipients(
    conn: &mut Conn,
    delegation: DelegationId,
) -> QueryResult<Vec<(String, MailId)>> {
    let present: Vec<String> = contacts::table
        .filter(contacts::delegation_id.eq(delegation))
        .select(contacts::email)
        .load(conn)?;
    let mails: Vec<(String, MailId)> = outbox::table
        .filter(outbox::delegation_id.eq(delegation))
        .order((outbox::created_at.desc(), outbox::id.desc()))
        .select((outbox::recipient, outbox::id))
        .load(conn)?;
    let mut former: Vec<(String, MailId)> = Vec::new();
    for (recipient, mail) in mails {
        let same = |known: &String| known.eq_ignore_ascii_case(&recipient);
        let is_known = present.iter().any(same) || former.iter().any(|(known, _)| same(known));
        if recipient.contains('@') && !is_known {
            former.push((recipient, mail));
        }
    }
    Ok(former)
}

/// Finds what an event stores about the person with an address; `None` when that is nothing.
pub fn find(conn: &mut Conn, event: EventId, address: &str) -> QueryResult<Option<Traces>> {
    let address = address.trim().to_lowercase();
    let known = contacts_of(conn, event)?;
    let posted = mails_of(conn, event)?;
    let is = |email: &str| email.eq_ignore_ascii_case(&address);
    let (mine, others): (Vec<KnownContact>, Vec<KnownContact>) =
        known.into_iter().partition(|contact| is(&contact.email));
    let to_them = || posted.iter().filter(|mail| is(&mail.recipient));
    let names: BTreeSet<String> = mine
        .iter()
        .map(|contact| &contact.name)
        .chain(to_them().map(|mail| &mail.recipient_name))
        .filter(|name| !name.is_empty())
        // “Liaison” may be another person as well.
        .filter(|name| !others.iter().any(|other| other.name == **name))
        .cloned()
        .collect();
    let mut delegations: BTreeSet<DelegationId> =
        mine.iter().map(|contact| contact.delegation).collect();
    delegations.extend(to_them().filter_map(|mail| mail.delegation));
    // A former address of theirs: of mail under the same name, and no contact's now.
    let earlier = posted.iter().filter(|mail| {
        mail.recipient.contains('@')
            && names.contains(&mail.recipient_name)
            && mail.delegation.is_some_and(|of| delegations.contains(&of))
            && !others
                .iter()
                .any(|other| other.email.eq_ignore_ascii_case(&mail.recipient))
    });
    let mut addresses: BTreeSet<String> =
        earlier.map(|mail| mail.recipient.to_lowercase()).collect();
    addresses.insert(address.clone());
    let pseudonym = mine
        .first()
        .map_or_else(|| ContactId(fresh_id()), |contact| contact.id);
    let person = PersonNames {
        pseudonym: pseudonym::of_contact(pseudonym),
        addresses: addresses.into_iter().collect(),
        names: names.into_iter().collect(),
        phones: mine
            .iter()
            .map(|contact| contact.phone.clone())
            .filter(|phone| !phone.is_empty())
            .collect(),
    };
    let mails: Vec<&Posted> = posted
        .iter()
        .filter(|mail| person.has_address(&mail.recipient))
        .collect();
    let waits = |mail: &&&Posted| {
        matches!(
            mail.state.0,
            MailState::Queued | MailState::Held | MailState::Sending
        )
    };
    let traces = Traces {
        delegations,
        contacts: mine.iter().map(|contact| contact.id).collect(),
        waiting: mails.iter().filter(waits).count(),
        mails: mails.iter().map(|mail| mail.id).collect(),
        incoming: incoming(conn, event, &person)?,
        answers: answered(conn, event, &person)?.len(),
        person,
    };
    let nothing = traces.contacts.is_empty()
        && traces.mails.is_empty()
        && traces.incoming.is_empty()
        && traces.answers == 0;
    if nothing && !is_mentioned(conn, event, &traces.person)? {
        return Ok(None);
    }
    Ok(Some(traces))
}

/// True when some text of the event has the address, and be it in the history.
fn is_mentioned(conn: &mut Conn, event: EventId, person: &PersonNames) -> QueryResult<bool> {
    for table in place::tables() {
        // The office is no person.
        if table.name == "events" {
            continue;
        }
        if let Some(condition) = place::of_event(table, event) {
            let found = place::containing(conn, table, Some(&condition), &person.addresses)?;
            if !found.is_empty() {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn contacts_of(conn: &mut Conn, event: EventId) -> QueryResult<Vec<KnownContact>> {
    contacts::table
        .inner_join(delegations::table.on(delegations::id.eq(contacts::delegation_id)))
        .filter(delegations::event_id.eq(event))
        .order(contacts::id)
        .select((
            contacts::id,
            contacts::delegation_id,
            contacts::name,
            contacts::email,
            contacts::phone,
        ))
        .load(conn)
}

fn mails_of(conn: &mut Conn, event: EventId) -> QueryResult<Vec<Posted>> {
    outbox::table
        .filter(outbox::event_id.eq(event))
        .select((
            outbox::id,
            outbox::delegation_id,
            outbox::recipient,
            outbox::recipient_name,
            outbox::state,
        ))
        .load(conn)
}

fn incoming(conn: &mut Conn, event: EventId, person: &PersonNames) -> QueryResult<Vec<i64>> {
    let senders: Vec<(i64, String)> = inbox::table
        .filter(inbox::event_id.eq(event))
        .select((inbox::id, inbox::sender))
        .load(conn)?;
    Ok(senders
        .into_iter()
        .filter(|(_, sender)| person.has_address(sender))
        .map(|(id, _)| id)
        .collect())
}

/// The answers that came from the person by mail.
fn answered(conn: &mut Conn, event: EventId, person: &PersonNames) -> QueryResult<Vec<(i64, i64)>> {
    let given: Vec<(i64, i64, String)> = answers::table
        .filter(answers::event_id.eq(event))
        .select((
            answers::slot_id,
            answers::delegation_id,
            answers::answered_by,
        ))
        .load(conn)?;
    Ok(given
        .into_iter()
        .filter(|(_, _, by)| person.has_address(by))
        .map(|(slot, delegation, _)| (slot, delegation))
        .collect())
}

/// Erases everything that the event stores about the person with an address, and records that under a pseudonym, which
/// it gives.
///
/// # Errors
/// [`ErasureError::Unknown`]; when mail to them is being sent; or as the database says.
pub fn forget(tx: &mut EventTx<'_>, address: &str) -> Result<String, ErasureError> {
    let event = tx.programme().event.id;
    let traces = find(tx.conn, event, address)?.ok_or(ErasureError::Unknown)?;
    let person = &traces.person;
    let given = answered(tx.conn, event, person)?;
    diesel::delete(contacts::table.filter(contacts::id.eq_any(&traces.contacts)))
        .execute(tx.conn)?;
    erase_mails(tx.conn, &traces.mails, person, tx.now)?;
    erase_incoming(tx, &traces)?;
    for (slot, delegation) in given {
        diesel::update(
            answers::table
                .filter(answers::slot_id.eq(slot))
                .filter(answers::delegation_id.eq(delegation)),
        )
        .set((
            answers::answered_by.eq(&person.pseudonym),
            answers::comment.eq(""),
        ))
        .execute(tx.conn)?;
    }
    place::replace(tx.conn, Some(event), person)?;
    wipe_mails_that_name(tx, person)?;
    for delegation in &traces.delegations {
        private_link::renew(tx.conn, *delegation, tx.now)?;
        diesel::delete(link_passes::table.filter(link_passes::delegation_id.eq(*delegation)))
            .execute(tx.conn)?;
    }
    tx.reread()?;
    record(tx, &traces)?;
    Ok(traces.person.pseudonym)
}

/// What each event stores about the person with an address, by the events' slugs; events that store nothing are left out.
pub fn find_everywhere(conn: &mut Conn, address: &str) -> QueryResult<Vec<(String, Traces)>> {
    let mut found = Vec::new();
    for (event, slug) in all_events(conn)? {
        if let Some(traces) = find(conn, event, address)? {
            found.push((slug, traces));
        }
    }
    Ok(found)
}

fn all_events(conn: &mut Conn) -> QueryResult<Vec<(EventId, String)>> {
    events::table
        .order(events::id)
        .select((events::id, events::slug))
        .load(conn)
}

/// Forgets the person with an address at every event, each in a transaction of its own. Gives the events' slugs.
///
/// Other writers get their turn between the events: the search through the tables of an event that stores nothing takes
/// no writer.
///
/// # Errors
/// As [`forget`]; what was done at other events before stays done.
pub fn forget_everywhere(
    db: &Db,
    programme_cache: &ProgrammeCache,
    actor: &Actor,
    now: Moment,
    address: &str,
) -> Result<Vec<String>, ErasureError> {
    let mut done = Vec::new();
    for (event, slug) in db.read_here(|conn| Ok::<_, ErasureError>(all_events(conn)?))? {
        let found = db.read_here(|conn| Ok::<_, ErasureError>(find(conn, event, address)?))?;
        if found.is_none() {
            continue;
        }
        let outcome = db.write_here(|conn| {
            transaction::write_archived_too(conn, programme_cache, event, actor, now, |tx| {
                forget(tx, address)
            })
        });
        match outcome {
            Ok(_) => done.push(slug),
            // Forgotten by another user since the read.
            Err(ErasureError::Unknown) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Erases what they wrote, and what came back of what was written to them.
fn erase_incoming(tx: &mut EventTx<'_>, traces: &Traces) -> QueryResult<()> {
    let erased = (
        inbox::sender.eq(&traces.person.pseudonym),
        inbox::subject.eq(""),
        inbox::body.eq(""),
        inbox::wiped_at.eq(Some(tx.now)),
    );
    for incoming in traces.incoming.chunks(AT_ONCE) {
        diesel::update(inbox::table.filter(inbox::id.eq_any(incoming)))
            .set(erased)
            .execute(tx.conn)?;
    }
    for mails in traces.mails.chunks(AT_ONCE) {
        diesel::update(inbox::table.filter(inbox::mail_id.eq_any(mails)))
            .set((
                inbox::subject.eq(""),
                inbox::body.eq(""),
                inbox::wiped_at.eq(Some(tx.now)),
            ))
            .execute(tx.conn)?;
    }
    Ok(())
}

/// Wipes the bytes of mail to others that name them, once it is done with.
fn wipe_mails_that_name(tx: &mut EventTx<'_>, person: &PersonNames) -> Result<(), ErasureError> {
    let event = tx.programme().event.id;
    let mut naming: BTreeSet<i64> = BTreeSet::new();
    for table in place::tables().filter(|table| ["outbox", "enclosures"].contains(&table.name)) {
        let condition = place::of_event(table, event);
        let id = if table.name == "outbox" {
            "id"
        } else {
            "mail_id"
        };
        let found = place::containing(tx.conn, table, condition.as_deref(), &person.terms())?;
        naming.extend(found.iter().filter_map(|row| row.number(id)));
    }
    let naming: Vec<MailId> = naming.into_iter().map(MailId).collect();
    let done = [MailState::Sent, MailState::Failed, MailState::Superseded].map(Word);
    for mails in naming.chunks(AT_ONCE) {
        let these = || outbox::table.filter(outbox::id.eq_any(mails));
        diesel::update(these().filter(outbox::state.eq_any(done)))
            .set((
                outbox::raw.eq(Vec::<u8>::new()),
                outbox::wiped_at.eq(Some(tx.now)),
            ))
            .execute(tx.conn)?;
        let left: Option<String> = these()
            .filter(outbox::state.ne_all(done))
            .select(outbox::subject)
            .first(tx.conn)
            .optional()?;
        if let Some(subject) = left {
            return Err(ErasureError::NamedInWaitingMail(subject));
        }
        wipe_enclosures(tx.conn, mails)?;
    }
    Ok(())
}

fn record(tx: &mut EventTx<'_>, traces: &Traces) -> QueryResult<()> {
    let programme = tx.programme();
    let person = &traces.person;
    let order = RedactionRequest {
        event: Some((programme.event.id, programme.event.revision)),
        at: tx.now,
        actor: tx.actor,
        person: &person.pseudonym,
    };
    let delegations: BTreeSet<i64> = traces.delegations.iter().map(|each| each.0).collect();
    let redacted = redaction::redact(tx.conn, order, |row| redact(row, person, &delegations))?;
    let after = serde_json::json!({
        "mails": traces.mails.len(),
        "mails_received": traces.incoming.len(),
        "answers": traces.answers,
        "history_rows": redacted,
    });
    let contact = traces.contacts.first().map_or(0, |contact| contact.0);
    tx.record(
        Action::ContactForgotten,
        (contact, &person.pseudonym),
        None,
        Some(after),
    )
}

/// Takes the person out of a row of the history; false when it does not name them.
fn redact(row: &mut RedactableRow, person: &PersonNames, delegations: &BTreeSet<i64>) -> bool {
    let mut changed = false;
    if row.actor_id.is_none()
        && let Some(actor) = redact_actor(&row.actor, person)
    {
        (row.actor, changed) = (actor, true);
    }
    // Of a slot this is its title, which is free text; of others a name.
    let is_title = matches!(noun(&row.action), "slot" | "notice");
    let subject = if is_title {
        person.replaced(&row.subject, false)
    } else {
        person.without_addresses(&row.subject)
    };
    if let Some(subject) = subject {
        (row.subject, changed) = (subject, true);
    }
    let of_them = row.subject_id.is_some_and(|id| delegations.contains(&id));
    for json in [&mut row.before_json, &mut row.after_json] {
        let parsed = json
            .as_deref()
            .and_then(|json| serde_json::from_str(json).ok());
        if let Some(mut value) = parsed
            && redact_value(&mut value, person, of_them)
        {
            (*json, changed) = (Some(Value::to_string(&value)), true);
        }
    }
    changed
}
