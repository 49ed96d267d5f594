//! The pages of the manual. They name no data of an installation, so every visitor may read them.

pub mod html;

use std::sync::LazyLock;

use actix_web::{HttpResponse, web};
use askama::Template;

use crate::help::{TOPICS, Topic};
use crate::server::Error;
use crate::server::app::App;
use crate::server::compression;
use crate::server::page::{Shell, render};
use crate::server::session::CurrentUser;
use html::{RenderedTopic, TopicHeading};

/// Every chapter as HTML, rendered once.
static RENDERED: LazyLock<Vec<RenderedTopic>> =
    LazyLock::new(|| TOPICS.iter().map(html::render).collect());

#[derive(Template)]
#[template(path = "help/index.html")]
struct HelpIndexPage {
    shell: Shell,
    topics: &'static [Topic],
}

#[derive(Template)]
#[template(path = "help/topic.html")]
struct HelpTopicPage {
    shell: Shell,
    html: &'static str,
    headings: &'static [TopicHeading],
    next: Option<&'static Topic>,
}

/// `GET /help`: the chapters.
pub async fn index(app: web::Data<App>, current_user: CurrentUser) -> Result<HttpResponse, Error> {
    render(&HelpIndexPage {
        shell: shell(&app, current_user, "Help").await,
        topics: TOPICS,
    })
}

/// `GET /help/{topic}`: one chapter.
///
/// # Errors
/// [`Error::NotFound`] when there is no such chapter.
pub async fn topic(
    app: web::Data<App>,
    current_user: CurrentUser,
    name: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let position = TOPICS.iter().position(|topic| topic.name == *name);
    let position = position.ok_or(Error::NotFound)?;
    let (topic, rendered) = (&TOPICS[position], &RENDERED[position]);
    let page = render(&HelpTopicPage {
        shell: shell(&app, current_user, topic.title()).await,
        html: &rendered.html,
        headings: &rendered.headings,
        next: TOPICS.get(position + 1),
    })?;
    Ok(compression::mark(page))
}

/// Builds the frame, with the navigation of a user who is signed in. Visitors without a cookie cost no query, and when the
/// database does not answer the manual is shown all the same.
async fn shell(app: &App, current_user: CurrentUser, title: &str) -> Shell {
    let shell = Shell::new(title);
    if current_user.token().is_none() {
        return shell;
    }
    let session = app
        .db
        .read(move |conn| current_user.session_if_any(conn))
        .await;
    match session {
        Ok(Some(session)) => shell.signed_in(session.user.name.as_str(), session.user.admin),
        Ok(None) | Err(_) => shell,
    }
}
