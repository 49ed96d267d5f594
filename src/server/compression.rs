//! Compression of answers for clients that take it: Brotli, Zstandard or gzip.
//!
//! The length of a compressed answer depends on what its parts have in common. Where a secret and words of an attacker's
//! choice are compressed together, an observer of the lengths can find the secret letter by letter (BREACH). So nothing is
//! compressed unless its handler says that it may be ([`mark`]). Of a page around a part that users share, only that part
//! is compressed, once for each coding. What belongs to one user or one request stands beside it in blocks that are not
//! compressed: it adds its own length, and nothing else.

use std::collections::VecDeque;
use std::io::{self, Write as _};
use std::mem::take;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody as _};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{self, AcceptEncoding, ContentEncoding, Encoding, Header as _};
use actix_web::http::header::{HeaderMap, HeaderValue};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use brotli::enc::BrotliEncoderParams;
use flate2::{Crc, write::DeflateEncoder};
use tokio::sync::OnceCell;

use crate::runtime::trace;
use crate::server::Error;
use crate::server::app::App;
use crate::server::shared_body::SharedBody;

/// Bytes below which a body is sent as it is: headers and blocks would take what compression saves.
const LEAST_BYTES: usize = 1024;

/// A way to compress, in the order of [`Coding::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstd,
    /// gzip (RFC 1952).
    Gzip,
}

/// A part of a stream, compressed without reference to what stands before it.
#[derive(Debug)]
pub(super) struct CompressedPart {
    bytes: Bytes,
    /// gzip alone ends with a checksum.
    checksum: Crc,
}

/// Text that answers share, and its compressed forms once they were requested.
#[derive(Debug, Default)]
pub struct CompressibleText {
    plain: Bytes,
    compressed: [OnceCell<CompressedPart>; Coding::ALL.len()],
}

/// Marks an answer that may be compressed.
struct Compressible {
    text: Arc<CompressibleText>,
    /// The whole body; one of its parts is the text.
    parts: Vec<Bytes>,
}

impl CompressibleText {
    /// Takes a text that may be compressed.
    #[must_use]
    pub fn new(plain: impl Into<Bytes>) -> Self {
        Self {
            plain: plain.into(),
            ..Self::default()
        }
    }

    /// The text as it is.
    #[must_use]
    pub const fn plain(&self) -> &Bytes {
        &self.plain
    }

    /// Bytes in memory, in all forms.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let compressed = self.compressed.iter().filter_map(OnceCell::get);
        self.plain.len() + compressed.map(|part| part.bytes.len()).sum::<usize>()
    }

    /// Compresses the text, or returns what was compressed before. Those who ask meanwhile wait for the first.
    pub(super) async fn compressed(&self, coding: Coding) -> Result<&CompressedPart, Error> {
        let plain = &self.plain;
        self.compressed[coding as usize]
            .get_or_try_init(|| async move {
                let plain = plain.clone();
                let part = trace::block(move || coding.part(&plain)).await;
                part.map_err(Error::internal)?.map_err(Error::internal)
            })
            .await
    }
}

impl Coding {
    /// All of them, the one that compresses best first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];
    /// Levels at which half a megabyte takes a server some ten milliseconds.
    const BROTLI_QUALITY: i32 = 5;
    const ZSTD_LEVEL: i32 = 6;
    const GZIP_LEVEL: u32 = 6;
    /// A window of a megabyte for Zstandard: browsers take up to eight.
    const ZSTD_WINDOW: u32 = 20;

    /// Its word in `Content-Encoding`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// The coding that a client prefers; `None` when it takes the text alone.
    fn preferred(request: &HttpRequest) -> Option<Self> {
        let accepted = AcceptEncoding::parse(request).ok()?;
        let known = |coding: Self| {
            Encoding::Known(match coding {
                Self::Brotli => ContentEncoding::Brotli,
                Self::Zstd => ContentEncoding::Zstd,
                Self::Gzip => ContentEncoding::Gzip,
            })
        };
        let supported = Self::ALL.map(known);
        let chosen = accepted.negotiate(supported.iter().chain([&Encoding::identity()]))?;
        Self::ALL.into_iter().find(|each| known(*each) == chosen)
    }

    /// What a stream begins with.
    const fn head(self) -> &'static [u8] {
        match self {
            // A window of 4 MB, and an empty block up to the next whole byte.
            Self::Brotli => &[0x6B, 0x00],
            // The window alone: neither length nor checksum.
            Self::Zstd => &[0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x50],
            // Neither name nor time.
            Self::Gzip => &[0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF],
        }
    }

    /// What a stream ends with.
    fn end(self, checksum: &Crc) -> Vec<u8> {
        match self {
            Self::Brotli => vec![0x03],
            Self::Zstd => vec![0x01, 0x00, 0x00],
            Self::Gzip => {
                let mut end = vec![0x01, 0x00, 0x00, 0xFF, 0xFF];
                end.extend(checksum.sum().to_le_bytes());
                end.extend(checksum.amount().to_le_bytes());
                end
            }
        }
    }

    /// Writes blocks that are not compressed.
    fn store(self, plain: &[u8], out: &mut Vec<u8>) {
        for block in plain.chunks(usize::from(u16::MAX)) {
            let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
            match self {
                Self::Brotli => {
                    let head = (u32::from(length) - 1) << 3 | 1 << 19;
                    out.extend(head.to_le_bytes().iter().take(3));
                }
                Self::Zstd => {
                    let head = u32::from(length) << 3;
                    out.extend(head.to_le_bytes().iter().take(3));
                }
                Self::Gzip => {
                    out.push(0x00);
                    out.extend(length.to_le_bytes());
                    out.extend((!length).to_le_bytes());
                }
            }
            out.extend(block);
        }
    }

    fn part(self, plain: &[u8]) -> io::Result<CompressedPart> {
        let mut checksum = Crc::new();
        checksum.update(plain);
        let bytes = self.compress(plain)?.into();
        Ok(CompressedPart { bytes, checksum })
    }

    /// Compresses to blocks that refer to nothing before them, end at a whole byte, and are not the last.
    ///
    /// # Errors
    /// When a coding fails, which memory alone is a reason for.
    pub fn compress(self, plain: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Brotli => {
                let params = BrotliEncoderParams {
                    quality: Self::BROTLI_QUALITY,
                    size_hint: plain.len(),
                    catable: true,
                    bare_stream: true,
                    ..BrotliEncoderParams::default()
                };
                let mut out = Vec::new();
                brotli::BrotliCompress(&mut &*plain, &mut out, &params)?;
                Ok(out)
            }
            Self::Zstd => {
                let mut encoder = zstd::Encoder::new(Vec::new(), Self::ZSTD_LEVEL)?;
                encoder.window_log(Self::ZSTD_WINDOW)?;
                encoder.write_all(plain)?;
                encoder.flush()?;
                let frame = take(encoder.get_mut());
                let blocks = frame.strip_prefix(self.head());
                blocks
                    .map(<[u8]>::to_vec)
                    .ok_or_else(|| io::Error::other("a frame of Zstandard begins otherwise"))
            }
            Self::Gzip => {
                let level = flate2::Compression::new(Self::GZIP_LEVEL);
                let mut encoder = DeflateEncoder::new(Vec::new(), level);
                encoder.write_all(plain)?;
                encoder.flush()?;
                Ok(take(encoder.get_mut()))
            }
        }
    }

    /// Joins a body of parts, of which that with the shared text alone is compressed.
    fn joined(self, parts: &[Bytes], shared: &Bytes, compressed: &CompressedPart) -> SharedBody {
        let (mut body, mut own, mut checksum) = (VecDeque::new(), self.head().to_vec(), Crc::new());
        for part in parts {
            if part.as_ptr() == shared.as_ptr() && part.len() == shared.len() {
                body.push_back(Bytes::from(take(&mut own)));
                body.push_back(compressed.bytes.clone());
                checksum.combine(&compressed.checksum);
            } else {
                self.store(part, &mut own);
                checksum.update(part);
            }
        }
        own.extend(self.end(&checksum));
        body.push_back(own.into());
        SharedBody::of(body)
    }
}

/// Lets an answer with this body be compressed where its parts are the shared text.
pub fn mark_around(response: &mut HttpResponse, text: &Arc<CompressibleText>, parts: Vec<Bytes>) {
    if text.plain.len() >= LEAST_BYTES {
        let text = Arc::clone(text);
        response
            .extensions_mut()
            .insert(Compressible { text, parts });
    }
}

/// Answers with a text, which may be compressed.
#[must_use]
pub fn shared(mut response: HttpResponse, text: &Arc<CompressibleText>) -> HttpResponse {
    let parts = vec![text.plain.clone()];
    response = response.set_body(BoxBody::new(text.plain.clone()));
    mark_around(&mut response, text, parts);
    response
}

/// Lets a whole answer be compressed, which has no secret, or nothing that an attacker chooses. A stream stays as it is.
#[must_use]
pub fn mark(response: HttpResponse) -> HttpResponse {
    let (response, body) = response.into_parts();
    match body.try_into_bytes() {
        Ok(bytes) => {
            let response = response.set_body(BoxBody::new(()));
            shared(response, &Arc::new(CompressibleText::new(bytes)))
        }
        Err(body) => response.set_body(body),
    }
}

/// Compresses a marked answer as its client prefers it.
pub async fn apply(mut response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let marked = response
        .response_mut()
        .extensions_mut()
        .remove::<Compressible>();
    let Some(Compressible { text, parts }) = marked else {
        return response;
    };
    vary(response.headers_mut());
    let Some(coding) = Coding::preferred(response.request()) else {
        return response;
    };
    let is_new = text.compressed[coding as usize].get().is_none();
    let body = match text.compressed(coding).await {
        Ok(compressed) => coding.joined(&parts, &text.plain, compressed),
        Err(error) => {
            tracing::error!(%error, "an answer could not be compressed");
            return response;
        }
    };
    if is_new && let Some(app) = response.request().app_data::<web::Data<App>>() {
        app.render_cache.make_room();
    }
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_ENCODING,
        HeaderValue::from_static(coding.as_str()),
    );
    name_coding(headers, coding);
    response.map_body(|_, _| BoxBody::new(body))
}

/// Says that an answer depends on what its client accepts.
pub fn vary(headers: &mut HeaderMap) {
    let name = HeaderValue::from_static("accept-encoding");
    headers.append(header::VARY, name);
}

/// A strong entity tag names the bytes that are sent, so that each coding has its own: `"7-br"` of `"7"`. A weak one
/// names the file in every coding.
fn name_coding(headers: &mut HeaderMap, coding: Coding) {
    let tag = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    let strong = tag.and_then(|tag| tag.strip_prefix('"')?.strip_suffix('"'));
    let own = strong.map(|tag| format!("\"{tag}-{}\"", coding.as_str()));
    if let Some(own) = own.and_then(|own| HeaderValue::try_from(own).ok()) {
        headers.insert(header::ETAG, own);
    }
}

/// The tag of a file, from that of one of its codings; without quotes.
#[must_use]
pub fn tag_of_file(tag: &str) -> &str {
    let plain = |coding: Coding| tag.strip_suffix(coding.as_str())?.strip_suffix('-');
    Coding::ALL.into_iter().find_map(plain).unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use actix_web::body::to_bytes;
    use actix_web::test::TestRequest;
    use flate2::bufread::GzDecoder;

    use super::*;

    /// Reads a stream as a browser does: one, and nothing behind it.
    fn plain(coding: Coding, sent: &[u8]) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::new(), sent);
        match coding {
            Coding::Brotli => {
                brotli::BrotliDecompress(&mut rest, &mut out).unwrap();
            }
            Coding::Zstd => {
                let decoder = zstd::Decoder::with_buffer(&mut rest).unwrap();
                decoder.single_frame().read_to_end(&mut out).unwrap();
            }
            Coding::Gzip => {
                GzDecoder::new(&mut rest).read_to_end(&mut out).unwrap();
            }
        }
        assert!(rest.is_empty(), "{coding:?}: {} bytes left", rest.len());
        out
    }

    async fn sent(coding: Coding, before: &str, text: &str, behind: &str) -> Bytes {
        let text = CompressibleText::new(text.to_owned());
        let own = |part: &str| Bytes::copy_from_slice(part.as_bytes());
        let parts = [own(before), text.plain.clone(), own(behind)];
        let compressed = text.compressed(coding).await.unwrap();
        let body = coding.joined(&parts, &text.plain, compressed);
        to_bytes(body).await.unwrap()
    }

    #[actix_web::test]
    async fn compressed_body_is_the_body() {
        let items = |count: usize| (0..count).map(|item| format!("<li>{item}</li>"));
        let long: String = items(50_000).collect();
        let short: String = items(100).collect();
        for coding in Coding::ALL {
            for (before, text, behind) in [
                ("", &*short, ""),
                ("<p>", &*long, "</p>"),
                (&*long, &*short, &*long),
                ("x", "x", "x"),
            ] {
                let sent = sent(coding, before, text, behind).await;
                let whole = [before, text, behind].concat();
                assert!(plain(coding, &sent) == whole.as_bytes(), "{coding:?}");
                let own = before.len() + behind.len();
                assert!(text.len() < 1000 || (sent.len() - own) * 3 < text.len());
            }
        }
    }

    #[actix_web::test]
    async fn length_does_not_tell_whether_a_guess_is_right() {
        let text = "<li>Bilateral meeting</li>".repeat(100);
        let secret = "KQ7M2X4A9TZC1WVB3NYD5RGH8P";
        for coding in Coding::ALL {
            let mut lengths = Vec::new();
            for guess in [secret, "BX3T8M1Q6ZRY4CKA7WPD2NVG95", &text[..26]] {
                let before = format!("<input value=\"{secret}\"><p>{guess}</p>");
                lengths.push(sent(coding, &before, &text, guess).await.len());
            }
            lengths.dedup();
            assert_eq!(lengths.len(), 1, "{coding:?}: {lengths:?}");
        }
    }

    #[test]
    fn accept_encoding_is_obeyed() {
        let preferred = |value: &str| {
            let request = TestRequest::get().insert_header((header::ACCEPT_ENCODING, value));
            Coding::preferred(&request.to_http_request())
        };
        for (value, coding) in [
            ("gzip, deflate, br, zstd", Some(Coding::Brotli)),
            ("gzip, deflate, br", Some(Coding::Brotli)),
            ("zstd, gzip", Some(Coding::Zstd)),
            ("gzip", Some(Coding::Gzip)),
            ("GZIP", Some(Coding::Gzip)),
            ("br;q=0.2, gzip;q=0.5", Some(Coding::Gzip)),
            ("br;q=0, gzip;q=0.001", Some(Coding::Gzip)),
            ("gzip, *;q=0", Some(Coding::Gzip)),
            ("identity;q=0, zstd", Some(Coding::Zstd)),
            ("gzip;q=0", None),
            ("gzip;q=0, *", None),
            ("identity", None),
            ("deflate, compress", None),
            ("*", None),
            ("*;q=0", None),
            ("", None),
            (";;,q=", None),
        ] {
            assert_eq!(preferred(value), coding, "{value:?}");
        }
        assert_eq!(
            Coding::preferred(&TestRequest::get().to_http_request()),
            None
        );
    }
}
