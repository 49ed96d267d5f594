//! Which provider is asked, and as whom.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use url::{Host, Url};

use crate::core::text::TextLine;

/// Flags of single sign-on.
#[derive(Debug, Clone, Default, Args)]
pub struct SignOnArgs {
    /// Provider of single sign-on (OpenID Connect), as https://login.ministry.example; by default there is none
    #[arg(long, env = "IIKURA_OIDC_ISSUER", value_name = "URL")]
    pub oidc_issuer: Option<String>,
    /// What the provider calls this installation
    #[arg(long, env = "IIKURA_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// The secret that goes with it; better a file of it
    #[arg(
        long,
        env = "IIKURA_OIDC_CLIENT_SECRET",
        hide_env_values = true,
        value_name = "SECRET"
    )]
    pub oidc_client_secret: Option<SecretString>,
    /// File with that secret
    #[arg(long, env = "IIKURA_OIDC_CLIENT_SECRET_FILE", value_name = "FILE")]
    pub oidc_client_secret_file: Option<PathBuf>,
    /// What people call the provider, for the button; by default its host
    #[arg(long, env = "IIKURA_OIDC_NAME", value_name = "NAME")]
    pub oidc_name: Option<String>,
    /// Seconds that a sign-in waits for the provider in all
    #[arg(
        long,
        env = "IIKURA_OIDC_TIMEOUT",
        default_value_t = 8,
        // A server that is stopping waits no longer.
        value_parser = clap::value_parser!(u64).range(1..=9),
        value_name = "SECONDS"
    )]
    pub oidc_timeout: u64,
}

/// A provider that can be asked.
#[derive(Debug, Clone)]
pub struct SignOnSettings {
    /// Its issuer, exactly as in its tokens.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we show it.
    pub client_secret: SecretString,
    /// What people call it.
    pub name: Arc<str>,
    /// How long a sign-in waits for it in all.
    pub patience: Duration,
}

impl SignOnArgs {
    /// The provider, if one is named.
    ///
    /// # Errors
    /// With a sentence that says what to type instead; also in a program that was built without single sign-on.
    pub fn check(&self) -> Result<Option<SignOnSettings>, String> {
        self.check_in(cfg!(feature = "openid-connect"))
    }

    fn check_in(&self, built_in: bool) -> Result<Option<SignOnSettings>, String> {
        let (secret, file) = (&self.oidc_client_secret, &self.oidc_client_secret_file);
        let Some(issuer) = &self.oidc_issuer else {
            let stray = self.oidc_client_id.is_some() || secret.is_some() || file.is_some();
            return if stray {
                Err("single sign-on has a client but no provider; set --oidc-issuer (IIKURA_OIDC_ISSUER)".into())
            } else {
                Ok(None)
            };
        };
        if !built_in {
            return Err(
                "this program was built without single sign-on; build it by cargo build --release --features \
                 openid-connect, or remove --oidc-issuer (IIKURA_OIDC_ISSUER)"
                    .into(),
            );
        }
        let host = host(issuer)
            .map_err(|error| format!("{error}; set --oidc-issuer (IIKURA_OIDC_ISSUER)"))?;
        let client_id = self.oidc_client_id.clone().unwrap_or_default();
        if client_id.trim().is_empty() {
            return Err(
                "single sign-on has no client; set --oidc-client-id (IIKURA_OIDC_CLIENT_ID) to the one that the \
                 provider knows"
                    .into(),
            );
        }
        let name =
            TextLine::parse(self.oidc_name.as_deref().unwrap_or(&host)).map_err(|error| {
                format!("the provider's name {error}; set --oidc-name (IIKURA_OIDC_NAME)")
            })?;
        Ok(Some(SignOnSettings {
            issuer: issuer.clone(),
            client_id,
            client_secret: self.secret()?,
            name: name.as_str().into(),
            patience: Duration::from_secs(self.oidc_timeout),
        }))
    }

    fn secret(&self) -> Result<SecretString, String> {
        const SET: &str = "set --oidc-client-secret-file (IIKURA_OIDC_CLIENT_SECRET_FILE) or IIKURA_OIDC_CLIENT_SECRET";
        let secret = match (&self.oidc_client_secret, &self.oidc_client_secret_file) {
            (Some(_), Some(_)) => {
                return Err(format!(
                    "the client's secret is given twice; {SET}, not both"
                ));
            }
            (Some(secret), None) => secret.expose_secret().to_owned(),
            (None, Some(path)) => std::fs::read_to_string(path)
                .map_err(|error| format!("{}: {error}; {SET}", path.display()))?,
            (None, None) => String::new(),
        };
        // An editor ends a file with a line break.
        let secret = secret.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(format!("single sign-on has no client secret; {SET}"));
        }
        Ok(secret.into())
    }
}

/// The host of a provider's address, when it is one that may be asked.
fn host(issuer: &str) -> Result<String, String> {
    let url = Url::parse(issuer).map_err(|_| {
        format!("'{issuer}' is not a web address; write as https://login.ministry.example")
    })?;
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() {
        return Err(format!(
            "'{issuer}' has more than a host and a path; write it as the provider's tokens have it"
        ));
    }
    if !is_private(&url) {
        return Err(format!(
            "traffic to '{issuer}' would not be encrypted; write it with https://"
        ));
    }
    Ok(url.host_str().unwrap_or_default().to_owned())
}

/// True for connections that cannot be intercepted: HTTPS, or an address on this machine.
#[must_use]
pub fn is_private(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && here)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn args() -> SignOnArgs {
        SignOnArgs {
            oidc_issuer: Some("https://login.ministry.example/realms/a".into()),
            oidc_client_id: Some("iikura".into()),
            oidc_client_secret: Some("open-sesame".into()),
            ..SignOnArgs::default()
        }
    }

    #[test]
    fn a_program_without_single_sign_on_says_so() {
        let fault = args().check_in(false).unwrap_err();
        assert!(
            fault.contains("built without single sign-on; build it by"),
            "{fault}"
        );
        assert!(SignOnArgs::default().check_in(false).unwrap().is_none());
        assert!(SignOnArgs::default().check_in(true).unwrap().is_none());
    }

    #[test]
    fn every_fault_says_what_to_set() {
        type SettingsChange = fn(&mut SignOnArgs);
        let cases: [(SettingsChange, &str); 9] = [
            (|it| it.oidc_issuer = None, "no provider; set --oidc-issuer"),
            (
                |it| it.oidc_issuer = Some("login".into()),
                "'login' is not a web address",
            ),
            (
                |it| it.oidc_issuer = Some("http://login.example".into()),
                "with https://; set --oidc-issuer",
            ),
            (
                |it| it.oidc_issuer = Some("https://a.example/?x=y".into()),
                "more than a host and a path",
            ),
            (|it| it.oidc_client_id = None, "set --oidc-client-id"),
            (
                |it| it.oidc_client_secret = None,
                "no client secret; set --oidc-client-secret-file",
            ),
            (
                |it| it.oidc_client_secret_file = Some("/x".into()),
                "given twice",
            ),
            (|it| it.oidc_name = Some("a\nb".into()), "set --oidc-name"),
            (
                |it| {
                    it.oidc_client_secret = None;
                    it.oidc_client_secret_file = Some("/nowhere/secret".into());
                },
                "/nowhere/secret: ",
            ),
        ];
        for (change, words) in cases {
            let mut args = args();
            change(&mut args);
            let fault = args.check_in(true).unwrap_err();
            assert!(fault.contains(words), "{fault}");
            assert!(!fault.contains("open-sesame"), "{fault}");
        }
    }

    #[test]
    fn a_secret_comes_from_a_file_and_is_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret");
        std::fs::write(&file, "open-sesame\n").unwrap();
        let args = SignOnArgs {
            oidc_client_secret: None,
            oidc_client_secret_file: Some(file),
            ..args()
        };
        let settings = args.check_in(true).unwrap().unwrap();
        assert_eq!(settings.client_secret.expose_secret(), "open-sesame");
        assert_eq!(&*settings.name, "login.ministry.example");
        assert!(!format!("{settings:?}").contains("sesame"));
    }

    #[test]
    fn plain_http_stays_on_this_machine() {
        for (address, private) in [
            ("https://login.example", true),
            ("http://127.0.0.1:8081", true),
            ("http://[::1]/", true),
            ("http://localhost:1/", true),
            ("http://login.example", false),
            ("http://127.0.0.1.example", false),
            ("http://localhost.example", false),
            ("ftp://localhost", false),
        ] {
            assert_eq!(
                is_private(&Url::parse(address).unwrap()),
                private,
                "{address}"
            );
        }
    }
}
