//! Keys and signatures as JSON has them (RFC 7515, 7517, 7518).

use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, SigningKey};
use rustls::pki_types::PrivatePkcs8KeyDer;
use serde_json::{Value, json};
use sha2::Sha256;

pub fn ec_key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

/// Made by OpenSSL: ring, which signs here, makes none.
pub fn rsa_key() -> KeyPair {
    let made = Command::new("openssl")
        .args(["genpkey", "-algorithm", "RSA"])
        .args(["-pkeyopt", "rsa_keygen_bits:2048"])
        .output()
        .unwrap();
    let pem = String::from_utf8(made.stdout).unwrap();
    let lines = pem.lines().filter(|line| !line.starts_with("-----"));
    let der = PrivatePkcs8KeyDer::from(STANDARD.decode(lines.collect::<String>()).unwrap());
    KeyPair::from_pkcs8_der_and_sign_algo(&der, &PKCS_RSA_SHA256).unwrap()
}

pub fn jwk(key: &KeyPair) -> Value {
    let raw = key.public_key_raw();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    if key.algorithm() == &PKCS_RSA_SHA256 {
        let [modulus, exponent] = integers(raw);
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": "one", "n": part(modulus), "e": part(exponent) })
    } else {
        // A point that is not pressed together: 4, x, y.
        let (x, y) = (&raw[1..33], &raw[33..]);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": "one", "x": part(x), "y": part(y) })
    }
}

pub fn signature(key: &KeyPair, message: &str) -> Vec<u8> {
    let signed = key.sign(message.as_bytes()).unwrap();
    if key.algorithm() == &PKCS_RSA_SHA256 {
        return signed;
    }
    // JWS wants both numbers at their full length (RFC 7518, section 3.4).
    let numbers = integers(&signed).map(|number| [&vec![0; 32 - number.len()], number].concat());
    numbers.concat()
}

/// The two integers of a sequence in DER, without what only says that they are not negative.
fn integers(sequence: &[u8]) -> [&[u8]; 2] {
    let (_, inside, _) = element(sequence);
    let (_, first, rest) = element(inside);
    let (_, second, _) = element(rest);
    [first, second].map(|number| {
        let zeros = number.iter().take_while(|byte| **byte == 0).count();
        &number[zeros..]
    })
}

/// Tag, content and what comes after.
fn element(der: &[u8]) -> (u8, &[u8], &[u8]) {
    let (length, head) = match der[1] {
        short @ 0..128 => (usize::from(short), 2),
        long => {
            let count = usize::from(long - 128);
            let bytes = &der[2..2 + count];
            (
                bytes
                    .iter()
                    .fold(0, |length, byte| length * 256 + usize::from(*byte)),
                2 + count,
            )
        }
    };
    let (content, rest) = der[head..].split_at(length);
    (der[0], content, rest)
}

pub fn mac(key: &[u8], message: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
