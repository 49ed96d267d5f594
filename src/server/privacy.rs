//! What a page's address reveals to the sites that its links lead to.

use actix_web::http::header::{self, HeaderName, HeaderValue};

/// How an address is hidden from other sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// Our own pages may see it.
    Ours,
    /// Must not leak: it opens something by itself, or identifies one delegation.
    Nobodys,
}

impl Privacy {
    /// Returns how the address with this path is hidden.
    #[must_use]
    pub fn of(path: &str) -> Self {
        if path.starts_with("/d/") || path.starts_with("/schedule/") {
            Self::Nobodys
        } else {
            Self::Ours
        }
    }

    /// The headers that say so, to browsers and to search engines.
    pub(super) fn headers(self) -> impl Iterator<Item = (HeaderName, &'static str)> {
        let (policy, robots) = match self {
            Self::Ours => ("same-origin", None),
            Self::Nobodys => ("no-referrer", Some("noindex")),
        };
        let robots = robots.map(|robots| (HeaderName::from_static("x-robots-tag"), robots));
        [(header::REFERRER_POLICY, policy)]
            .into_iter()
            .chain(robots)
    }

    /// True when a form of such a page says `Origin: null`: under `no-referrer` a browser hides the origin from its
    /// own site as well (Fetch, "append a request `Origin` header"). Then only `Sec-Fetch-Site` identifies the sender,
    /// and has to be there and say ours.
    pub(super) fn keeps_origin_back(
        self,
        site: Option<&[u8]>,
        origin: Option<&HeaderValue>,
    ) -> bool {
        self == Self::Nobodys
            && site == Some(b"same-origin")
            && origin.is_some_and(|origin| origin == "null")
    }
}
