//! The feed of changes: who changed what, old and new values; as one answer, or as a stream.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Path};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use utoipa::{IntoParams, ToSchema};

use super::Answer;
use super::request::{ApiRequest, bad_request};
use crate::auth::session::EventAccess;
use crate::core::event::Revision;
use crate::core::time::Zone;
use crate::server::context::EventContext;
use crate::server::live::{BACKLOG, BEAT, ENDED, LOOK_EVERY, STILL_THERE, WatchAccess, streamed};
use crate::server::{Error, compression};
use crate::store::audit::{self, Record};
use crate::store::watch::Watching;

/// Rows that one answer has at most; it ends with a whole revision.
const MOST_CHANGES: i64 = 1000;

/// Start of the changes requested.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct SinceQuery {
    /// Returns changes after this revision; all changes when left out.
    #[param(minimum = 0, example = 17, required = false)]
    #[serde(default)]
    since: i64,
}

/// A field that a change touched.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FieldChange)]
struct ApiFieldChange {
    #[schema(example = "starts at")]
    field: String,
    /// Old value in words; empty when there was none.
    #[schema(example = "2022-12-24 17:20")]
    old: String,
    /// New value in words; empty when there is none.
    #[schema(example = "2022-12-24 17:30")]
    new: String,
}

/// A change by a user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Change)]
struct ApiChange {
    /// The revision that it made.
    revision: i64,
    /// RFC 3339 with the venue's offset.
    #[schema(format = "date-time")]
    at: String,
    /// Who did it.
    #[schema(example = "Mori")]
    who: String,
    /// What was done.
    #[schema(example = "slot.changed")]
    what: String,
    /// Name of the changed object.
    #[schema(example = "Japan–Kazakhstan Foreign Ministers' Meeting")]
    subject: String,
    /// Id of the changed slot; null when it was no slot.
    #[schema(required = true)]
    slot: Option<i64>,
    /// The fields that differ, with their old and new values.
    changes: Vec<ApiFieldChange>,
}

impl ApiChange {
    fn of(record: Record, zone: Zone) -> Self {
        let changes = record
            .changes(zone)
            .into_iter()
            .map(|change| ApiFieldChange {
                field: change.field,
                old: change.before,
                new: change.after,
            });
        let of_slot = record.noun() == "slot";
        Self {
            revision: record.revision.map_or(0, |revision| revision.0),
            at: zone.local_moment(record.at).to_rfc3339(),
            changes: changes.collect(),
            who: record.actor,
            what: record.action,
            subject: record.subject,
            slot: record.subject_id.filter(|_| of_slot),
        }
    }
}

/// The changes of an event since a revision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Feed {
    /// The revision after these changes; request the next ones since this one.
    revision: i64,
    /// True when more changes exist already.
    more: bool,
    /// The changes, oldest first.
    changes: Vec<ApiChange>,
}

/// Returns the changes of an event since a revision: who changed what, old and new values. At most 1,000 at once. With
/// `Accept: text/event-stream` they come as server-sent events, one for each revision (`event: change`, its `id` the
/// revision, its data as this answer), and the stream continues with new changes; `Last-Event-ID` resumes it.
#[utoipa::path(
    get, path = "/events/{slug}/changes", operation_id = "list_changes", tag = "Events",
    params(
        ("slug" = String, Path, description = "The event's name in addresses", example = "ca-jad-9"),
        SinceQuery,
    ),
    responses((status = 200, description = "The changes", content((Feed = "application/json"), (String = "text/event-stream")))),
)]
pub(super) async fn show(ask: ApiRequest, slug: Path<String>) -> Answer {
    let context = ask.context(&slug).await?;
    let SinceQuery { since } = ask.query()?;
    if since < 0 {
        return Err(bad_request(
            "Query in the address: since is a revision, from 0 on.",
        ));
    }
    let mut since = Revision(since);
    if !wants_stream(&ask)? {
        let answer = HttpResponse::Ok().json(gathered(&context, since).await?);
        return Ok(compression::mark(answer));
    }
    if let Some(id) = ask.text("last-event-id")? {
        let last = id.parse().map(Revision);
        since = last.map_err(|_| bad_request("Last-Event-ID is a revision, a whole number."))?;
    }
    let EventAccess {
        user,
        event,
        version,
        ..
    } = &context.access;
    let watching = ask
        .app
        .programme_cache
        .watchers()
        .watch(*event, *version, (user.id, user.name.as_str()), None)
        .ok_or(Error::TooMany { wait: 60 })?;
    let door = WatchAccess {
        app: ask.app.clone(),
        current_user: ask.current_user.clone().unnoticed(),
        slug: slug.into_inner(),
    };
    let (sender, receiver) = mpsc::channel(BACKLOG);
    actix_web::rt::spawn(feed(context, since, watching, sender, door));
    Ok(streamed(receiver))
}

/// True when the program names the stream's media type among those it takes.
fn wants_stream(ask: &ApiRequest) -> Result<bool, super::Problem> {
    let accepted = ask.list("accept")?.unwrap_or_default();
    let mut kinds = accepted.split(',');
    Ok(kinds.any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("text/event-stream")
    }))
}

async fn gathered(context: &EventContext, since: Revision) -> Result<Feed, Error> {
    let (event, zone) = (context.access.event, context.programme.event.time_zone);
    let (records, now) = context
        .app
        .db
        .read(move |conn| {
            // The revision first: a change that comes in between is in the next answer, too, rather than in none.
            let now = crate::store::event::version(conn, event)?.ok_or(Error::NotFound)?;
            let now = now.revision;
            let records = audit::some_since(conn, event, since, MOST_CHANGES)?;
            Ok::<_, Error>((records, now))
        })
        .await?;
    let last = records.last().and_then(|record| record.revision);
    let more = records.len() >= usize::try_from(MOST_CHANGES).unwrap_or(usize::MAX)
        && last.is_some_and(|last| last < now);
    let revision = match last {
        Some(last) if more || last > now => last,
        _ => now.max(since),
    };
    let records = records.into_iter();
    Ok(Feed {
        revision: revision.0,
        more,
        changes: records.map(|record| ApiChange::of(record, zone)).collect(),
    })
}

/// Streams every recorded revision after `since`, then new ones.
async fn feed(
    context: EventContext,
    mut since: Revision,
    mut watching: Watching,
    sender: mpsc::Sender<Bytes>,
    door: WatchAccess,
) {
    let mut beat = tokio::time::interval(BEAT);
    beat.tick().await;
    let mut beats = 0;
    loop {
        let standing = watching.standing.borrow_and_update().clone();
        if standing.closing {
            return;
        }
        while since < standing.version.revision {
            let Ok(found) = gathered(&context, since).await else {
                // The next beat tries again.
                break;
            };
            since = Revision(found.revision);
            for word in words(found) {
                if sender.send(word).await.is_err() {
                    return;
                }
            }
        }
        tokio::select! {
            changed = watching.standing.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = sender.closed() => return,
            _ = beat.tick() => {
                beats += 1;
                let open = beats % LOOK_EVERY != 0 || door.is_open().await;
                let word = if open { STILL_THERE } else { ENDED };
                if sender.send(Bytes::from_static(word.as_bytes())).await.is_err() || !open {
                    return;
                }
            }
        }
    }
}

/// Builds one event for each revision, so that a client that reconnects resumes at a whole one.
fn words(found: Feed) -> Vec<Bytes> {
    let more = found.more;
    let mut revisions: Vec<Feed> = Vec::new();
    for change in found.changes {
        match revisions.last_mut() {
            Some(last) if last.revision == change.revision => last.changes.push(change),
            _ => revisions.push(Feed {
                revision: change.revision,
                more,
                changes: vec![change],
            }),
        }
    }
    let word = |changes: &Feed| {
        let data = serde_json::to_string(changes).unwrap_or_default();
        Bytes::from(format!(
            "id: {}\nevent: change\ndata: {data}\n\n",
            changes.revision
        ))
    };
    revisions.iter().map(word).collect()
}
