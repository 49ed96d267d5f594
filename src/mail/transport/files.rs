//! Mail as `.eml` files, for a demonstration or a machine without a relay.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::SendOutcome;

/// A folder of mail.
#[derive(Debug, Clone)]
pub(super) struct MailFolder(pub PathBuf);

impl MailFolder {
    pub(super) async fn write(&self, name: &str, raw: &[u8]) -> SendOutcome {
        let (folder, name, raw) = (self.0.clone(), format!("{name}.eml"), raw.to_owned());
        let written = tokio::task::spawn_blocking(move || write_whole(&folder, &name, &raw)).await;
        match written {
            Ok(Ok(())) => SendOutcome::Sent { code: None },
            Ok(Err(error)) => self.fault(&error),
            Err(stopped) => SendOutcome::Transient {
                code: None,
                reason: stopped.to_string(),
            },
        }
    }

    /// Whether a mail could be written; leaves nothing behind.
    pub(super) async fn check(&self) -> Result<String, SendOutcome> {
        let folder = self.0.clone();
        let tried = tokio::task::spawn_blocking(move || {
            write_whole(&folder, ".check", b"")?;
            fs::remove_file(folder.join(".check"))
        });
        match tried.await {
            Ok(Ok(())) => Ok("can be written".to_owned()),
            Ok(Err(error)) => Err(self.fault(&error)),
            Err(stopped) => Err(SendOutcome::Transient {
                code: None,
                reason: stopped.to_string(),
            }),
        }
    }

    fn fault(&self, error: &io::Error) -> SendOutcome {
        let reason = format!("cannot write to {}: {error}", self.0.display());
        match error.kind() {
            // A full disk may be emptied; these stay until a user acts.
            ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::ReadOnlyFilesystem => SendOutcome::Configuration { code: None, reason },
            _ => SendOutcome::Transient { code: None, reason },
        }
    }
}

/// Writes beside and renames: readers of the folder see whole mails only.
fn write_whole(folder: &Path, name: &str, raw: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = folder.join(format!(".{name}.part"));
    let mut file = File::create(&beside)?;
    file.write_all(raw)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))
}
