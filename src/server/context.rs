//! The context of a request about an event: the user, their access and the programme. Every page of an event begins here.

use std::sync::Arc;
use std::time::Instant;

use actix_web::web;

use crate::auth::session::{EventAccess, Session};
use crate::change::booking::{self, BookingError, Notify};
use crate::change::dry_run::{DryRun, NotifyTx};
use crate::core::decision::Refusal;
use crate::core::event::Event;
use crate::core::programme::Programme;
use crate::core::slot::{Slot, SlotId};
use crate::core::time::Moment;
use crate::db::Conn;
use crate::documents::queue::{Document, DocumentFile};
use crate::mail::MailContext;
use crate::runtime::queue::Owner;
use crate::server::Error;
use crate::server::app::App;
use crate::server::broken::BrokenSlots;
use crate::server::page::LivePage;
use crate::server::session::CurrentUser;
use crate::store::programme_cache::ProgrammeRequest;
use crate::store::transaction::{self, EventTx, Written};
use crate::store::{event as events, slot};

/// Access of a user to an event, with the programme at the time of the request.
#[derive(Clone)]
pub struct EventContext {
    /// The application.
    pub app: web::Data<App>,
    /// Who sits here and what they may do.
    pub access: EventAccess,
    /// The programme.
    pub programme: Arc<Programme>,
    /// When the request came.
    pub now: Moment,
    /// The slots that the address says a change has broken.
    pub broken: BrokenSlots,
}

/// Lists every event that a user may access, with that access, the latest first.
pub fn accessible_events(
    conn: &mut Conn,
    session: &Session,
) -> Result<Vec<(Event, EventAccess)>, Error> {
    let mut accessible_events = Vec::new();
    for event in events::all(conn)? {
        match session.access(conn, event.slug.as_str()) {
            Ok(access) => accessible_events.push((event, access)),
            Err(Error::NotFound) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(accessible_events)
}

impl EventContext {
    /// Returns the caller's access to the event with this slug.
    ///
    /// # Errors
    /// When no user is signed in, or the caller has no role at such an event.
    pub async fn at(
        app: &web::Data<App>,
        current_user: CurrentUser,
        slug: String,
    ) -> Result<Self, Error> {
        let (since, now) = (Instant::now(), current_user.now);
        let broken = current_user.broken().clone();
        let access = app
            .db
            .read(move |conn| current_user.access(conn, &slug))
            .await?;
        let context = Self::of_access(app, access, since, now).await?;
        Ok(Self { broken, ..context })
    }

    /// The context of an access that was looked up for a request that began at `since`.
    async fn of_access(
        app: &web::Data<App>,
        access: EventAccess,
        since: Instant,
        now: Moment,
    ) -> Result<Self, Error> {
        let version = access.version;
        let wanted = ProgrammeRequest { version, since };
        let programme = app
            .programme_cache
            .at(&app.db, access.event, wanted)
            .await?;
        Ok(Self {
            app: app.clone(),
            access,
            programme: programme.ok_or(Error::NotFound)?,
            now,
            broken: BrokenSlots::default(),
        })
    }

    /// The context with another state of its programme, as the one that a refusal was judged by.
    #[must_use]
    pub fn with(&self, programme: &Arc<Programme>) -> Self {
        Self {
            programme: Arc::clone(programme),
            ..self.clone()
        }
    }

    /// The context with the programme as it is now.
    ///
    /// # Errors
    /// When the event is gone, or the database fails.
    pub async fn reloaded(&self) -> Result<Self, Error> {
        let programme = self
            .app
            .programme_cache
            .current(&self.app.db, self.access.event)
            .await?;
        Ok(Self {
            programme: programme.ok_or(Error::NotFound)?,
            ..self.clone()
        })
    }

    /// Counts a document of this user's; making it takes long beside everything else.
    ///
    /// # Errors
    /// When this person has asked for too many: the seconds to wait.
    pub fn counts_a_document(&self) -> Result<(), Error> {
        let user = self.access.user.id.0.to_string();
        Ok(self.app.document_rates.count(&user)?)
    }

    /// Who asks for what is made in a queue.
    #[must_use]
    pub const fn owner(&self) -> Owner {
        Owner::User(self.access.user.id.0)
    }

    /// Makes a document of the programme as a file.
    ///
    /// # Errors
    /// When it names something that is not there, or too many are asked for.
    pub async fn document(&self, document: Document) -> Result<DocumentFile, Error> {
        self.document_of(document, self.now).await
    }

    /// Makes a document as [`Self::document`] does, which says that it was issued at another time.
    ///
    /// # Errors
    /// As [`Self::document`].
    pub async fn document_of(
        &self,
        document: Document,
        issued_at: Moment,
    ) -> Result<DocumentFile, Error> {
        self.counts_a_document()?;
        let documents = &self.app.documents;
        let made = documents.file(self.owner(), &self.programme, document, issued_at);
        Ok(made.await?)
    }

    /// Returns the caller's access to the event that a slot belongs to, and the slot.
    ///
    /// # Errors
    /// As [`EventContext::at`]; a slot of an event without access is not found.
    pub async fn of_slot(
        app: &web::Data<App>,
        current_user: CurrentUser,
        slot: SlotId,
    ) -> Result<(Self, Arc<Slot>), Error> {
        let (since, now) = (Instant::now(), current_user.now);
        let access = app
            .db
            .read(move |conn| {
                let session = current_user.session(conn)?;
                let slug = slot::event_slug(conn, slot)?.ok_or(Error::NotFound)?;
                session.access(conn, &slug)
            })
            .await?;
        let context = Self::of_access(app, access, since, now).await?;
        let slot = context
            .programme
            .slot(slot)
            .cloned()
            .ok_or(Error::NotFound)?;
        Ok((context, slot))
    }

    /// What a page of this event needs to keep itself up to date.
    #[must_use]
    pub fn live_page(&self) -> LivePage {
        LivePage {
            slug: self.access.slug.clone(),
            revision: self.programme.event.revision.to_string(),
            shown: self.programme.version().to_string(),
            slot: None,
            editing: false,
        }
    }

    /// Passes on those who may change the event.
    ///
    /// # Errors
    /// For observers.
    pub fn to_change(self) -> Result<Self, Error> {
        Ok(Self {
            access: self.access.to_change()?,
            ..self
        })
    }

    /// Changes the programme in one transaction.
    pub async fn write<T: Send + 'static, E>(
        &self,
        work: impl FnOnce(&mut EventTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        E: From<diesel::result::Error> + From<crate::db::DbError> + Send + 'static,
    {
        let run = |conn: &mut Conn,
                   Self {
                       app, access, now, ..
                   }: Self| {
            let cache = &app.programme_cache;
            transaction::write(conn, cache, access.event, &access.actor(), now, work)
        };
        Ok(self.commit(run).await?.value)
    }

    /// As [`EventContext::write`], for an archived event as well.
    pub async fn write_archived_too<T: Send + 'static, E>(
        &self,
        work: impl FnOnce(&mut EventTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        E: From<diesel::result::Error> + From<crate::db::DbError> + Send + 'static,
    {
        let run = |conn: &mut Conn,
                   Self {
                       app, access, now, ..
                   }: Self| {
            let cache = &app.programme_cache;
            transaction::write_archived_too(conn, cache, access.event, &access.actor(), now, work)
        };
        Ok(self.commit(run).await?.value)
    }

    /// Books in one transaction, and wakes the mail worker.
    pub async fn book<T: Send + 'static>(
        &self,
        work: impl Fn(&mut EventTx<'_>) -> Result<T, BookingError> + Send + 'static,
    ) -> Result<T, BookingError> {
        let run = |conn: &mut Conn,
                   Self {
                       app, access, now, ..
                   }: Self| {
            let cache = &app.programme_cache;
            booking::commit(conn, cache, access.event, &access.actor(), now, work)
        };
        let written = self.commit(run).await.inspect_err(|error| {
            if matches!(error, BookingError::Refused(Refusal::Conflicts(_))) {
                self.app.metrics.conflict_refused();
            }
        })?;
        if written.is_new {
            self.app.worker_signal.wake();
        }
        Ok(written.value)
    }

    /// Runs a transaction on the event, and counts the revision that it makes.
    async fn commit<T: Send + 'static, E: From<crate::db::DbError> + Send + 'static>(
        &self,
        run: impl FnOnce(&mut Conn, Self) -> Result<Written<T>, E> + Send + 'static,
    ) -> Result<Written<T>, E> {
        let context = self.clone();
        let written = self.app.db.write(|conn| run(conn, context)).await?;
        if written.is_new {
            self.app.metrics.revision_made();
        }
        Ok(written)
    }

    /// Books as [`EventContext::book`] does. Where the delegations are notified now, their letters are composed before the
    /// transaction begins.
    pub async fn book_and_notify<T: Send + 'static>(
        &self,
        notify: Notify,
        work: impl Fn(&mut dyn NotifyTx, &MailContext) -> Result<T, BookingError>
        + Clone
        + Send
        + 'static,
    ) -> Result<T, BookingError> {
        let post = match notify {
            Notify::Now => self.prepared(work.clone()).await,
            Notify::Later => self.app.mail_context(),
        };
        self.book(move |tx| work(tx, &post)).await
    }

    /// The mail context with the letters that `work` would send, composed in a dry run. A dry run that fails prepares
    /// nothing: the transaction will say why.
    pub async fn prepared<T, E: Into<BookingError>>(
        &self,
        work: impl FnOnce(&mut dyn NotifyTx, &MailContext) -> Result<T, E> + Send + 'static,
    ) -> MailContext {
        let (programme, now) = (Arc::clone(&self.programme), self.now);
        let author = self.access.actor().to_string();
        let post = self.app.mail_context();
        let own = post.clone();
        let composed = self
            .app
            .db
            .read_long(move |conn| {
                let facts = conn.snapshot(|conn| {
                    let mut dry_run = DryRun::new(conn, programme, author, now);
                    work(&mut dry_run, &own).map_err(E::into)?;
                    Ok::<_, BookingError>(dry_run.into_letters())
                })?;
                Ok::<_, BookingError>(own.prepare(facts))
            })
            .await;
        post.with_prepared(composed.unwrap_or_default())
    }
}
