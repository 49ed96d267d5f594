//! TLS on our own listener: version 1.2 or later, with the certificate and key of the configuration. Both are read again
//! when they change, so that a renewed certificate needs no restart.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::signal::unix::{SignalKind, signal};

use super::certificate;
use crate::core::time::Moment;

/// Time between two looks at the files.
const EVERY: Duration = Duration::from_mins(1);

/// What the listener shows to clients. Clones share the certificate.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    current: Arc<Current>,
}

/// Without the key.
impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls(…)")
    }
}

/// The certificate that is shown, and where the next one comes from.
struct Current {
    files: TlsFiles,
    provider: Arc<CryptoProvider>,
    shown: RwLock<Arc<CertifiedKey>>,
    /// How the files were when they were read last, whether they could be used or not.
    seen: Mutex<Stamp>,
}

#[derive(Clone)]
struct TlsFiles {
    certificate: PathBuf,
    key: PathBuf,
}

/// Differs when either file was changed or replaced.
type Stamp = [Option<(u64, i64, i64, u64)>; 2];

/// Without the key.
impl std::fmt::Debug for Current {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Current(…)")
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.shown())
    }
}

impl Current {
    fn shown(&self) -> Arc<CertifiedKey> {
        let shown = self.shown.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&shown)
    }
}

impl TlsFiles {
    fn stamp(&self) -> Stamp {
        let stamp =
            |facts: Metadata| (facts.ino(), facts.mtime(), facts.mtime_nsec(), facts.size());
        [&self.certificate, &self.key].map(|path| std::fs::metadata(path).ok().map(stamp))
    }

    fn read(&self, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, String> {
        let chain = CertificateDer::pem_file_iter(&self.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| {
                cannot_read(&self.certificate, &error, "--tls-cert (IIKURA_TLS_CERT)")
            })?;
        let secret = PrivateKeyDer::from_pem_file(&self.key)
            .map_err(|error| cannot_read(&self.key, &error, "--tls-key (IIKURA_TLS_KEY)"))?;
        let certified = CertifiedKey::from_der(chain, secret, provider);
        certified.map(Arc::new).map_err(|error| {
            format!(
                "{} and {} make no TLS: {error}; set --tls-cert (IIKURA_TLS_CERT) to the certificate with its chain \
                 and --tls-key (IIKURA_TLS_KEY) to the key it was issued for",
                self.certificate.display(),
                self.key.display()
            )
        })
    }
}

impl Tls {
    /// Reads a certificate with its chain and the key that belongs to it, both PEM.
    ///
    /// # Errors
    /// With a sentence that says what to type instead.
    pub fn read(certificate: &Path, key: &Path) -> Result<Self, String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let files = TlsFiles {
            certificate: certificate.to_owned(),
            key: key.to_owned(),
        };
        let seen = files.stamp();
        let current = Arc::new(Current {
            shown: RwLock::new(files.read(&provider)?),
            files,
            provider: Arc::clone(&provider),
            seen: Mutex::new(seen),
        });
        let versions = &[&rustls::version::TLS13, &rustls::version::TLS12];
        let config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        Ok(Self {
            config: Arc::new(config),
            current,
        })
    }

    /// For the listener; what it shows changes with [`Self::reload`].
    #[must_use]
    pub fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    /// When the certificate that is shown ends.
    #[must_use]
    pub fn ends(&self) -> Option<Moment> {
        certificate::end(self.current.shown().cert.first()?)
    }

    /// Reads the files again if they have changed since the last time, or in any case; true when they were read. What
    /// cannot be used changes nothing.
    ///
    /// # Errors
    /// With a sentence that says what to correct.
    pub fn reload(&self, in_any_case: bool) -> Result<bool, String> {
        let Current {
            files,
            provider,
            shown,
            seen,
        } = &*self.current;
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        let stamp = files.stamp();
        if *seen == stamp && !in_any_case {
            return Ok(false);
        }
        *seen = stamp;
        let renewed = files.read(provider)?;
        *shown.write().unwrap_or_else(PoisonError::into_inner) = renewed;
        Ok(true)
    }
}

/// Reads the certificate again on SIGHUP and when its files change, for as long as the server runs.
pub async fn keep_current(tls: Option<Tls>) {
    let mut hangups = signal(SignalKind::hangup()).ok();
    loop {
        let hangup = async {
            match &mut hangups {
                Some(hangups) => hangups.recv().await,
                None => std::future::pending().await,
            }
        };
        let asked = tokio::select! {
            _ = hangup => true,
            () = tokio::time::sleep(EVERY) => false,
        };
        match tls.clone() {
            Some(tls) => log_reload(tls, asked).await,
            None if asked => tracing::info!("there is no certificate to be read again"),
            None => {}
        }
    }
}

async fn log_reload(tls: Tls, asked: bool) {
    let ends = |tls: &Tls| tls.ends().map(|end| end.utc().to_rfc3339());
    let again = tls.clone();
    match tokio::task::spawn_blocking(move || again.reload(asked)).await {
        Ok(Ok(true)) => tracing::info!(ends = ends(&tls), "the certificate was read again"),
        Ok(Err(error)) => tracing::error!(
            error,
            ends = ends(&tls),
            "the certificate cannot be read again; the old one stays in use"
        ),
        Ok(Ok(false)) | Err(_) => {}
    }
}

/// The sentence never contains the file's content.
fn cannot_read(path: &Path, error: &pem::Error, flag: &str) -> String {
    let why = match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "it holds none".to_owned(),
        _ => "it is not a PEM file".to_owned(),
    };
    format!("{}: {why}; set {flag} to a PEM file", path.display())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    struct CertificatePair {
        certificate: String,
        key: String,
        der: Vec<u8>,
    }

    fn pem(label: &str, der: &[u8]) -> String {
        let base64 = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n")
    }

    fn pair() -> CertificatePair {
        let made = rcgen::generate_simple_self_signed(["iikura.example".to_owned()]).unwrap();
        CertificatePair {
            certificate: pem("CERTIFICATE", made.cert.der()),
            key: pem("PRIVATE KEY", &made.signing_key.serialize_der()),
            der: made.cert.der().to_vec(),
        }
    }

    fn shown(tls: &Tls) -> Vec<u8> {
        tls.current.shown().cert[0].to_vec()
    }

    #[test]
    fn a_renewed_certificate_is_shown_and_a_broken_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let (certificate, key) = (
            folder.path().join("cert.pem"),
            folder.path().join("key.pem"),
        );
        let (first, second) = (pair(), pair());
        std::fs::write(&certificate, &first.certificate).unwrap();
        std::fs::write(&key, &first.key).unwrap();
        let tls = Tls::read(&certificate, &key).unwrap();
        assert_eq!(tls.reload(false), Ok(false));
        // As while a program that renews certificates is still writing.
        std::fs::write(&certificate, &second.certificate).unwrap();
        let words = tls.reload(false).unwrap_err();
        assert!(words.contains("make no TLS"), "{words}");
        assert_eq!(shown(&tls), first.der);
        // It is said once, not every minute.
        assert_eq!(tls.reload(false), Ok(false));
        assert!(tls.reload(true).is_err());
        std::fs::write(&key, &second.key).unwrap();
        assert_eq!(tls.reload(false), Ok(true));
        assert_eq!(shown(&tls), second.der);
        std::fs::remove_file(&key).unwrap();
        let words = tls.reload(false).unwrap_err();
        assert!(words.contains("IIKURA_TLS_KEY"), "{words}");
        assert_eq!(shown(&tls), second.der);
    }
}
