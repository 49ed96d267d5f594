//! Whether the provider of single sign-on is there.

use tokio::task::spawn_blocking;

use super::DoctorFinding;
use crate::auth::sign_on::provider;
use crate::server::config::ServeArgs;

pub(super) async fn examine(args: &ServeArgs) -> Option<DoctorFinding> {
    const CHECK: &str = "single sign-on: provider";
    let settings = args.sign_on.check().ok()??;
    let issuer = settings.issuer.clone();
    let looked = spawn_blocking(move || provider::look(&settings)).await;
    let fault = match looked {
        Ok(Ok(())) => {
            return Some(DoctorFinding::ok(
                CHECK,
                format!("{issuer} answers, with its keys"),
            ));
        }
        Ok(Err(fault)) => fault.to_string(),
        Err(error) => error.to_string(),
    };
    Some(DoctorFinding::fault(
        CHECK,
        fault,
        "check that this machine can reach it, and that --oidc-issuer (IIKURA_OIDC_ISSUER) is exactly its own name; \
         users sign in with passwords meanwhile",
    ))
}
