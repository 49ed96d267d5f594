//! A provider of OpenID Connect on a port of its own, as strict as the real ones, which lies where a test tells it to.

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rcgen::{CertifiedKey, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::jose::{ec_key, jwk, mac, rsa_key, signature};

/// What it calls us.
pub const CLIENT: &str = "iikura";
/// What we show it. The letters that forms write otherwise have to arrive.
pub const SECRET: &str = "open sesame+%&";

/// How an address answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Good,
    Broken,
    Garbage,
    TooBig,
    /// Takes the question and says nothing.
    Silent,
    /// Sends whoever asks to another address of its own.
    Elsewhere,
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signed {
    Rightly,
    ByAnotherKey,
    /// `alg: none`, without a signature.
    NotAtAll,
    /// `alg: HS256` with the public key, which everybody knows.
    WithThePublicKey,
    /// `alg: HS256` with the client's secret.
    WithTheSecret,
    /// Another token's signature.
    ForSomethingElse,
}

/// What it does.
pub struct Script {
    /// Who sits at the provider: what the token says beside what it has to; `null` takes a claim away.
    pub claims: Value,
    pub signed: Signed,
    pub token: Manner,
    pub description: Manner,
    /// What it says of itself, over what it is.
    pub described: Value,
    /// Its time, in seconds since 1970.
    pub now: i64,
    /// Questions for a token that it has heard.
    pub exchanges: usize,
    codes: HashMap<String, Asked>,
}

#[derive(Clone)]
struct Asked {
    nonce: String,
    challenge: String,
    back: String,
    claims: Value,
}

/// It answers until the test ends.
#[derive(Clone)]
pub struct Provider {
    /// Its name for itself.
    pub issuer: String,
    script: Arc<Mutex<Script>>,
    keys: Arc<(KeyPair, KeyPair)>,
}

impl Provider {
    /// One that signs by ES256.
    pub fn start(now: i64) -> Self {
        Self::with(now, (ec_key(), ec_key()), None)
    }

    /// One that signs by RS256, as most do.
    pub fn start_rsa(now: i64) -> Self {
        Self::with(now, (rsa_key(), rsa_key()), None)
    }

    /// One that speaks HTTPS by a certificate, as `localhost`.
    pub fn start_tls(now: i64, certificate: &CertifiedKey<KeyPair>) -> Self {
        let tls_key = PrivatePkcs8KeyDer::from(certificate.signing_key.serialize_der());
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.cert.der().clone()], tls_key.into());
        Self::with(now, (ec_key(), ec_key()), Some(Arc::new(tls.unwrap())))
    }

    fn with(now: i64, keys: (KeyPair, KeyPair), tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let provider = Self {
            issuer: match &tls {
                Some(_) => format!("https://localhost:{}", address.port()),
                None => format!("http://{address}"),
            },
            script: Arc::new(Mutex::new(Script {
                claims: json!({}),
                signed: Signed::Rightly,
                token: Manner::Good,
                description: Manner::Good,
                described: json!({}),
                now,
                exchanges: 0,
                codes: HashMap::new(),
            })),
            keys: Arc::new(keys),
        };
        let answering = provider.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (answering, stream) = (answering.clone(), stream.unwrap());
                let tls = tls.clone();
                std::thread::spawn(move || match tls {
                    Some(tls) => {
                        let talk = ServerConnection::new(tls).unwrap();
                        answering.answer(StreamOwned::new(talk, stream));
                    }
                    None => answering.answer(stream),
                });
            }
        });
        provider
    }

    /// Tells it what to do from now on.
    pub fn does(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.script.lock().unwrap());
    }

    /// Somebody sits down there.
    pub fn seats(&self, subject: &str, email: &str, verified: impl Into<Value>) {
        let verified = verified.into();
        self.does(|script| {
            script.claims = json!({ "sub": subject, "email": email, "email_verified": verified });
        });
    }

    /// Questions for a token that it has heard.
    pub fn exchanges(&self) -> usize {
        self.script.lock().unwrap().exchanges
    }

    /// The flags of a server that asks it.
    pub fn flags(&self) -> Vec<String> {
        flags(&self.issuer)
    }

    fn answer(&self, mut stream: impl Read + Write) {
        let Some(request) = Request::read(&mut stream) else {
            return;
        };
        // Where `Elsewhere` sends people all is well, for whoever follows.
        let path = request.path.trim_end_matches('/');
        let reply = match path {
            "/.well-known/openid-configuration" => {
                let script = self.script.lock().unwrap();
                (
                    script.description,
                    Reply::json(&self.description(&script.described)),
                )
            }
            "/keys" => (
                Manner::Good,
                Reply::json(&json!({ "keys": [jwk(&self.keys.0)] })),
            ),
            "/authorize" => (Manner::Good, self.authorize(&request.query)),
            "/token" => self.token(&request),
            _ => (Manner::Good, Reply::status("404 Not Found", "{}")),
        };
        let (manner, reply) = reply;
        let reply = match manner {
            _ if path != request.path => reply,
            Manner::Good => reply,
            Manner::Broken => Reply::status("500 Internal Server Error", "{}"),
            Manner::Garbage => Reply::status("200 OK", "<html>Welcome</html>"),
            // Right but for its length.
            Manner::TooBig => Reply {
                body: reply.body + &" ".repeat(1 << 20),
                ..reply
            },
            Manner::Elsewhere => Reply {
                headers: format!("Location: {}{}/\r\n", self.issuer, request.path),
                ..Reply::status("307 Temporary Redirect", "")
            },
            Manner::Silent => {
                // Until the other side has had enough.
                let _ = stream.read(&mut [0]);
                return;
            }
        };
        let _ = stream.write_all(reply.whole().as_bytes());
        let _ = stream.flush();
    }

    fn description(&self, over: &Value) -> Value {
        let issuer = &self.issuer;
        let mut all = json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "jwks_uri": format!("{issuer}/keys"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            // More than anybody should take: the choice is not the provider's.
            "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        });
        merge(&mut all, over);
        all
    }

    /// Whoever sits there is who they are; a real provider asks for a password first.
    fn authorize(&self, query: &HashMap<String, String>) -> Reply {
        let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
        assert_eq!(asked("client_id"), CLIENT);
        assert_eq!(asked("response_type"), "code");
        assert_eq!(asked("code_challenge_method"), "S256");
        assert!(asked("scope").split(' ').any(|scope| scope == "openid"));
        let mut script = self.script.lock().unwrap();
        let code = format!("code-{}", script.codes.len() + 1);
        let claims = script.claims.clone();
        let kept = Asked {
            nonce: asked("nonce"),
            challenge: asked("code_challenge"),
            back: asked("redirect_uri"),
            claims,
        };
        let mut back = url::Url::parse(&kept.back).unwrap();
        back.query_pairs_mut()
            .append_pair("state", &asked("state"))
            .append_pair("code", &code)
            .append_pair("session_state", "of its own");
        script.codes.insert(code, kept);
        Reply {
            headers: format!("Location: {back}\r\n"),
            ..Reply::status("302 Found", "")
        }
    }

    fn token(&self, request: &Request) -> (Manner, Reply) {
        let mut script = self.script.lock().unwrap();
        script.exchanges += 1;
        let refused = |why: &str| {
            let body = json!({ "error": "invalid_grant", "error_description": why });
            (
                script.token,
                Reply::status("400 Bad Request", &body.to_string()),
            )
        };
        let form: HashMap<_, _> = url::form_urlencoded::parse(request.body.as_bytes())
            .into_owned()
            .collect();
        let (id, secret) = request.credentials();
        let asked = form.get("code").and_then(|code| script.codes.get(code));
        let Some(asked) = asked.cloned() else {
            return refused("no such code, or used already");
        };
        let proof = form.get("code_verifier").cloned().unwrap_or_default();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(proof.as_bytes()));
        if (id.as_str(), secret.as_str()) != (CLIENT, SECRET) {
            return refused("not our client");
        }
        if challenge != asked.challenge || form.get("redirect_uri") != Some(&asked.back) {
            return refused("not whoever asked");
        }
        script.codes.remove(&form["code"]);
        let mut claims = json!({
            "iss": self.issuer, "aud": CLIENT, "nonce": asked.nonce, "iat": script.now, "exp": script.now + 300,
        });
        merge(&mut claims, &asked.claims);
        let reply = json!({
            "access_token": "opens nothing", "token_type": "Bearer", "id_token": self.signed(&claims, script.signed),
        });
        (script.token, Reply::json(&reply))
    }

    fn signed(&self, claims: &Value, how: Signed) -> String {
        let (key, other) = &*self.keys;
        let algorithm = match how {
            Signed::NotAtAll => "none",
            Signed::WithThePublicKey | Signed::WithTheSecret => "HS256",
            _ => jwk(key)["alg"].as_str().unwrap().to_owned().leak(),
        };
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = json!({ "alg": algorithm, "typ": "JWT", "kid": "one" });
        let message = format!("{}.{}", part(&header), part(claims));
        let signature = match how {
            Signed::Rightly => signature(key, &message),
            Signed::ByAnotherKey => signature(other, &message),
            Signed::NotAtAll => Vec::new(),
            Signed::WithThePublicKey => mac(key.public_key_raw(), &message),
            Signed::WithTheSecret => mac(SECRET.as_bytes(), &message),
            Signed::ForSomethingElse => signature(key, &format!("{message}x")),
        };
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// The flags of a server that asks a provider.
pub fn flags(issuer: &str) -> Vec<String> {
    [
        ["--oidc-issuer", issuer],
        ["--oidc-client-id", CLIENT],
        ["--oidc-client-secret", SECRET],
        ["--oidc-name", "the Ministry"],
    ]
    .concat()
    .into_iter()
    .map(str::to_owned)
    .collect()
}

fn merge(into: &mut Value, over: &Value) {
    for (name, value) in over.as_object().unwrap() {
        if value.is_null() {
            into.as_object_mut().unwrap().remove(name);
        } else {
            into[name] = value.clone();
        }
    }
}

struct Request {
    path: String,
    query: HashMap<String, String>,
    head: String,
    body: String,
}

impl Request {
    fn read(stream: &mut impl Read) -> Option<Self> {
        let mut bytes = Vec::new();
        let mut piece = [0; 4096];
        loop {
            if let Some(request) = Self::parse(&bytes) {
                return Some(request);
            }
            match stream.read(&mut piece) {
                Ok(0) | Err(_) => return None,
                Ok(read) => bytes.extend(&piece[..read]),
            }
        }
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n")?;
        let head = head.to_owned();
        let length = header(&head, "content-length").map_or(0, |length| length.parse().unwrap());
        if body.len() < length {
            return None;
        }
        let target = head.split(' ').nth(1).unwrap();
        let url = url::Url::parse("http://here")
            .unwrap()
            .join(target)
            .unwrap();
        Some(Self {
            path: url.path().to_owned(),
            query: url.query_pairs().into_owned().collect(),
            body: body.to_owned(),
            head,
        })
    }

    /// Who asks (RFC 6749, section 2.3.1): both parts written as in a form.
    fn credentials(&self) -> (String, String) {
        let given = header(&self.head, "authorization").unwrap_or_default();
        let basic = STANDARD.decode(given.trim_start_matches("Basic ")).unwrap();
        let basic = String::from_utf8(basic).unwrap();
        let (id, secret) = basic.split_once(':').unwrap_or_default();
        let plain = |text: &str| {
            let pair = format!("x={text}");
            let (_, plain) = url::form_urlencoded::parse(pair.as_bytes()).next().unwrap();
            plain.into_owned()
        };
        (plain(id), plain(secret))
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().skip(1).find_map(|line| {
        let (known, value) = line.split_once(':')?;
        known.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

struct Reply {
    status: &'static str,
    headers: String,
    body: String,
}

impl Reply {
    fn status(status: &'static str, body: &str) -> Self {
        Self {
            status,
            headers: String::new(),
            body: body.to_owned(),
        }
    }

    fn json(value: &Value) -> Self {
        Self::status("200 OK", &value.to_string())
    }

    fn whole(&self) -> String {
        let Self {
            status,
            headers,
            body,
        } = self;
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n{body}"
        )
    }
}
