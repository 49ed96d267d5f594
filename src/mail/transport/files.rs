//! Mail as `.eml` files, for a demonstration or a machine without a relay.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::Outcome;
use crate::mail::outbox::Claimed;

/// A folder of mail.
#[derive(Debug, Clone)]
pub(super) struct Files(pub PathBuf);

impl Files {
    pub(super) async fn write(&self, mail: &Claimed) -> Outcome {
        let (folder, name, raw) = (self.0.clone(), file_name(mail), mail.raw.clone());
        let written = tokio::task::spawn_blocking(move || write_whole(&folder, &name, &raw)).await;
        match written {
            Ok(Ok(())) => Outcome::Sent { code: None },
            Ok(Err(error)) => self.fault(&error),
            Err(stopped) => Outcome::Transient {
                code: None,
                reason: stopped.to_string(),
            },
        }
    }

    fn fault(&self, error: &io::Error) -> Outcome {
        let reason = format!("cannot write to {}: {error}", self.0.display());
        match error.kind() {
            // A full disk may be emptied; these stay until somebody acts.
            ErrorKind::PermissionDenied
            | ErrorKind::NotADirectory
            | ErrorKind::AlreadyExists
            | ErrorKind::ReadOnlyFilesystem => Outcome::Configuration { code: None, reason },
            _ => Outcome::Transient { code: None, reason },
        }
    }
}

/// Time and id, so that a folder sorts by time and the same mail again takes its own place.
fn file_name(mail: &Claimed) -> String {
    format!(
        "{}-{}.eml",
        mail.created_at.utc().format("%Y%m%dT%H%M%SZ"),
        mail.id
    )
}

/// Writes beside and renames: whoever reads the folder sees whole mails only.
fn write_whole(folder: &Path, name: &str, raw: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let beside = folder.join(format!(".{name}.part"));
    let mut file = File::create(&beside)?;
    file.write_all(raw)?;
    file.sync_all()?;
    fs::rename(&beside, folder.join(name))
}
