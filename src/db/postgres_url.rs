//! What a URL of PostgreSQL says of the way to the server, and what it has to say.

use std::net::IpAddr;

/// Adds what libpq does not ask for by itself: left alone it takes a connection in the clear, too, and knows no
/// certificates but those in a folder of its own (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
pub(super) fn surely_encrypted(url: &str) -> String {
    let parts = Parts::of(url);
    let mut more = Vec::new();
    if !parts.stay_here() && parts.value("sslmode").is_none() {
        more.push("sslmode=verify-full".to_owned());
    }
    let is_checked = !more.is_empty() || parts.value("sslmode") == Some("verify-full");
    if is_checked
        && parts.value("sslrootcert").is_none()
        && let Some(bundle) = openssl_probe::probe().cert_file
    {
        let bundle: String =
            url::form_urlencoded::byte_serialize(bundle.as_os_str().as_encoded_bytes()).collect();
        more.push(format!("sslrootcert={bundle}"));
    }
    if more.is_empty() {
        return url.to_owned();
    }
    let join = if url.contains('?') { '&' } else { '?' };
    format!("{url}{join}{}", more.join("&"))
}

/// What we look at in `postgres://USER:PASSWORD@HOST:PORT,…/NAME?KEY=VALUE&…`, which may name several hosts and so is
/// not always a URL in the sense of the standard.
pub(super) struct Parts<'a> {
    pub(super) hosts: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    pub(super) fn of(url: &'a str) -> Self {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (before, query) = rest.split_once('?').unwrap_or((rest, ""));
        let authority = before.split('/').next().unwrap_or_default();
        let hosts = authority.rsplit('@').next().unwrap_or_default();
        Self { hosts, query }
    }

    fn value(&self, key: &str) -> Option<&'a str> {
        self.query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// True when less than a checked certificate is asked for on the way to another machine.
    pub(super) fn are_open_to_others(&self) -> bool {
        !self.stay_here() && self.value("sslmode") != Some("verify-full")
    }

    /// True when no host is another machine: a socket in the file system, or the loopback.
    fn stay_here(&self) -> bool {
        let named = [self.value("host"), self.value("hostaddr")];
        named
            .into_iter()
            .flatten()
            .chain([self.hosts])
            .flat_map(|hosts| hosts.split(','))
            .all(is_here)
    }
}

fn is_here(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        // An address of version 6 has colons of its own; anything else has one before the port.
        None if host.matches(':').count() > 1 => host,
        None => host.split(':').next().unwrap_or_default(),
    };
    name.is_empty()
        || name == "localhost"
        || name.starts_with('/')
        || name.to_ascii_uppercase().starts_with("%2F")
        || name.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use crate::db::DatabaseUrl;

    fn postgres(url: &str) -> String {
        match url.parse() {
            Ok(DatabaseUrl::Postgres(url)) => url,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn beyond_this_machine_the_certificate_is_checked() {
        for url in [
            "postgres://iikura:x@db.example/iikura",
            "postgresql://db.example:5432",
            "postgres://iikura@127.0.0.1,db.example:5433/iikura",
            "postgres://iikura@[2001:db8::1]:5432/iikura",
            "postgres:///iikura?host=db.example",
            "postgres://localhost/iikura?hostaddr=192.0.2.7",
            "postgres://127.0.0.1@db.example/iikura",
        ] {
            let completed = postgres(url);
            assert!(completed.starts_with(url));
            assert!(
                completed[url.len()..].contains("sslmode=verify-full"),
                "{completed}"
            );
            assert!(!DatabaseUrl::Postgres(completed).is_open_to_others());
        }
        let own_root = postgres("postgres://db.example/x?sslrootcert=/etc/ca.pem");
        assert_eq!(
            own_root,
            "postgres://db.example/x?sslrootcert=/etc/ca.pem&sslmode=verify-full"
        );
    }

    #[test]
    fn on_this_machine_and_where_the_url_says_so_nothing_is_added() {
        for (url, is_open) in [
            ("postgres://postgres@127.0.0.1:5432/postgres", false),
            ("postgres://localhost/iikura?application_name=iikura", false),
            ("postgres:///iikura", false),
            ("postgres://iikura@%2Frun%2Fpostgresql/iikura", false),
            ("postgres:///iikura?host=/run/postgresql", false),
            ("postgres://iikura@[::1]:5432/iikura", false),
            ("postgres://db.example/iikura?sslmode=require", true),
            ("postgres://db.example/iikura?sslmode=disable", true),
        ] {
            assert_eq!(postgres(url), url);
            assert_eq!(
                DatabaseUrl::Postgres(url.to_owned()).is_open_to_others(),
                is_open,
                "{url}"
            );
        }
    }
}
