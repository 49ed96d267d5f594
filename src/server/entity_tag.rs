//! Entity tags of files: a client that has the current version gets 304 (RFC 9110, sections 8.8.3 and 13.1).
//!
//! A tag names the release of the program as well: the next release may write the same programme differently.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};

use crate::core::programme::Programme;
use crate::server::compression;

/// Names a file that is the same, to the byte, while its programme is.
#[must_use]
pub fn strong(programme: &Programme) -> EntityTag {
    EntityTag::new_strong(version(programme))
}

/// Names a file that also says when it was issued.
#[must_use]
pub fn weak(programme: &Programme) -> EntityTag {
    EntityTag::new_weak(version(programme))
}

fn version(programme: &Programme) -> String {
    let release = env!("CARGO_PKG_VERSION");
    format!("{release}-{}-{}", programme.event.id.0, programme.version())
}

/// Returns the answer to a client that has the file already, in whatever coding: with the tag that it knows.
#[must_use]
pub fn not_modified(request: &HttpRequest, tag: &EntityTag) -> Option<HttpResponse> {
    let known = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => tag.clone(),
        Ok(IfNoneMatch::Items(tags)) => tags
            .into_iter()
            .find(|known| compression::tag_of_file(known.tag()) == tag.tag())?,
        // What makes no sense is no condition.
        Err(_) => return None,
    };
    let mut answer = HttpResponse::NotModified()
        .insert_header(header::ETag(known))
        .finish();
    compression::vary(answer.headers_mut());
    Some(answer)
}
