//! The stream that keeps open pages up to date: server-sent events.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::web::{self, Bytes};
use tokio::sync::mpsc;

use crate::auth::session::EventAccess;
use crate::core::event::ProgrammeVersion;
use crate::core::slot::SlotId;
use crate::core::user::UserId;
use crate::server::Error;
use crate::server::app::App;
use crate::server::context::EventContext;
use crate::server::live::{BACKLOG, BEAT, ENDED, LOOK_EVERY, STILL_THERE, WatchAccess, streamed};
use crate::server::session::CurrentUser;
use crate::store::watch::{Editor, EventStatus, Watching};

/// What the address may ask for.
#[derive(serde::Deserialize)]
pub struct WatchQuery {
    editing: Option<i64>,
    shown: Option<String>,
}

/// `GET /events/{slug}/live`: the event's revision now and whenever it grows, and who has which slot's form open; with
/// `editing`, others see that this reader has that slot's form open. With `shown`, the version of the programme that
/// the page shows, a page learns that the database was restored: the revision then says nothing, as it may be the same.
///
/// Watching does not count as using the session, which expires all the same.
///
/// # Errors
/// When the caller has no role at the event, or watches with too many pages.
pub async fn stream(
    app: web::Data<App>,
    current_user: CurrentUser,
    slug: web::Path<String>,
    query: web::Query<WatchQuery>,
) -> Result<HttpResponse, Error> {
    let current_user = current_user.unnoticed();
    let slug = slug.into_inner();
    let context = EventContext::at(&app, current_user.clone(), slug.clone()).await?;
    let editing = match query.editing.map(SlotId) {
        Some(slot) if context.access.may_change() => {
            Some(context.programme.slot(slot).ok_or(Error::NotFound)?.id)
        }
        _ => None,
    };
    let EventAccess {
        user,
        event,
        version,
        ..
    } = &context.access;
    let watching = app
        .programme_cache
        .watchers()
        .watch(*event, *version, (user.id, user.name.as_str()), editing)
        .ok_or(Error::TooMany { wait: 60 })?;
    // What cannot be read is no version of ours, and so another than the one now.
    let shown = query.shown.as_ref().map(|shown| shown.parse().ok());
    let (sender, receiver) = mpsc::channel(BACKLOG);
    let reader = StreamReader {
        user: user.id,
        shown: shown.unwrap_or(Some(*version)),
    };
    actix_web::rt::spawn(feed(
        watching,
        reader,
        sender,
        WatchAccess {
            app,
            current_user,
            slug,
        },
    ));
    Ok(streamed(receiver))
}

/// Who reads a stream, and what their page shows.
struct StreamReader {
    user: UserId,
    shown: Option<ProgrammeVersion>,
}

async fn feed(
    mut watching: Watching,
    reader: StreamReader,
    sender: mpsc::Sender<Bytes>,
    door: WatchAccess,
) {
    let mut beat = tokio::time::interval(BEAT);
    beat.tick().await;
    let mut beats = 0;
    let mut said: Option<EventStatus> = None;
    loop {
        let standing = watching.standing.borrow_and_update().clone();
        if standing.closing {
            return;
        }
        let words = words(said.as_ref(), &standing, &reader);
        said = Some(standing);
        if !words.is_empty() && sender.send(words.into()).await.is_err() {
            return;
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

/// What has changed since the last word; one's own forms are no news.
fn words(said: Option<&EventStatus>, now: &EventStatus, reader: &StreamReader) -> String {
    let others = |standing: &EventStatus| -> Vec<Editor> {
        let others = standing
            .editors
            .iter()
            .filter(|editor| editor.user != reader.user.0);
        others.cloned().collect()
    };
    let mut words = String::new();
    let revision = now.version.revision;
    if said.is_none_or(|said| said.version.revision != revision) {
        let _ = write!(
            words,
            "id: {revision}\nevent: revision\ndata: {revision}\n\n"
        );
    }
    // A number that has not grown says nothing to a page that looks for higher ones.
    let shown = said.map_or(reader.shown, |said| Some(said.version));
    let grown = shown.is_some_and(|shown| shown.revision < revision);
    if !grown && shown != Some(now.version) {
        let _ = write!(words, "event: reset\ndata: {revision}\n\n");
    }
    let editors = others(now);
    if said.map_or(!editors.is_empty(), |said| others(said) != editors) {
        let list: Vec<_> = editors
            .iter()
            .map(|editor| serde_json::json!({ "slot": editor.slot.to_string(), "name": editor.name }))
            .collect();
        let list = serde_json::Value::from(list);
        let _ = write!(words, "event: editing\ndata: {list}\n\n");
    }
    words
}
