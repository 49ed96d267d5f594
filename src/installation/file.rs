//! Reading: what a file says of itself, and whether it is whole. The database has no part in it yet.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::export::hex;
use super::{Contents, FORMAT, Header, InstallationImportError, Seal, VERSION};
use crate::db;

/// Bytes within which the first line ends; far more than it needs.
const LONGEST_HEADER: u64 = 1 << 16;

/// A file that was found whole, and of this program's schema.
#[derive(Debug)]
pub struct SealedFile {
    pub(super) path: PathBuf,
    pub(super) contents: Contents,
    /// The hash at its end.
    pub(super) sha256: String,
}

/// What every version of the file says of itself.
#[derive(Deserialize)]
struct Mark {
    version: u32,
    program: String,
}

impl SealedFile {
    /// Reads a file from end to end.
    ///
    /// # Errors
    /// When it cannot be read, is something else, was cut off or damaged, or comes from another schema.
    pub fn open(path: &Path) -> Result<Self, InstallationImportError> {
        let path = path.to_owned();
        let fault = |error| InstallationImportError::File(path.clone(), error);
        let mut from = BufReader::new(File::open(&path).map_err(fault)?);
        let mut line = Vec::new();
        (&mut from)
            .take(LONGEST_HEADER)
            .read_until(b'\n', &mut line)
            .map_err(fault)?;
        if !line.starts_with(format!("{{\"format\":\"{FORMAT}\"").as_bytes()) {
            return Err(InstallationImportError::NotOurs(path));
        }
        let first = line.clone();
        let mut digest = Sha256::new();
        let mut next = Vec::new();
        while from.read_until(b'\n', &mut next).map_err(fault)? > 0 {
            digest.update(&line);
            std::mem::swap(&mut line, &mut next);
            next.clear();
        }
        let damaged = |fault: &str| InstallationImportError::Damaged {
            path: path.clone(),
            fault: fault.to_owned(),
        };
        let seal: Seal = match serde_json::from_slice(&line) {
            Ok(seal) if line.ends_with(b"\n") => seal,
            _ => return Err(InstallationImportError::Cut(path)),
        };
        let sha256 = hex(&digest.finalize());
        if seal.sha256 != sha256 {
            return Err(damaged("its SHA-256 is not the one at its end"));
        }
        let unreadable = |_| damaged("its first line is invalid");
        let mark: Mark = serde_json::from_slice(&first).map_err(unreadable)?;
        if mark.version != VERSION {
            return Err(InstallationImportError::OtherForm {
                path,
                program: mark.program,
            });
        }
        let header: Header = serde_json::from_slice(&first).map_err(unreadable)?;
        if let Some(difference) = difference(&header.migrations, &db::known_migrations()?) {
            return Err(InstallationImportError::OtherSchema {
                path,
                program: header.program,
                difference,
            });
        }
        Ok(Self {
            path,
            contents: header.contents,
            sha256,
        })
    }

    /// How much it holds.
    #[must_use]
    pub fn contents(&self) -> &Contents {
        &self.contents
    }
}

/// How a file's migrations differ from this program's, and what to do about it.
fn difference(its: &[String], ours: &[String]) -> Option<String> {
    let without = |these: &[String], those: &[String]| {
        let only: Vec<&str> = these
            .iter()
            .filter(|version| !those.contains(version))
            .map(String::as_str)
            .collect();
        (!only.is_empty()).then(|| only.join(", "))
    };
    if let Some(newer) = without(its, ours) {
        return Some(format!(
            "has migration(s) {newer}, which this iikura does not know; import it with that iikura, or a newer one"
        ));
    }
    without(ours, its).map(|older| {
        format!(
            "lacks migration(s) {older} of this iikura; import it with that iikura into an empty database, then run 'iikura migrate' with this one"
        )
    })
}
