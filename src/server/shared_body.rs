//! Bodies of answers that many clients receive at once: long parts are shared between them, and each connection copies
//! only what it is about to send.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, MessageBody};
use actix_web::web::Bytes;
use bytestring::ByteString;

/// Bytes given to a connection at once. What it is given it copies into a buffer of its own, however long it is, and
/// keeps that buffer for its next answer.
const SLICE: usize = 16 * 1024;

/// The front of what is left of a body; not more than a connection may copy.
#[must_use]
pub fn next_slice(rest: &mut Bytes) -> Bytes {
    rest.split_to(rest.len().min(SLICE))
}

/// A body in parts, of which some belong to other answers too.
#[derive(Debug, Default)]
pub struct SharedBody(VecDeque<Bytes>);

impl SharedBody {
    /// Makes a body of parts.
    #[must_use]
    pub const fn of(parts: VecDeque<Bytes>) -> Self {
        Self(parts)
    }

    /// The parts, which are shared further.
    #[must_use]
    pub fn parts(&self) -> Vec<Bytes> {
        self.0.iter().cloned().collect()
    }

    /// Writes a body around one long part, which is shared.
    pub fn around<E>(
        part: &ByteString,
        write: impl FnOnce(&mut dyn fmt::Write) -> Result<(), E>,
    ) -> Result<Self, E> {
        let mut body = Writer {
            part,
            parts: VecDeque::new(),
            text: String::new(),
        };
        write(&mut body)?;
        body.end_text();
        Ok(Self(body.parts))
    }
}

impl MessageBody for SharedBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.0.iter().map(|part| part.len() as u64).sum())
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(Ok))
    }
}

/// Collects text, and takes the part itself where its text is written.
struct Writer<'a> {
    part: &'a ByteString,
    parts: VecDeque<Bytes>,
    text: String,
}

impl Writer<'_> {
    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.parts
                .push_back(Bytes::from(std::mem::take(&mut self.text)));
        }
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // The same memory, not only the same text.
        if text.as_ptr() == self.part.as_ptr() && text.len() == self.part.len() {
            self.end_text();
            self.parts.push_back(self.part.clone().into_bytes());
        } else {
            self.text.push_str(text);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;

    use super::*;

    #[actix_web::test]
    async fn part_of_a_body_is_shared_and_not_copied() {
        let part = ByteString::from("x".repeat(3 * SLICE + 1));
        let write = |body: &mut dyn fmt::Write| write!(body, "<p>{}</p>end", &*part);
        let body = SharedBody::around(&part, write).unwrap();
        assert_eq!(body.0.len(), 3);
        assert_eq!(body.0[1].as_ptr(), part.as_ptr());
        let length = "<p></p>end".len() + part.len();
        assert_eq!(body.size(), BodySize::Sized(length as u64));
        let sent = to_bytes(body).await.unwrap();
        assert_eq!(sent, format!("<p>{}</p>end", &*part).as_bytes());
    }

    #[test]
    fn slices_are_short_and_miss_nothing() {
        let whole = Bytes::from("0123456789".repeat(SLICE / 4));
        let (mut rest, mut sent) = (whole.clone(), Vec::new());
        while !rest.is_empty() {
            let slice = next_slice(&mut rest);
            assert!((1..=SLICE).contains(&slice.len()));
            sent.extend_from_slice(&slice);
        }
        assert_eq!(sent, whole);
    }
}
