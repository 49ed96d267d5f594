//! Which database a URL names, and whether the way there may be listened to.

use super::DbError;
#[cfg(feature = "postgres")]
use super::postgres_url::{Parts, surely_encrypted};

/// Which database a URL names.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `sqlite:PATH`
    Sqlite(String),
    /// `postgres://…`, as libpq takes it. Beyond this machine it has TLS with a checked certificate, unless the URL
    /// says otherwise in so many words.
    #[cfg(feature = "postgres")]
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
            #[cfg(feature = "postgres")]
            return Ok(Self::Postgres(surely_encrypted(url)));
            #[cfg(not(feature = "postgres"))]
            return Err(DbError::NoPostgres);
        }
        Err(DbError::Url(without_password(url)))
    }
}

/// The URL without its part before the host.
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
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => write!(f, "postgres://…@{}", Parts::of(url).hosts),
        }
    }
}

impl DatabaseUrl {
    /// The path of the database's file; `None` for a server.
    #[must_use]
    pub fn sqlite_path(&self) -> Option<&str> {
        match self {
            Self::Sqlite(path) => Some(path),
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => None,
        }
    }

    /// True when an attacker on the network could read or alter the connection: the URL asks for less
    /// than a verified certificate.
    #[must_use]
    pub fn is_open_to_others(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            #[cfg(feature = "postgres")]
            Self::Postgres(url) => Parts::of(url).are_open_to_others(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_not_printed() {
        let mistyped = "mysql://iikura:open-sesame@db.example/iikura".parse::<DatabaseUrl>();
        assert_eq!(
            mistyped.unwrap_err().to_string(),
            "the database URL 'mysql://…@db.example/iikura' is neither sqlite:PATH nor postgres://USER@HOST/NAME"
        );
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn database_password_is_not_printed() {
        let url: DatabaseUrl =
            "postgres://iikura:open-sesame@db.example:5432/iikura?password=open-sesame"
                .parse()
                .unwrap();
        assert_eq!(format!("{url:?}"), "postgres://…@db.example:5432");
    }

    #[cfg(not(feature = "postgres"))]
    #[test]
    fn postgres_url_without_the_feature_says_what_to_build() {
        for scheme in ["postgres", "postgresql"] {
            let url = format!("{scheme}://iikura:open-sesame@db.example/iikura");
            assert_eq!(
                url.parse::<DatabaseUrl>().unwrap_err().to_string(),
                "this program was built without PostgreSQL; build it by cargo build --release --features postgres, \
                 or use sqlite:PATH, which needs nothing"
            );
        }
    }
}
