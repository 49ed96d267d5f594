//! Passwords that have been stolen elsewhere: looked up in a file, so that no password and no part of one leaves the
//! machine.
//!
//! The file is what <https://haveibeenpwned.com/Passwords> offers to download: one `HASH:COUNT` a line, the hash being
//! SHA-1 in capital hexadecimal digits, sorted. It has some fifty gigabytes, so it is searched in place.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Error, ErrorKind, Result, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use sha1::{Digest, Sha1};

/// Bytes of a hash, in digits.
const DIGITS: usize = 40;

/// A file of passwords that were stolen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breached(PathBuf);

impl Breached {
    /// Takes a file that can be read and begins as it should.
    ///
    /// # Errors
    /// When it cannot be read, or its first line is of another form.
    pub fn at(path: &Path) -> Result<Self> {
        let mut first = String::new();
        BufReader::new(File::open(path)?).read_line(&mut first)?;
        hash_of(&first)?;
        Ok(Self(path.to_owned()))
    }

    /// True when the password is in the file.
    ///
    /// # Errors
    /// When the file cannot be read, or a line is of another form.
    pub fn has(&self, password: &str) -> Result<bool> {
        let wanted = digits(password);
        let file = File::open(&self.0)?;
        // The line sought begins in `from..to`.
        let (mut from, mut to) = (0, file.metadata()?.len());
        let mut lines = BufReader::with_capacity(256, file);
        while from < to {
            let middle = from + (to - from) / 2;
            let (start, line) = first_line_from(&mut lines, middle)?;
            if start >= to || line.is_empty() {
                to = middle;
                continue;
            }
            match hash_of(&line)?.cmp(wanted.as_str()) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => from = start + line.len() as u64,
                std::cmp::Ordering::Greater => to = middle,
            }
        }
        Ok(false)
    }
}

fn digits(password: &str) -> String {
    let digest = Sha1::digest(password.as_bytes());
    let mut digits = String::with_capacity(DIGITS);
    for byte in digest {
        let _ = write!(digits, "{byte:02X}");
    }
    digits
}

/// The first line that begins at `place` or after it, and where it begins; empty at the end of the file.
fn first_line_from(lines: &mut BufReader<File>, place: u64) -> Result<(u64, String)> {
    let mut start = 0;
    // A line begins after the end of another, which may be the byte just before.
    if let Some(before) = place.checked_sub(1) {
        lines.seek(SeekFrom::Start(before))?;
        let mut rest = Vec::new();
        start = before + lines.read_until(b'\n', &mut rest)? as u64;
    } else {
        lines.seek(SeekFrom::Start(0))?;
    }
    let mut line = String::new();
    lines.read_line(&mut line)?;
    Ok((start, line))
}

fn hash_of(line: &str) -> Result<&str> {
    line.get(..DIGITS)
        .filter(|hash| {
            let digits = |byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
            hash.bytes().all(digits) && matches!(line.as_bytes().get(DIGITS), Some(b':'))
        })
        .ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidData,
                "its lines are not of the form HASH:COUNT, with SHA-1 in capital digits, sorted",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_found_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached.txt");
        for (count, end) in [(1_usize, "\r\n"), (2, "\n"), (97, "\r\n")] {
            let stolen: Vec<String> = (0..count)
                .map(|number| format!("stolen {number}"))
                .collect();
            // Counts of unlike length, as in the real file.
            let mut lines: Vec<String> = stolen
                .iter()
                .enumerate()
                .map(|(number, word)| {
                    format!(
                        "{}:{}{end}",
                        digits(word),
                        7_u64.pow(u32::try_from(number % 20).unwrap())
                    )
                })
                .collect();
            lines.sort();
            std::fs::write(&path, lines.concat()).unwrap();
            let breached = Breached::at(&path).unwrap();
            for word in &stolen {
                assert!(breached.has(word).unwrap(), "{word} of {count}");
            }
            for number in 0..200 {
                assert!(!breached.has(&format!("kept {number}")).unwrap());
            }
            std::fs::write(&path, lines.concat().trim_end()).unwrap();
            assert!(
                stolen.iter().all(|word| breached.has(word).unwrap()),
                "no last line end"
            );
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("breached.txt");
        assert!(Breached::at(&path).is_err(), "there is none");
        let lower = digits("x").to_lowercase();
        for text in [
            "",
            "password\n",
            &digits("x"),
            &format!("{lower}:3\n"),
            "飯倉:1\n",
        ] {
            std::fs::write(&path, text).unwrap();
            let fault = Breached::at(&path).unwrap_err().to_string();
            assert!(
                fault.starts_with("its lines are not of the form HASH:COUNT"),
                "{fault}"
            );
        }
    }
}
