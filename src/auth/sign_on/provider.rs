//! Requests to the provider (OpenID Connect Core 1.0, authorization code flow with PKCE): the address to send
//! users to, and the identity behind the answer. Everything here blocks; call it off the event loop.
//!
//! Nothing is cached between two sign-ins: the provider may change its keys at any time.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreJwsSigningAlgorithm,
    CoreProviderMetadata,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, HttpRequest, HttpResponse,
    IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope, TokenResponse,
};
use secrecy::ExposeSecret;
use ureq::http::{Method, Request, Response};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::Url;

use super::flow::Secrets;
use super::identity::ProviderIdentity;
use super::settings::{SignOnSettings, is_private};
use crate::core::time::Moment;

/// Bytes that an answer of the provider may have; keys and tokens have a few thousand.
const LONGEST_ANSWER: u64 = 256 * 1024;

/// Signatures that are taken: those that only the provider can make. Not `none`, and none that is made with a secret
/// which we know as well.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// Why the provider was of no use; the words are for the log and the doctor.
#[derive(Debug, thiserror::Error)]
pub enum ProviderFault {
    /// It cannot be reached, or what answers is no provider.
    #[error("the provider's metadata cannot be used: {0}")]
    Unknown(String),
    /// It gave no token for the code.
    #[error("the provider gave no token: {0}")]
    NoToken(String),
    /// Its token is not to be believed.
    #[error("the provider's token is not valid: {0}")]
    Untrusted(String),
}

/// Where to send a browser, so that the provider asks who sits there and sends it back to `back`.
///
/// # Errors
/// [`ProviderFault::Unknown`].
pub fn question(
    settings: &SignOnSettings,
    back: &str,
    secrets: Secrets,
) -> Result<Url, ProviderFault> {
    let metadata = discover(settings, &ProviderClient::to(settings))?;
    let Secrets {
        state,
        nonce,
        proof,
    } = secrets;
    let proof = PkceCodeVerifier::new(proof);
    let (address, _, _) = CoreClient::from_provider_metadata(metadata, client_id(settings), None)
        .set_redirect_uri(redirect(back)?)
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            || CsrfToken::new(state),
            || Nonce::new(nonce),
        )
        .add_scope(Scope::new("email".to_owned()))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&proof))
        .url();
    if is_private(&address) {
        return Ok(address);
    }
    Err(ProviderFault::Unknown(
        "it asks for passwords at an address without encryption".to_owned(),
    ))
}

/// Who came back with a code: exchanges it for a token, and believes the token when the provider has signed it for us,
/// for this sign-in, and not too long ago.
///
/// # Errors
/// Each [`ProviderFault`].
pub fn who(
    settings: &SignOnSettings,
    back: &str,
    code: String,
    secrets: Secrets,
    now: Moment,
) -> Result<ProviderIdentity, ProviderFault> {
    let line = ProviderClient::to(settings);
    let metadata = discover(settings, &line)?;
    let auth = auth_type(&metadata);
    let secret = ClientSecret::new(settings.client_secret.expose_secret().to_owned());
    let client = CoreClient::from_provider_metadata(metadata, client_id(settings), Some(secret))
        .set_redirect_uri(redirect(back)?)
        .set_auth_type(auth);
    let answer = client
        .exchange_code(AuthorizationCode::new(code))
        .map_err(|error| ProviderFault::Unknown(whole(&error)))?
        .set_pkce_verifier(PkceCodeVerifier::new(secrets.proof))
        .request(&|request| line.ask(request))
        .map_err(|error| ProviderFault::NoToken(whole(&error)))?;
    let token = answer
        .id_token()
        .ok_or_else(|| ProviderFault::NoToken("it has no ID token".to_owned()))?;
    let verifier = client
        .id_token_verifier()
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || now.utc());
    let claims = token
        .claims(&verifier, &Nonce::new(secrets.nonce))
        .map_err(|error| ProviderFault::Untrusted(whole(&error)))?;
    ProviderIdentity::new(
        claims.issuer(),
        claims.subject(),
        claims.email().map(|email| email.as_str()),
        claims.email_verified(),
    )
    .ok_or_else(|| ProviderFault::Untrusted("it has no usable subject".to_owned()))
}

/// Checks that the provider answers, without a sign-in.
///
/// # Errors
/// [`ProviderFault::Unknown`].
pub fn look(settings: &SignOnSettings) -> Result<(), ProviderFault> {
    discover(settings, &ProviderClient::to(settings)).map(drop)
}

/// What the provider says of itself, with its keys.
fn discover(
    settings: &SignOnSettings,
    line: &ProviderClient,
) -> Result<CoreProviderMetadata, ProviderFault> {
    let unknown = |error: &dyn std::error::Error| ProviderFault::Unknown(whole(error));
    let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|error| unknown(&error))?;
    CoreProviderMetadata::discover(&issuer, &|request| line.ask(request))
        .map_err(|error| unknown(&error))
}

fn client_id(settings: &SignOnSettings) -> ClientId {
    ClientId::new(settings.client_id.clone())
}

fn redirect(back: &str) -> Result<RedirectUrl, ProviderFault> {
    RedirectUrl::new(back.to_owned()).map_err(|error| ProviderFault::Unknown(whole(&error)))
}

/// In the header, as every provider has to take it, unless this one says that it takes the form alone.
fn auth_type(metadata: &CoreProviderMetadata) -> AuthType {
    let methods = metadata.token_endpoint_auth_methods_supported();
    let takes = |method| methods.is_none_or(|methods| methods.contains(&method));
    if takes(CoreClientAuthMethod::ClientSecretBasic) {
        AuthType::BasicAuth
    } else {
        AuthType::RequestBody
    }
}

/// An error with what is behind it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut behind = error.source();
    while let Some(cause) = behind {
        let _ = write!(words, ": {cause}");
        behind = cause.source();
    }
    words
}

/// The line to the provider, for one sign-in: all its requests together take no longer than the settings allow.
struct ProviderClient {
    until: Instant,
}

#[derive(Debug, thiserror::Error)]
enum LineFault {
    #[error("traffic to {0} would not be encrypted")]
    ReadAlong(String),
    #[error("it took too long")]
    TooLong,
    #[error(transparent)]
    Http(#[from] ureq::Error),
}

/// The roots of trust of this machine.
static ROOTS: LazyLock<RootCerts> = LazyLock::new(|| {
    let found = rustls_native_certs::load_native_certs().certs;
    let roots = found
        .iter()
        .map(|root| Certificate::from_der(root).to_owned());
    RootCerts::Specific(Arc::new(roots.collect()))
});

impl ProviderClient {
    fn to(settings: &SignOnSettings) -> Self {
        Self {
            until: Instant::now() + settings.patience,
        }
    }

    /// Asks once: no redirect is followed, and no proxy of the environment is asked.
    fn ask(&self, request: HttpRequest) -> Result<HttpResponse, LineFault> {
        let place = request.uri().to_string();
        if !Url::parse(&place).is_ok_and(|url| is_private(&url)) {
            return Err(LineFault::ReadAlong(place));
        }
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(LineFault::TooLong);
        }
        let agent = agent(left);
        let (parts, body) = request.into_parts();
        let mut answer = if parts.method == Method::GET {
            agent.run(Request::from_parts(parts, ()))
        } else {
            agent.run(Request::from_parts(parts, body))
        }?;
        let limited = answer.body_mut().with_config().limit(LONGEST_ANSWER);
        let bytes = limited.read_to_vec()?;
        let (parts, _) = answer.into_parts();
        Ok(Response::from_parts(parts, bytes))
    }
}

fn agent(left: Duration) -> ureq::Agent {
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder()
        .root_certs(ROOTS.clone())
        .unversioned_rustls_crypto_provider(ring)
        .build();
    ureq::Agent::config_builder()
        .tls_config(tls)
        .timeout_global(Some(left))
        .max_redirects(0)
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into()
}
