//! The encoding of an event file: UTF-8, and by its name what is none.

use super::FileFault;

/// Decodes a file.
///
/// # Errors
/// With the line of the first byte that is not UTF-8, and the encoding that it seems to be.
pub fn decode(bytes: Vec<u8>) -> Result<String, FileFault> {
    if is_utf_16(&bytes) {
        return Err(FileFault {
            line: 1,
            message: save_as_utf_8("UTF-16"),
        });
    }
    String::from_utf8(bytes).map_err(|error| {
        let bytes = error.as_bytes();
        let before = &bytes[..error.utf8_error().valid_up_to()];
        let line = before.split(|byte| *byte == b'\n').count();
        let message = match japanese(bytes) {
            Some(name) => save_as_utf_8(name),
            None => "there is a byte that is not UTF-8; save the file as UTF-8".to_owned(),
        };
        FileFault { line, message }
    })
}

fn save_as_utf_8(name: &str) -> String {
    format!("the file is encoded in {name}; save it as UTF-8")
}

/// True with the mark of UTF-16, and where every other byte at the beginning is zero, as in letters of English.
fn is_utf_16(bytes: &[u8]) -> bool {
    let marked = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    let begin = &bytes[..bytes.len().min(8)];
    let zeros = |first: usize| begin.iter().skip(first).step_by(2).all(|byte| *byte == 0);
    marked || begin.len() >= 4 && (zeros(0) || zeros(1))
}

/// Names the encoding of a text that is Japanese and not UTF-8.
fn japanese(bytes: &[u8]) -> Option<&'static str> {
    if pairs(
        bytes,
        |byte| matches!(byte, 0xA1..=0xFE),
        |byte| matches!(byte, 0xA1..=0xFE),
    ) {
        return Some("EUC-JP");
    }
    let lead = |byte| matches!(byte, 0x81..=0x9F | 0xE0..=0xFC);
    let trail = |byte| matches!(byte, 0x40..=0x7E | 0x80..=0xFC);
    // Half-width katakana stand alone.
    let full: Vec<u8> = bytes
        .iter()
        .map(|byte| {
            if matches!(byte, 0xA1..=0xDF) {
                b'a'
            } else {
                *byte
            }
        })
        .collect();
    pairs(&full, lead, trail).then_some("Shift-JIS")
}

/// True when every byte beyond ASCII begins or ends a pair.
fn pairs(bytes: &[u8], lead: impl Fn(u8) -> bool, trail: impl Fn(u8) -> bool) -> bool {
    let mut bytes = bytes.iter().copied();
    while let Some(byte) = bytes.next() {
        let is_whole = byte.is_ascii() || lead(byte) && bytes.next().is_some_and(&trail);
        if !is_whole {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(bytes: &[u8]) -> String {
        decode(bytes.to_vec()).unwrap_err().to_string()
    }

    #[test]
    fn an_encoding_is_named_with_the_line() {
        let utf_16: Vec<u8> = "[meeting]\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let named = "line 1: the file is encoded in UTF-16; save it as UTF-8";
        assert_eq!(fault(&utf_16), named);
        assert_eq!(fault(&[b"\xFF\xFE".as_slice(), &utf_16].concat()), named);
        let big: Vec<u8> = "飯倉".encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(fault(&[b"\xFE\xFF".as_slice(), &big].concat()), named);
        // 飯倉公館, and 外相会合 with half-width katakana behind it.
        let shift_jis = b"[meeting]\nname = \"\x94\xd1\x91\x71\x8c\xf6\x8a\xd9\"\n";
        assert_eq!(
            fault(shift_jis),
            "line 2: the file is encoded in Shift-JIS; save it as UTF-8"
        );
        let katakana = b"\n\n\x8a\x4f\x91\x8a\x89\xef\x8d\x87\xc9\xdb\xcc";
        assert_eq!(
            fault(katakana),
            "line 3: the file is encoded in Shift-JIS; save it as UTF-8"
        );
        let euc = b"name = \"\xc8\xd3\xc1\xd2\"";
        assert_eq!(
            fault(euc),
            "line 1: the file is encoded in EUC-JP; save it as UTF-8"
        );
        let other = b"name = \"Caf\xe9\"";
        assert!(fault(other).contains("not UTF-8"), "{}", fault(other));
    }

    #[test]
    fn utf_8_is_read_as_it_is() {
        for text in ["", "a", "飯倉", "[meeting]\nname = \"飯倉公館\""] {
            assert_eq!(decode(text.as_bytes().to_vec()).unwrap(), text);
        }
    }
}
