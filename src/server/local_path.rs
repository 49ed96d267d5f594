//! Addresses on our own site that came back through a form or a query.

use url::Url;

/// A path, perhaps with a query, that no browser takes for another site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPath(String);

impl LocalPath {
    /// Accepts `/…` only: not `//host`, not `/\host`, nothing with a scheme, a backslash or a control character.
    #[must_use]
    pub fn parse(raw: &str) -> Option<Self> {
        let plain = raw.starts_with('/')
            && !raw.starts_with("//")
            && !raw.contains(['\\', '#'])
            && !raw.chars().any(|c| c.is_control() || c.is_whitespace());
        // Browsers remove dots: `/..//host` has to stay ours as well.
        let base = Url::parse("https://ours.example/").ok()?;
        let joined = base.join(raw).ok()?;
        let stays = joined.origin() == base.origin() && !joined.path().starts_with("//");
        (plain && stays).then(|| Self(raw.to_owned()))
    }

    /// The path as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn other_sites_are_refused_in_every_spelling() {
        for raw in [
            "",
            "evil",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https:evil.example",
            "https://evil.example",
            "/\t/evil.example",
            "/ok\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/..//evil.example",
            "/.//evil.example",
            " /",
            "/a b",
        ] {
            assert_eq!(LocalPath::parse(raw), None, "{raw:?}");
        }
        for raw in [
            "/",
            "/events/ca-jad-9?day=2022-12-24",
            "/d/%E9%A3%AF",
            "/a:b@c",
        ] {
            assert!(LocalPath::parse(raw).is_some(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn accepted_return_addresses_stay_on_our_host(raw in r"[/\\.:@?#a-z%0-9\t\r\n ]{0,24}|\PC{0,24}") {
            if let Some(path) = LocalPath::parse(&raw) {
                let base = Url::parse("https://ours.example/events/x").unwrap();
                let joined = base.join(path.as_str()).unwrap();
                prop_assert_eq!(joined.host_str(), Some("ours.example"));
            }
        }
    }
}
