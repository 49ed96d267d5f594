//! A file that is there whole or not at all, for its owner alone, and never in the place of another.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Result};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A temporary file beside its destination, removed unless it is persisted.
#[derive(Debug)]
pub struct NewFile {
    unfinished: PathBuf,
    place: PathBuf,
}

impl NewFile {
    /// Begins with an empty file.
    ///
    /// # Errors
    /// When the place is taken, or the folder does not let us.
    pub fn create(place: &Path) -> Result<Self> {
        if place.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        let mut name = place.as_os_str().to_owned();
        name.push(format!(
            ".unfinished-{:013x}",
            crate::runtime::random::fresh_id()
        ));
        let new = Self {
            unfinished: PathBuf::from(name),
            place: place.to_owned(),
        };
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&new.unfinished)?;
        Ok(new)
    }

    /// Where it is made.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.unfinished
    }

    /// Opens it for writing.
    ///
    /// # Errors
    /// As the system says.
    pub fn open(&self) -> Result<File> {
        OpenOptions::new().write(true).open(&self.unfinished)
    }

    /// Gives it its name, for good: written to the disk first.
    ///
    /// # Errors
    /// When the place is taken by now, or the disk does not take it.
    pub fn keep(self) -> Result<()> {
        File::open(&self.unfinished)?.sync_all()?;
        std::fs::hard_link(&self.unfinished, &self.place)?;
        std::fs::remove_file(&self.unfinished)?;
        let folder = self
            .place
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        // What is left of it is of no use; that it cannot be removed is less than the fault that led here.
        let _ = std::fs::remove_file(&self.unfinished);
    }
}
