//! Form tokens: a form that is posted twice acts once, and the first answer is shown again.
//!
//! Each form that creates or sends has a hidden field with a token of its own ([`field`]). The first request with it
//! claims it in the database, which all servers share. One that comes meanwhile waits, and one that comes later gets
//! the stored answer. A form that was refused is forgotten. Where a server stopped in between, the outcome is unknown:
//! the form is not worked on again, and the page asks the user to look.
//!
//! A form is the same when user, address and all fields are: not the session, which is renewed when a secret is shown.
//! The answer may show a secret, so that it is sealed with a key that is made of these and of the token, which is not
//! stored.

use std::fmt::{self, Write as _};
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::uri::PathAndQuery;
use actix_web::middleware::Next;
use actix_web::web::{self, Bytes};
use actix_web::{FromRequest as _, HttpMessage as _, HttpResponse, ResponseError as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};

use crate::core::user::UserId;
use crate::runtime::random::{LETTERS, random_bytes, random_letters};
use crate::server::Error;
use crate::server::app::App;
use crate::server::session::CurrentUser;
use crate::store::form_post::{self, FormPostRow};

/// The field's name.
pub const FIELD: &str = "form_token";
/// Letters of a token: 130 bits.
const TOKEN_LETTERS: usize = 26;
/// Bytes of a nonce: long enough to be drawn without counting.
const NONCE: usize = 24;
/// How long a request waits for the first one with its token.
const PATIENCE: Duration = Duration::from_secs(20);
/// Time between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);
/// Seconds after which a claim without an answer is that of a server that stopped.
const ABANDONED_SECONDS: i64 = 60;

/// The hidden field with a fresh token, for a template.
#[must_use]
pub fn field() -> TokenField {
    TokenField(random_letters::<TOKEN_LETTERS>())
}

/// A hidden field with a token.
pub struct TokenField(String);

impl fmt::Display for TokenField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            r#"<input type="hidden" name="{FIELD}" value="{}">"#,
            self.0
        )
    }
}

/// Its letters need no escaping.
impl askama::filters::HtmlSafe for TokenField {}

/// A form that was sent with a token: its address and all its fields.
pub struct SentForm {
    address: String,
    fields: Bytes,
}

/// What distinguishes a form of a user from every other.
struct FormPost {
    /// By which it is stored.
    key: String,
    /// What its answer is sealed with.
    seal: [u8; 32],
}

/// Separates the token from a form's other fields, which handlers read.
///
/// # Errors
/// When the token is none of ours, or there are two.
pub fn take(request: &ServiceRequest, body: Bytes) -> Result<(Bytes, Option<SentForm>), Error> {
    let prefix = format!("{FIELD}=");
    let is_token = |pair: &&[u8]| pair.starts_with(prefix.as_bytes());
    let pairs = || body.split(|&byte| byte == b'&');
    let mut tokens = pairs().filter(is_token);
    let Some(token) = tokens.next() else {
        return Ok((body, None));
    };
    let letters = token.get(prefix.len()..).unwrap_or_default();
    let fits = letters.len() == TOKEN_LETTERS && letters.iter().all(|byte| LETTERS.contains(byte));
    if !fits || tokens.next().is_some() {
        return Err(Error::BadRequest(
            "The form is damaged. Nothing was stored. Open the page again and send it from there."
                .into(),
        ));
    }
    let rest: Vec<&[u8]> = pairs().filter(|pair| !is_token(pair)).collect();
    let rest = Bytes::from(rest.join(&b'&'));
    let address = request.uri().path_and_query();
    let sent = SentForm {
        address: address.map_or("", PathAndQuery::as_str).to_owned(),
        fields: body,
    };
    Ok((rest, Some(sent)))
}

impl SentForm {
    fn of(&self, user: UserId) -> FormPost {
        let digest = |purpose: &str| {
            let mut digest = Sha256::new();
            let user = user.0.to_be_bytes();
            for part in [
                purpose.as_bytes(),
                &user,
                self.address.as_bytes(),
                &self.fields,
            ] {
                digest.update(part.len().to_be_bytes());
                digest.update(part);
            }
            <[u8; 32]>::from(digest.finalize())
        };
        let key = digest("form post, key");
        FormPost {
            key: key.iter().fold(String::new(), |mut hex, byte| {
                let _ = write!(hex, "{byte:02x}");
                hex
            }),
            seal: digest("form post, seal"),
        }
    }
}

/// Answers a request; a form with a token that was answered before gets that answer.
pub async fn once<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let sent = request.extensions_mut().remove::<SentForm>();
    let app = request.app_data::<web::Data<App>>().cloned();
    let (Some(sent), Some(app)) = (sent, app) else {
        return Ok(next.call(request).await?.map_into_boxed_body());
    };
    let post = match sender(&app, &request).await {
        Ok(Some(user)) => sent.of(user),
        // The handler says so, or does what needs no token. Strangers store no claims.
        Ok(None) => return Ok(next.call(request).await?.map_into_boxed_body()),
        Err(error) => return Ok(request.into_response(error.error_response())),
    };
    match post.claimed(&app).await {
        Err(error) => Ok(request.into_response(error.error_response())),
        Ok(Claim::Answered(answer)) => Ok(request.into_response(answer)),
        Ok(Claim::Mine) => {
            let outcome = next.call(request).await;
            let outcome = outcome.map(ServiceResponse::map_into_boxed_body);
            post.finished(&app, outcome).await
        }
    }
}

/// The user who is signed in.
async fn sender(app: &App, request: &ServiceRequest) -> Result<Option<UserId>, Error> {
    let user = CurrentUser::from_request(request.request(), &mut Payload::None).await?;
    let session = app
        .db
        .read(move |conn| user.unnoticed().session_if_any(conn));
    Ok(session.await?.map(|session| session.user.id))
}

/// Who is to answer a form.
enum Claim {
    /// This request.
    Mine,
    /// It was answered before.
    Answered(HttpResponse),
}

/// An answer as it is stored.
#[derive(serde::Serialize, serde::Deserialize)]
struct StoredAnswer {
    status: u16,
    headers: Vec<(String, String)>,
    /// Base64.
    body: String,
}

impl FormPost {
    async fn claimed(&self, app: &App) -> Result<Claim, Error> {
        let now = app.clock.now();
        let begun = Instant::now();
        loop {
            let key = self.key.clone();
            let claim = move |conn: &mut _| Ok::<_, Error>(form_post::claim(conn, &key, now)?);
            if app.db.write(claim).await? {
                return Ok(Claim::Mine);
            }
            // Until the first request is answered, or was refused.
            loop {
                let key = self.key.clone();
                let find = move |conn: &mut _| Ok::<_, Error>(form_post::find(conn, &key, now)?);
                let Some(FormPostRow { answer, created_at }) = app.db.read(find).await? else {
                    break;
                };
                if let Some(sealed) = answer {
                    return self.open(&sealed).map(Claim::Answered).ok_or_else(unknown);
                }
                let abandoned = now.seconds() - created_at.seconds() > ABANDONED_SECONDS;
                if abandoned || begun.elapsed() > PATIENCE {
                    return Err(unknown());
                }
                sleep(BETWEEN_LOOKS).await;
            }
        }
    }

    /// Stores the answer to a form that acted, and forgets one that did not.
    async fn finished(
        &self,
        app: &App,
        outcome: Result<ServiceResponse, actix_web::Error>,
    ) -> Result<ServiceResponse, actix_web::Error> {
        let key = self.key.clone();
        let acted = outcome.as_ref().is_ok_and(|response| {
            let status = response.status();
            status.is_success() || status.is_redirection()
        });
        if !acted {
            // Where the outcome is unknown, it stays so.
            let unknown = outcome.as_ref().is_ok_and(|response| {
                let error = response.response().error();
                error.is_some_and(|error| {
                    matches!(error.as_error::<Error>(), Some(Error::UnknownOutcome))
                })
            });
            if !unknown {
                let release = move |conn: &mut _| Ok::<_, Error>(form_post::release(conn, &key)?);
                note(app.db.write(release).await);
            }
            return outcome;
        }
        let (request, response) = outcome?.into_parts();
        let (head, body) = response.into_parts();
        let body = to_bytes(body)
            .await
            .map_err(|error| Error::internal(error.to_string()))?;
        if let Some(sealed) = self.close(&head, &body) {
            let answer =
                move |conn: &mut _| Ok::<_, Error>(form_post::answer(conn, &key, &sealed)?);
            note(app.db.write(answer).await);
        }
        Ok(ServiceResponse::new(
            request,
            head.set_body(BoxBody::new(body)),
        ))
    }

    fn close(&self, head: &HttpResponse<()>, body: &Bytes) -> Option<String> {
        // A browser in which a button was pressed twice reads the second answer alone, cookies as well.
        let headers = head.headers().iter().filter_map(|(name, value)| {
            let value = value.to_str().ok()?;
            Some((name.to_string(), value.to_owned()))
        });
        let plain = serde_json::to_vec(&StoredAnswer {
            status: head.status().as_u16(),
            headers: headers.collect(),
            body: STANDARD.encode(body),
        });
        let nonce = random_bytes::<NONCE>();
        let cipher = XChaCha20Poly1305::new(&self.seal.into());
        let sealed = cipher
            .encrypt(&XNonce::from(nonce), plain.ok()?.as_slice())
            .ok()?;
        Some(STANDARD.encode([nonce.as_slice(), &sealed].concat()))
    }

    fn open(&self, sealed: &str) -> Option<HttpResponse> {
        let sealed = STANDARD.decode(sealed).ok()?;
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let cipher = XChaCha20Poly1305::new(&self.seal.into());
        let plain = cipher.decrypt(&XNonce::from(*nonce), sealed).ok()?;
        let answer: StoredAnswer = serde_json::from_slice(&plain).ok()?;
        let mut response = HttpResponse::build(StatusCode::from_u16(answer.status).ok()?);
        for (name, value) in answer.headers {
            response.append_header((name, value));
        }
        Some(response.body(STANDARD.decode(answer.body).ok()?))
    }
}

/// Logs that the copy of an answer could not be stored; the answer itself goes out.
fn note(stored: Result<(), Error>) {
    if let Err(error) = stored {
        tracing::warn!(%error, "the answer to a form could not be stored; the form is not worked on again");
    }
}

fn unknown() -> Error {
    Error::Conflict(
        "This form was sent before, and it is not known whether that is done. Open the page again and check before \
         you send it once more."
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use actix_web::http::header::LOCATION;
    use actix_web::test::TestRequest;

    use super::*;

    /// Forms that neither create nor send: who is there, how a page looks, what a download has in it.
    const WITHOUT: [&str; 13] = [
        "/account/password",
        "auth/code.html",
        "auth/password.html",
        "auth/provider/back.html",
        "auth/set_up.html",
        "auth/sign_in.html",
        "event/day.html",
        "personal/search.html",
        "private/entry.html",
        "private/schedule.html",
        // What a delegation has answered already is not answered again.
        "private/slot.html",
        "user/second_factor.html",
        "sign-out",
    ];

    fn templates(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                templates(&path, found);
            } else if path.extension().is_some_and(|ext| ext == "html") {
                found.push((
                    path.display().to_string(),
                    fs::read_to_string(&path).unwrap(),
                ));
            }
        }
    }

    #[test]
    fn every_form_that_acts_has_a_token() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
        let mut found = Vec::new();
        templates(&root, &mut found);
        let mut forms = 0;
        for (name, text) in found {
            for form in text.split("<form ").skip(1) {
                let form = form.split("</form>").next().unwrap();
                let head = form.split('>').next().unwrap();
                let excepted = WITHOUT
                    .iter()
                    .any(|it| name.ends_with(it) || head.contains(it));
                if head.contains(r#"method="post""#) && !excepted {
                    let has = form.contains("{{ crate::server::form_token::field() }}");
                    assert!(has, "{name}: {head}");
                    forms += 1;
                }
            }
        }
        assert!(forms > 40, "{forms}");
    }

    fn sent(user: i64, path: &str, body: &str) -> (Bytes, FormPost) {
        let request = TestRequest::post().uri(path).to_srv_request();
        let (rest, post) = take(&request, Bytes::copy_from_slice(body.as_bytes()))
            .ok()
            .unwrap();
        (rest, post.unwrap().of(UserId(user)))
    }

    #[test]
    fn a_form_is_the_same_by_sender_address_and_fields() {
        let token = "a".repeat(TOKEN_LETTERS);
        let body = format!("title=x&{FIELD}={token}&room=");
        let (rest, first) = sent(1, "/slots", &body);
        assert_eq!(rest, "title=x&room=");
        assert_eq!(sent(1, "/slots", &body).1.key, first.key);
        let other = body.replace("title=x", "title=y");
        for (user, path, body) in [
            (2, "/slots", &body),
            (1, "/rooms", &body),
            (1, "/slots", &other),
        ] {
            assert_ne!(sent(user, path, body).1.key, first.key);
        }
    }

    #[test]
    fn a_token_that_is_not_ours_is_refused() {
        let token = "a".repeat(TOKEN_LETTERS);
        let twice = format!("{FIELD}={token}&{FIELD}={token}");
        for body in [
            "form_token=",
            "form_token=x",
            "form_token=%3Cscript%3Eaaaaaaaaaaaaaa",
            &twice,
        ] {
            let request = TestRequest::post().to_srv_request();
            assert!(
                take(&request, Bytes::copy_from_slice(body.as_bytes())).is_err(),
                "{body}"
            );
        }
        let request = TestRequest::post().to_srv_request();
        let plain = take(&request, Bytes::from_static(b"title=form_token=x"))
            .ok()
            .unwrap();
        assert!(plain.0 == "title=form_token=x" && plain.1.is_none());
    }

    #[actix_web::test]
    async fn a_stored_answer_opens_for_the_same_form_alone() {
        let body = format!("{FIELD}={}", "b".repeat(TOKEN_LETTERS));
        let post = sent(1, "/tokens", &body).1;
        let made = HttpResponse::SeeOther()
            .insert_header((LOCATION, "/slots/7"))
            .body("secret");
        let (head, given) = made.into_parts();
        let given = to_bytes(given).await.ok().unwrap();
        let sealed = post.close(&head, &given).unwrap();
        assert!(
            !STANDARD
                .decode(&sealed)
                .unwrap()
                .windows(6)
                .any(|it| it == b"secret")
        );
        let again = post.open(&sealed).unwrap();
        assert_eq!(again.headers().get(LOCATION).unwrap(), "/slots/7");
        assert_eq!(again.status(), StatusCode::SEE_OTHER);
        assert_eq!(to_bytes(again.into_body()).await.ok().unwrap(), "secret");
        assert!(sent(2, "/tokens", &body).1.open(&sealed).is_none());
    }
}
