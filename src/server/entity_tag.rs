//! Entity tags of files: a client that has the current version gets 304 (RFC 9110, sections 8.8.3 and 13.1).
//!
//! A tag names the release of the program as well: the next release may write the same programme differently.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header::{self, EntityTag, Header as _, IfNoneMatch};

use crate::core::programme::Programme;

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

/// Returns the answer to a client that has the file already.
#[must_use]
pub fn not_modified(request: &HttpRequest, tag: &EntityTag) -> Option<HttpResponse> {
    let has_it = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(tag)),
        // What makes no sense is no condition.
        Err(_) => false,
    };
    has_it.then(|| {
        HttpResponse::NotModified()
            .insert_header(header::ETag(tag.clone()))
            .finish()
    })
}
