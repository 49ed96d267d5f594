//! Which database a URL names, and whether the way there may be listened to.

use std::net::IpAddr;

use super::DbError;

/// Which database a URL names.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`
    Sqlite(String),
    /// `postgres://…`, as libpq takes it. Beyond this machine it has TLS with a checked certificate, unless the URL
    /// says otherwise in so many words.
    Postgres(String),
}

impl std::str::FromStr for DatabaseUrl {
    type Err = DbError;

    fn from_str(url: &str) -> Result<Self, DbError> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(DbError::Url(without_password(url)));
            }
            return Ok(Self::Sqlite(path.to_owned()));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(surely_encrypted(url)));
        }
        Err(DbError::Url(without_password(url)))
    }
}

/// What was typed, without what stands before the host.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        _ => url.to_owned(),
    }
}

/// Without the password.
impl std::fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite:{path}"),
            Self::Postgres(url) => write!(f, "postgres://…@{}", Parts::of(url).hosts),
        }
    }
}

impl DatabaseUrl {
    /// True when whoever sits on the way to the database may read along or answer in its place: the URL asks for less
    /// than a checked certificate.
    #[must_use]
    pub fn is_open_to_others(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(url) => {
                let parts = Parts::of(url);
                !parts.stay_here() && parts.value("sslmode") != Some("verify-full")
            }
        }
    }
}

/// Adds what libpq does not ask for by itself: left alone it takes a connection in the clear, too, and knows no
/// certificates but those in a folder of its own (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
fn surely_encrypted(url: &str) -> String {
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
struct Parts<'a> {
    hosts: &'a str,
    query: &'a str,
}

impl<'a> Parts<'a> {
    fn of(url: &'a str) -> Self {
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
    use super::*;

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

    #[test]
    fn a_password_is_not_printed() {
        let mistyped = "mysql://iikura:open-sesame@db.example/iikura".parse::<DatabaseUrl>();
        assert_eq!(
            mistyped.unwrap_err().to_string(),
            "the database URL 'mysql://…@db.example/iikura' is neither sqlite:PATH nor postgres://USER@HOST/NAME"
        );
        let url: DatabaseUrl =
            "postgres://iikura:open-sesame@db.example:5432/iikura?password=open-sesame"
                .parse()
                .unwrap();
        assert_eq!(format!("{url:?}"), "postgres://…@db.example:5432");
    }
}
