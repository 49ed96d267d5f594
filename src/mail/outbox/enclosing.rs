//! Enclosures of mails: stored as source with the mail, rendered once by the worker that leases the mail, and then part
//! of
//! the bytes that every attempt sends.

use diesel::prelude::*;

use super::{Claimed, MailId};
use crate::core::text_enum::TextEnum;
use crate::db::Conn;
use crate::db::schema::{enclosures, outbox};
use crate::db::word::Word;

/// How far an enclosure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnclosureReadiness {
    /// Its source is stored; it is rendered when the mail is sent.
    Waiting,
    /// It is part of the mail.
    Set,
    /// It could not be rendered: the mail is sent without it.
    LeftOut,
}

impl TextEnum for EnclosureReadiness {
    const ALL: &'static [Self] = &[Self::Waiting, Self::Set, Self::LeftOut];
    const NOUN: &'static str = "state of an enclosure";

    fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Set => "set",
            Self::LeftOut => "left_out",
        }
    }
}

/// What comes with a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enclosed {
    /// The file's name.
    pub name: String,
    /// How far it is.
    pub readiness: EnclosureReadiness,
    /// What it says; empty unless it waits.
    pub says: String,
    /// Why it was left out.
    pub fault: Option<String>,
}

/// An enclosure that is yet to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unset {
    /// What it says.
    pub says: String,
    /// The mail with it, with an empty place for it.
    pub letter: Vec<u8>,
}

#[derive(Queryable, Insertable)]
#[diesel(table_name = enclosures)]
struct EnclosureRow {
    mail_id: MailId,
    name: String,
    state: Word<EnclosureReadiness>,
    says: String,
    letter: Vec<u8>,
    fault: Option<String>,
}

/// Stores the source of a mail's enclosure, in the transaction that writes the mail.
pub(super) fn keep(
    connection: &mut Conn,
    mail: MailId,
    name: &str,
    Unset { says, letter }: Unset,
) -> QueryResult<()> {
    diesel::insert_into(enclosures::table)
        .values(EnclosureRow {
            mail_id: mail,
            name: name.to_owned(),
            state: Word(EnclosureReadiness::Waiting),
            says,
            letter,
            fault: None,
        })
        .execute(connection)
        .map(drop)
}

/// The enclosure of a mail, and the bytes of the mail with it: unfinished while it waits, `None` without one.
pub(super) fn of(
    connection: &mut Conn,
    mail: MailId,
) -> QueryResult<Option<(Enclosed, Option<Vec<u8>>)>> {
    let row: Option<EnclosureRow> = enclosures::table
        .find(mail)
        .get_result(connection)
        .optional()?;
    Ok(row.map(|row| {
        let Word(readiness) = row.state;
        let enclosed = Enclosed {
            name: row.name,
            readiness,
            says: row.says,
            fault: row.fault,
        };
        let letter = (readiness != EnclosureReadiness::LeftOut).then_some(row.letter);
        (enclosed, letter)
    }))
}

/// Stores the finished bytes of a leased mail, for this attempt and all later ones. False when the lease was lost: its
/// new owner renders the enclosure.
pub fn enclose(connection: &mut Conn, mail: &Claimed, finished: &[u8]) -> QueryResult<bool> {
    settle(connection, mail, EnclosureReadiness::Set, finished, None)
}

/// Records that a leased mail goes without its enclosure, and why. False when the lease was lost.
pub fn leave_out(connection: &mut Conn, mail: &Claimed, fault: &str) -> QueryResult<bool> {
    settle(
        connection,
        mail,
        EnclosureReadiness::LeftOut,
        &[],
        Some(fault),
    )
}

fn settle(
    connection: &mut Conn,
    mail: &Claimed,
    readiness: EnclosureReadiness,
    letter: &[u8],
    fault: Option<&str>,
) -> QueryResult<bool> {
    let in_hand = outbox::table
        .filter(outbox::id.eq(mail.id))
        .filter(outbox::lease_owner.eq(&mail.lease_owner))
        .filter(outbox::attempts.eq(mail.attempts))
        .filter(outbox::state.eq("sending"))
        .select(outbox::id);
    let rows = diesel::update(
        enclosures::table
            .filter(enclosures::mail_id.eq_any(in_hand))
            .filter(enclosures::state.eq(Word(EnclosureReadiness::Waiting))),
    )
    .set((
        enclosures::state.eq(Word(readiness)),
        enclosures::says.eq(""),
        enclosures::letter.eq(letter),
        enclosures::fault.eq(fault),
    ))
    .execute(connection)?;
    Ok(rows == 1)
}
