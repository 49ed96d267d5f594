//! Entity tags and the conditions on them (RFC 9110, sections 8.8.3 and 13.1).

use std::fmt::Display;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};

use super::request::{ApiRequest, bad_request};
use crate::core::event::ProgrammeVersion;
use crate::server::compression::tag_of_file;
use crate::server::problem::Problem;

/// `"7"`
pub(super) fn etag(version: impl Display) -> String {
    format!("\"{version}\"")
}

/// The tags that a header lists, or any.
#[derive(Debug, PartialEq, Eq)]
enum Tags {
    Any,
    These(Vec<String>),
}

/// Reads `"7"`, `"7", "8"`, `W/"7"` and `*`; a number without quotes counts as a tag, which programs tend to send.
fn tags(value: &str) -> Option<Tags> {
    if value.trim() == "*" {
        return Some(Tags::Any);
    }
    let tag = |item: &str| {
        let item = item.trim();
        let opaque = item.strip_prefix("W/").unwrap_or(item);
        let quoted = opaque
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'))
            .is_some_and(|inner| !inner.contains('"'));
        let bare = !item.is_empty() && item.bytes().all(|byte| byte.is_ascii_digit());
        match (quoted, bare) {
            (true, _) => Some(item.to_owned()),
            (false, true) => Some(etag(item)),
            (false, false) => None,
        }
    };
    let items = value.split(',').filter(|item| !item.trim().is_empty());
    let these: Vec<String> = items.map(tag).collect::<Option<_>>()?;
    (!these.is_empty()).then_some(Tags::These(these))
}

/// Checks `If-Match` against the current version; requires the header.
pub(super) fn required_match(ask: &ApiRequest, current: i32) -> Result<(), Problem> {
    if if_match(ask, current)? {
        return Ok(());
    }
    let detail = "Send the version that you have seen in the header If-Match, as the ETag of the slot has it.";
    Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, detail).of_kind("version-missing"))
}

/// True when the header names the current version.
pub(super) fn if_match(ask: &ApiRequest, current: i32) -> Result<bool, Problem> {
    match seen(ask, &etag(current))? {
        Some(false) => Err(stale(current)),
        told => Ok(told.is_some()),
    }
}

/// As [`if_match`], of a whole programme: its ETag, or its revision alone, which cannot distinguish two histories of a
/// restored database.
pub(super) fn if_programme_match(
    ask: &ApiRequest,
    current: ProgrammeVersion,
) -> Result<bool, Problem> {
    let revision = current.revision;
    let told = match seen(ask, &etag(current))? {
        Some(false) => seen(ask, &etag(revision))?,
        told => told,
    };
    match told {
        Some(false) => {
            let detail = format!(
                "The programme has changed meanwhile: it is at revision {revision}. Read it again, then decide. Nothing was stored."
            );
            Err(Problem::new(StatusCode::PRECONDITION_FAILED, detail).of_kind("stale"))
        }
        told => Ok(told.is_some()),
    }
}

/// Compares the header with the current version; `None` without a header.
fn seen(ask: &ApiRequest, current: &str) -> Result<Option<bool>, Problem> {
    let Some(value) = ask.list("if-match")? else {
        return Ok(None);
    };
    let tags = tags(&value)
        .ok_or_else(|| bad_request("If-Match is a version in quotes, as in If-Match: \"7\"."))?;
    Ok(Some(match tags {
        Tags::Any => true,
        // A weak tag never matches here.
        Tags::These(these) => these.iter().any(|tag| same_file(tag, current)),
    }))
}

/// Builds the error for a slot that has changed meanwhile.
pub(super) fn stale(current: i32) -> Problem {
    let detail = format!(
        "The slot has changed meanwhile: it is at version {current}. Read it again, then decide. Nothing was stored."
    );
    let problem = Problem::new(StatusCode::PRECONDITION_FAILED, detail)
        .of_kind("stale")
        .fact("version", current);
    match HeaderValue::from_str(&etag(current)) {
        Ok(tag) => problem.header(header::ETAG, tag),
        Err(_) => problem,
    }
}

/// Finds the tag of the version that the client has already, in whatever coding. An invalid header is ignored.
pub(super) fn known_tag(ask: &ApiRequest, current: &str) -> Result<Option<String>, Problem> {
    let Some(value) = ask.list("if-none-match")? else {
        return Ok(None);
    };
    Ok(match tags(&value) {
        Some(Tags::Any) => Some(current.to_owned()),
        Some(Tags::These(these)) => these
            .iter()
            .map(|tag| tag.strip_prefix("W/").unwrap_or(tag))
            .find(|tag| same_file(tag, current))
            .map(str::to_owned),
        None => None,
    })
}

/// Compares a tag with that of a file, which has one for each coding.
fn same_file(tag: &str, current: &str) -> bool {
    let bare = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
    bare.is_some_and(|bare| etag(tag_of_file(bare)) == current)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_programs_send_them() {
        let these = |tags: &[&str]| {
            Some(Tags::These(
                tags.iter().map(|&tag| tag.to_owned()).collect(),
            ))
        };
        for (sent, read) in [
            ("*", Some(Tags::Any)),
            ("\"7\"", these(&["\"7\""])),
            ("7", these(&["\"7\""])),
            ("\"7\", W/\"8\"", these(&["\"7\"", "W/\"8\""])),
            ("", None),
            ("seven", None),
            ("\"7", None),
            ("-7", None),
            ("\"7\" \"8\"", None),
        ] {
            assert_eq!(tags(sent), read, "{sent}");
        }
    }
}
