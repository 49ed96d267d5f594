//! Adding, changing and removing delegations.

use crate::change::dry_run;
use crate::core::action::Action;
use crate::core::decision::ChangedSlot;
use crate::core::delegation::{Contact, Delegation, DelegationId, PrincipalRole};
use crate::core::joining;
use crate::core::programme::Programme;
use crate::core::rules::{Candidate, RuleFinding, obstacles};
use crate::core::slot::{Resource, Slot};
use crate::core::wording;
use crate::mail::outbox;
use crate::store::audit::{DETAILS_CHANGED, pseudonym};
use crate::store::transaction::EventTx;
use crate::store::{delegation, resource};

/// Why a delegation stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum DelegationError {
    /// There is no such delegation at this event.
    #[error("there is no such delegation")]
    NotFound,
    /// Another delegation has the code.
    #[error("another delegation has the code '{0}'; choose one of its own")]
    CodeTaken(String),
    /// There is a chair already.
    #[error("{0} is the chair already; there is one at most")]
    SecondChair(String),
    /// Plenaries would be without the chair; their titles.
    #[error("a plenary needs the chair: {0}; give them another kind first")]
    ChairNeeded(String),
    /// Slots name the delegation, cancelled ones included; the sentence names them.
    #[error("{0}")]
    InUse(String),
    /// The delegation was notified of slots, though none names it any more.
    #[error(
        "The delegation was notified of slots by mail. The record of notices must stay, so the delegation cannot be \
         removed."
    )]
    Told,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] diesel::result::Error),
    /// The database cannot be reached.
    #[error(transparent)]
    Database(#[from] crate::db::DbError),
}

/// Adds a delegation, which takes part in the slots for all delegations from then on unless it is invited to single
/// sessions. Notifies no delegation.
///
/// # Errors
/// When its code or the chair is taken, or as the store says.
pub fn add(tx: &mut EventTx<'_>, delegation: &Delegation) -> Result<(), DelegationError> {
    let programme = tx.programme();
    check(&programme, delegation)?;
    delegation::insert(tx.conn, programme.event.id, delegation, tx.now)?;
    let after = record(&programme, delegation);
    tx.record(
        Action::DelegationAdded,
        (delegation.id.0, delegation.name.as_str()),
        None,
        Some(after),
    )?;
    tx.reread()?;
    let programme = tx.programme();
    if delegation.role == PrincipalRole::Invited {
        return Ok(());
    }
    let joined = joining::joined(&programme, delegation.id, tx.now);
    Ok(store_changed(tx, &programme, joined)?)
}

/// Stores slots that a delegation joins or leaves, and records them in the history.
fn store_changed(
    tx: &mut EventTx<'_>,
    before: &Programme,
    slots: Vec<Slot>,
) -> Result<(), diesel::result::Error> {
    for slot in slots {
        let change = ChangedSlot {
            before: before.slot(slot.id).cloned(),
            slot,
            overrides: Vec::new(),
            action: Action::SlotChanged,
        };
        dry_run::apply(tx, change)?;
    }
    Ok(())
}

/// Changes a delegation with its contacts and presence. Notifies no delegation.
///
/// # Errors
/// As [`add`]; when plenaries would be without the chair.
pub fn change(tx: &mut EventTx<'_>, delegation: &Delegation) -> Result<(), DelegationError> {
    let programme = tx.programme();
    let old = programme
        .delegation(delegation.id)
        .ok_or(DelegationError::NotFound)?;
    // A changed contact stays the same contact.
    let delegation = &with_known_contacts(old, delegation.clone());
    if delegation == old {
        tx.stays_as_it_is();
        return Ok(());
    }
    check(&programme, delegation)?;
    check_plenaries(&programme, delegation)?;
    delegation::update(tx.conn, programme.event.id, delegation)?;
    let addresses: Vec<&str> = delegation
        .contacts
        .iter()
        .map(|contact| contact.email.as_str())
        .collect();
    outbox::supersede_for_removed_contacts(tx.conn, delegation.id, &addresses)?;
    let (before, mut after) = (record(&programme, old), record(&programme, delegation));
    let changed = details_changed(&old.contacts, &delegation.contacts);
    if !changed.is_empty() {
        after[DETAILS_CHANGED] = changed.into();
    }
    tx.record(
        Action::DelegationChanged,
        (delegation.id.0, delegation.name.as_str()),
        Some(before),
        Some(after),
    )?;
    Ok(tx.reread()?)
}

/// Removes a delegation that no slot names, but for those for all delegations, and that was never notified.
///
/// # Errors
/// When a slot names it or it was notified of one, or as the store says.
pub fn remove(tx: &mut EventTx<'_>, id: DelegationId) -> Result<(), DelegationError> {
    let programme = tx.programme();
    let delegation = programme.delegation(id).ok_or(DelegationError::NotFound)?;
    let left = joining::left(&programme, id);
    let others = left
        .iter()
        .fold(Programme::clone(&programme), |after, slot| {
            after.with_slot(slot.clone())
        });
    let named = wording::named_by(&others, Resource::Delegation(id), "the delegation");
    if let Some(slots) = named {
        return Err(DelegationError::InUse(slots));
    }
    if programme
        .ledger
        .notices()
        .any(|notice| notice.delegation == id)
    {
        return Err(DelegationError::Told);
    }
    store_changed(tx, &programme, left)?;
    resource::delete(tx.conn, id.0)?;
    let before = record(&programme, delegation);
    tx.record(
        Action::DelegationRemoved,
        (id.0, delegation.name.as_str()),
        Some(before),
        None,
    )?;
    Ok(tx.reread()?)
}

fn check(programme: &Programme, delegation: &Delegation) -> Result<(), DelegationError> {
    let mut others = programme
        .delegations
        .iter()
        .filter(|other| other.id != delegation.id);
    let same_code = |other: &&Delegation| {
        other
            .code
            .as_str()
            .eq_ignore_ascii_case(delegation.code.as_str())
    };
    if let Some(other) = others.clone().find(same_code) {
        return Err(DelegationError::CodeTaken(other.code.to_string()));
    }
    match others
        .find(|other| delegation.role == PrincipalRole::Chair && other.role == PrincipalRole::Chair)
    {
        Some(chair) => Err(DelegationError::SecondChair(chair.name.to_string())),
        None => Ok(()),
    }
}

/// No plenary may be left without the chair.
fn check_plenaries(programme: &Programme, delegation: &Delegation) -> Result<(), DelegationError> {
    let leaderless = |programme: &Programme, slot: &Slot| {
        obstacles(programme, Candidate::stored(slot))
            .iter()
            .any(|conflict| conflict.finding == RuleFinding::PlenaryWithoutChair)
    };
    let changed = programme.with_delegation(delegation);
    let titles: Vec<String> = changed
        .live_slots()
        .filter(|slot| leaderless(&changed, slot) && !leaderless(programme, slot))
        .map(|slot| format!("“{}”", slot.title()))
        .collect();
    if titles.is_empty() {
        return Ok(());
    }
    Err(DelegationError::ChairNeeded(titles.join(", ")))
}

/// The delegation with the ids of contacts that it has already: those with the same address, else with the same name.
fn with_known_contacts(old: &Delegation, mut new: Delegation) -> Delegation {
    let mut known: Vec<&Contact> = old.contacts.iter().collect();
    let same_address =
        |a: &Contact, b: &Contact| a.email.as_str().eq_ignore_ascii_case(b.email.as_str());
    let same_name = |a: &Contact, b: &Contact| a.name == b.name;
    let mut adopted = vec![false; new.contacts.len()];
    for same in [same_address as fn(&Contact, &Contact) -> bool, same_name] {
        for (contact, adopted) in new.contacts.iter_mut().zip(&mut adopted) {
            if *adopted {
                continue;
            }
            if let Some(at) = known.iter().position(|known| same(known, contact)) {
                contact.id = known.remove(at).id;
                *adopted = true;
            }
        }
    }
    new
}

/// Which details of which contacts differ, as `contact K7Q2M4XA: address and telephone`; never the details.
fn details_changed(old: &[Contact], new: &[Contact]) -> Vec<String> {
    let differing = |contact: &Contact| {
        let before = old.iter().find(|before| before.id == contact.id)?;
        let kinds = [
            ("name", before.name != contact.name),
            ("address", before.email != contact.email),
            ("telephone", before.phone != contact.phone),
        ];
        let kinds: Vec<&str> = kinds
            .into_iter()
            .filter_map(|(kind, differs)| differs.then_some(kind))
            .collect();
        (!kinds.is_empty()).then(|| {
            format!(
                "{}: {}",
                pseudonym::of_contact(contact.id),
                kinds.join(" and ")
            )
        })
    };
    new.iter().filter_map(differing).collect()
}

/// What the history keeps of a delegation: of its contacts, pseudonyms only.
fn record(programme: &Programme, delegation: &Delegation) -> serde_json::Value {
    let contacts = delegation.contacts.iter().map(|contact| {
        let letters_only = if contact.letters_only {
            ", letters only"
        } else {
            ""
        };
        format!(
            "{} ({}{letters_only})",
            pseudonym::of_contact(contact.id),
            contact.language
        )
    });
    let presence = delegation
        .presence
        .iter()
        .map(|stay| programme.event.write_stay(*stay));
    serde_json::json!({
        "code": delegation.code.as_str(),
        "name": delegation.name.as_str(),
        "name_ja": delegation.name_ja,
        "role": crate::core::text_enum::TextEnum::as_str(delegation.role),
        "principal": delegation.principal.as_str(),
        "principal_ja": delegation.principal_ja,
        "principal_title": delegation.principal_title,
        "precedence": delegation.precedence,
        "time_zone": delegation.time_zone.name(),
        "languages": delegation.languages,
        "party_size": delegation.party_size,
        "presence": presence.collect::<Vec<_>>(),
        "contacts": contacts.collect::<Vec<_>>(),
    })
}
