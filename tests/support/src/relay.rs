//! A relay that plays a script: one scene a connection, the last one again and again.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use iikura::mail::transport::Transport;

/// How the relay behaves during one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scene {
    /// Takes the mail.
    Accept,
    /// Closes the door with this greeting.
    Greeting(&'static str),
    /// Answers AUTH with this.
    Auth(&'static str),
    /// Answers MAIL FROM with this.
    Mail(&'static str),
    /// Answers RCPT TO with this.
    Rcpt(&'static str),
    /// Answers the finished mail with this.
    Data(&'static str),
    /// Says nothing, ever.
    Silence,
    /// Hangs up when the mail is complete, before it answers.
    CutBeforeAnswer,
    /// Hangs up right after its 250.
    CutAfterAnswer,
    /// Says every byte so many milliseconds after the one before.
    Slow(u64),
    /// Offers STARTTLS with a certificate that it made for itself.
    SelfSigned,
    /// Speaks TLS from the first byte with such a certificate.
    SelfSignedWrapped,
}

/// A mail as it came over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    pub from: String,
    pub to: Vec<String>,
    pub raw: String,
    /// True when the relay said 250 to it.
    pub taken: bool,
}

pub struct Relay {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Relay {
    pub fn playing(script: &'static [Scene]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&received);
        thread::spawn(move || {
            for (act, stream) in listener.incoming().enumerate() {
                let scene = script[act.min(script.len() - 1)];
                let book = Arc::clone(&book);
                // A client that hangs up ends its scene, nothing else.
                thread::spawn(move || play(scene, &stream.unwrap(), &book));
            }
        });
        Self { port, received }
    }

    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    pub fn transport(&self) -> Transport {
        Transport::smtp(&self.url()).unwrap()
    }

    pub fn transport_as(&self, scheme: &str, user: &str, query: &str) -> Transport {
        let url = format!("{scheme}://{user}127.0.0.1:{}{query}", self.port);
        Transport::smtp(&url).unwrap()
    }

    /// How many mails have come so far.
    pub fn count(&self) -> usize {
        self.received.lock().unwrap().len()
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

/// Ends early when either side hangs up.
fn play(scene: Scene, stream: &TcpStream, book: &Mutex<Vec<Received>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let say = |text: &str| {
        let line = format!("{text}\r\n");
        let Scene::Slow(pause) = scene else {
            return (&*stream).write_all(line.as_bytes()).ok();
        };
        for byte in line.as_bytes() {
            (&*stream).write_all(&[*byte]).ok()?;
            thread::sleep(Duration::from_millis(pause));
        }
        Some(())
    };
    match scene {
        Scene::Silence => {
            thread::sleep(Duration::from_secs(20));
            return None;
        }
        Scene::SelfSignedWrapped => return shake_hands(stream),
        Scene::Greeting(reply) => {
            say(reply)?;
            return None;
        }
        _ => say("220 relay.example ESMTP")?,
    }
    let (mut from, mut to) = (String::new(), Vec::new());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        let verb = line.split(' ').next()?.to_ascii_uppercase();
        match (verb.as_str(), scene) {
            ("EHLO", Scene::SelfSigned) => say("250-relay.example\r\n250 STARTTLS")?,
            ("STARTTLS", Scene::SelfSigned) => {
                say("220 2.0.0 go ahead")?;
                return shake_hands(stream);
            }
            ("EHLO", _) => say("250-relay.example\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN")?,
            ("AUTH", Scene::Auth(reply))
            | ("MAIL", Scene::Mail(reply))
            | ("RCPT", Scene::Rcpt(reply)) => {
                say(reply)?;
            }
            ("AUTH", _) => say("235 2.7.0 welcome")?,
            ("MAIL", _) => {
                line.clone_into(&mut from);
                say("250 2.1.0 Ok")?;
            }
            ("RCPT", _) => {
                to.push(line.to_owned());
                say("250 2.1.5 Ok")?;
            }
            ("DATA", _) => {
                say("354 End data with <CR><LF>.<CR><LF>")?;
                let mail = Received {
                    from: from.clone(),
                    to: to.clone(),
                    raw: String::from_utf8(read_mail(&mut reader)?).ok()?,
                    taken: !matches!(scene, Scene::CutBeforeAnswer | Scene::Data(_)),
                };
                book.lock().unwrap().push(mail);
                match scene {
                    Scene::CutBeforeAnswer => return None,
                    Scene::Data(reply) => say(reply)?,
                    _ => say("250 2.0.0 Ok: queued as 4F1C")?,
                }
                if scene == Scene::CutAfterAnswer {
                    return None;
                }
            }
            ("QUIT", _) => {
                say("221 2.0.0 Bye")?;
                return None;
            }
            _ => say("502 5.5.2 unknown")?,
        }
    }
}

/// Begins TLS with a certificate that nobody else has signed, and reads what comes after it: a client that goes on has
/// been taken in.
fn shake_hands(mut stream: &TcpStream) -> Option<()> {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let mut tls = rustls::ServerConnection::new(Arc::new(config)).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut stream).ok()?;
    }
    panic!("the client trusts a certificate that it cannot know");
}

/// Reads up to the lone dot and takes the doubled dots back.
fn read_mail(reader: &mut impl BufRead) -> Option<Vec<u8>> {
    let mut raw = Vec::new();
    loop {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line).ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(raw);
        }
        raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
