//! TLS on our own listener: version 1.2 or later, with the certificate and key of the configuration.

use std::path::Path;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What the listener shows to clients.
#[derive(Clone)]
pub struct Tls(ServerConfig);

/// Without the key.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(…)")
    }
}

impl Tls {
    /// Reads a certificate with its chain and the key that belongs to it, both PEM.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| cannot_read(certificate, &error, "--tls-cert (IIKURA_TLS_CERT)"))?;
        let secret = PrivateKeyDer::from_pem_file(key)
            .map_err(|error| cannot_read(key, &error, "--tls-key (IIKURA_TLS_KEY)"))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
            .map(Self)
            .map_err(|error| {
                format!(
                    "{} and {} make no TLS: {error}; set --tls-cert (IIKURA_TLS_CERT) to the certificate with its chain \
                     and --tls-key (IIKURA_TLS_KEY) to the key it was issued for",
                    certificate.display(),
                    key.display()
                )
            })
    }

    /// For the listener.
    #[must_use]
    pub fn config(&self) -> ServerConfig {
        self.0.clone()
    }
}

/// Nothing of the file itself goes into the sentence.
fn cannot_read(path: &Path, error: &pem::Error, flag: &str) -> String {
    let why = match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "it holds none".to_owned(),
        _ => "it is no PEM".to_owned(),
    };
    format!("{}: {why}; set {flag} to a PEM file", path.display())
}
