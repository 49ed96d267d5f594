//! Looking into a mailbox by IMAP (RFC 9051), without changing anything in it.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_imap::{Client, Session};
use chrono::NaiveDate;
use futures_util::TryStreamExt;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::address::{ImapSecurity, ImapUrl};
use crate::mail::transport::{SendOutcome, SmtpStep};

/// How long one word to the server may stay without an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest mail that is read, in bytes: answers and reports are a hundredth of it.
const LONGEST: u32 = 1 << 20;

/// Any way to the server.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send + Debug {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send + Debug> Stream for T {}

type ImapStream = Box<dyn Stream>;

/// A mailbox that is open to look at.
pub(crate) struct Mailbox {
    session: Session<ImapStream>,
    /// Which numbering of its mails holds.
    pub(crate) uid_validity: u32,
}

/// Why a mailbox could not be read, as a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ImapFault {
    /// It cannot be reached, or has broken off: another time it may be different.
    #[error("{0}")]
    Way(String),
    /// The sign-in failed or the folder is missing: the URL must be corrected.
    #[error("{0}")]
    Refusal(String),
}

impl Mailbox {
    /// Opens it, to look only.
    pub(crate) async fn open(url: &ImapUrl) -> Result<Self, ImapFault> {
        let mut client = Client::new(connect(url).await?);
        // Where TLS came later, the server greeted before it.
        if url.security != ImapSecurity::Required {
            greet(&mut client, url).await?;
        }
        let mut session = match in_time(client.login(&url.user, &url.password)).await? {
            Ok(session) => session,
            Err((error, _)) => return Err(refusal("refuses the sign-in", url, &error)),
        };
        let folder = in_time(session.examine(&url.folder)).await?;
        let folder = folder
            .map_err(|error| refusal(&format!("has no folder {}", url.folder), url, &error))?;
        let uid_validity = folder.uid_validity.ok_or_else(|| {
            ImapFault::Refusal(format!("{} does not number its mails", url.destination()))
        })?;
        Ok(Self {
            session,
            uid_validity,
        })
    }

    /// Lists the mails after `last`, or, at the first read, those of the last day; each with its size in bytes.
    pub(crate) async fn after(
        &mut self,
        last: Option<u32>,
        since: NaiveDate,
    ) -> Result<Vec<(u32, u32)>, ImapFault> {
        let query = match last {
            Some(last) => format!("UID {}:*", last.saturating_add(1)),
            None => format!("SINCE {}", since.format("%-d-%b-%Y")),
        };
        let found = in_time(self.session.uid_search(query))
            .await?
            .map_err(broken)?;
        // `n:*` names the last mail even where it is before n.
        let mut uids: Vec<u32> = found
            .into_iter()
            .filter(|uid| last.is_none_or(|last| *uid > last))
            .collect();
        uids.sort_unstable();
        let mut sized = Vec::with_capacity(uids.len());
        for some in uids.chunks(100) {
            let set = some.iter().map(u32::to_string).collect::<Vec<_>>();
            let fetched = in_time(async {
                let stream = self.session.uid_fetch(set.join(","), "(UID RFC822.SIZE)");
                stream.await?.try_collect::<Vec<_>>().await
            });
            for mail in fetched.await?.map_err(broken)? {
                sized.extend(mail.uid.zip(mail.size));
            }
        }
        sized.sort_unstable();
        Ok(sized)
    }

    /// The bytes of a mail, of a very long one its headers; `None` when it has gone meanwhile.
    pub(crate) async fn mail(&mut self, uid: u32, size: u32) -> Result<Option<Vec<u8>>, ImapFault> {
        let what = if size > LONGEST {
            "(UID BODY.PEEK[HEADER])"
        } else {
            "(UID BODY.PEEK[])"
        };
        let fetched = in_time(async {
            let stream = self.session.uid_fetch(uid.to_string(), what);
            stream.await?.try_collect::<Vec<_>>().await
        });
        let fetched = fetched.await?.map_err(broken)?;
        let mail = fetched.into_iter().find(|mail| mail.uid == Some(uid));
        Ok(mail.and_then(|mail| {
            let bytes = mail.body().or_else(|| mail.header())?;
            Some(bytes.to_vec())
        }))
    }

    /// Says good-bye; whether the server does too changes nothing.
    pub(crate) async fn close(mut self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), self.session.logout()).await;
    }
}

/// Checks the mailbox up to the list of its mails, for the page Mail health.
pub async fn check(url: &ImapUrl) -> SmtpStep {
    let name = format!("look into {}", url.name());
    let result = match Mailbox::open(url).await {
        Ok(mailbox) => {
            mailbox.close().await;
            Ok("open".to_owned())
        }
        Err(ImapFault::Way(reason)) => Err(SendOutcome::Transient { code: None, reason }),
        Err(ImapFault::Refusal(reason)) => Err(SendOutcome::Configuration { code: None, reason }),
    };
    SmtpStep::new(name, result)
}

async fn connect(url: &ImapUrl) -> Result<ImapStream, ImapFault> {
    let address = (url.host.as_str(), url.port);
    let stream = in_time(TcpStream::connect(address)).await?;
    let stream = stream.map_err(|error| {
        ImapFault::Way(format!("{} cannot be reached: {error}", url.destination()))
    })?;
    match url.security {
        ImapSecurity::Loopback => Ok(Box::new(stream)),
        ImapSecurity::Wrapped => encrypted(url, stream).await,
        ImapSecurity::Required => {
            let mut client = Client::new(stream);
            greet(&mut client, url).await?;
            in_time(client.run_command_and_check_ok("STARTTLS", None))
                .await?
                .map_err(|error| refusal("offers no STARTTLS", url, &error))?;
            encrypted(url, client.into_inner()).await
        }
    }
}

async fn greet<T: Stream>(client: &mut Client<T>, url: &ImapUrl) -> Result<(), ImapFault> {
    match in_time(client.read_response()).await? {
        Ok(Some(_)) => Ok(()),
        Ok(None) => Err(ImapFault::Way(format!("{} hung up", url.destination()))),
        Err(error) => Err(ImapFault::Way(error.to_string())),
    }
}

async fn encrypted(url: &ImapUrl, stream: TcpStream) -> Result<ImapStream, ImapFault> {
    let fault = |what: String| ImapFault::Way(format!("TLS with {}: {what}", url.destination()));
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| fault(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(url.host.clone()).map_err(|error| fault(error.to_string()))?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    let stream = in_time(connecting).await?;
    Ok(Box::new(stream.map_err(|error| {
        ImapFault::Refusal(format!("TLS with {}: {error}", url.destination()))
    })?))
}

async fn in_time<T>(word: impl Future<Output = T>) -> Result<T, ImapFault> {
    tokio::time::timeout(PATIENCE, word)
        .await
        .map_err(|_| ImapFault::Way(format!("no answer within {} seconds", PATIENCE.as_secs())))
}

fn refusal(what: &str, url: &ImapUrl, error: &async_imap::error::Error) -> ImapFault {
    match error {
        async_imap::error::Error::No(_) | async_imap::error::Error::Bad(_) => {
            ImapFault::Refusal(format!("{} {what}: {error}", url.destination()))
        }
        other => broken(other),
    }
}

fn broken(error: impl std::borrow::Borrow<async_imap::error::Error>) -> ImapFault {
    ImapFault::Way(format!("the mailbox broke off: {}", error.borrow()))
}
