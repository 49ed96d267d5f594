//! Single sign-on, as it is set up.

use crate::TestInstallation;

#[test]
fn a_half_given_provider_is_refused_with_what_to_type() {
    let installation = TestInstallation::new();
    installation.says(&["migrate"]);
    let issuer = ["serve", "--oidc-issuer", "https://login.ministry.example"];
    let said = installation.complains(&issuer);
    if cfg!(feature = "openid-connect") {
        assert!(
            said.contains("set --oidc-client-id (IIKURA_OIDC_CLIENT_ID)"),
            "{said}"
        );
    } else {
        assert!(
            said.contains("built without single sign-on; build it by cargo build"),
            "{said}"
        );
    }
    let stray = installation.complains(&["serve", "--oidc-client-id", "iikura"]);
    assert!(
        stray.contains("set --oidc-issuer (IIKURA_OIDC_ISSUER)"),
        "{stray}"
    );
}

#[cfg(feature = "openid-connect")]
mod with_a_provider {
    use std::os::unix::fs::PermissionsExt;

    use crate::serving::pem;
    use crate::{TestInstallation, text};
    use support::provider::{CLIENT, Manner, Provider, SECRET};

    const FAULT: &str = "FAULT    single sign-on: provider: the provider's metadata cannot be used";

    fn examined(installation: &TestInstallation, issuer: &str, roots: &str) -> String {
        let output = installation
            .command()
            .args(["doctor"])
            .env("IIKURA_OIDC_ISSUER", issuer)
            .env("IIKURA_OIDC_CLIENT_ID", CLIENT)
            .env("IIKURA_OIDC_CLIENT_SECRET_FILE", "secret")
            .env("SSL_CERT_FILE", roots)
            .output()
            .unwrap();
        let said = text(&output.stdout);
        assert!(!said.is_empty() && !said.contains(SECRET), "{said}");
        said
    }

    fn well(provider: &Provider) -> String {
        format!(
            "ok       single sign-on: provider: {} answers, with its keys",
            provider.issuer
        )
    }

    fn installation() -> TestInstallation {
        let installation = TestInstallation::new();
        installation.says(&["migrate"]);
        installation.write("secret", &format!("{SECRET}\n"));
        installation
    }

    #[test]
    fn the_doctor_says_whether_the_provider_is_there() {
        let installation = installation();
        let mode = |bits| {
            let file = installation.path().join("secret");
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(bits)).unwrap();
        };
        let examined = |issuer: &str| examined(&installation, issuer, "none.pem");
        mode(0o600);
        let provider = Provider::start(0);
        let said = examined(&provider.issuer);
        assert!(said.contains(&well(&provider)), "{said}");
        assert!(!said.contains("single sign-on: secret"), "{said}");
        mode(0o644);
        let said = examined(&provider.issuer);
        let open = "FAULT    single sign-on: secret: other users of this machine can read secret";
        assert!(said.contains(open), "{said}");
        // What it calls itself has no slash at the end.
        let said = examined(&format!("{}/", provider.issuer));
        assert!(
            said.contains(FAULT) && said.contains("is exactly its own name"),
            "{said}"
        );
        provider.does(|script| script.description = Manner::Broken);
        let said = examined(&provider.issuer);
        assert!(said.contains(FAULT), "{said}");
    }

    #[test]
    fn provider_needs_a_trusted_certificate_for_its_name() {
        let installation = installation();
        let made = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
        let (fits, does_not) = (made("localhost"), made("elsewhere.example"));
        let roots = [&fits, &does_not].map(|made| pem("CERTIFICATE", made.cert.der()));
        installation.write("both.pem", &roots.concat());
        installation.write("other.pem", &roots[1]);
        let provider = Provider::start_tls(0, &fits);
        let said = examined(&installation, &provider.issuer, "both.pem");
        assert!(said.contains(&well(&provider)), "{said}");
        let said = examined(&installation, &provider.issuer, "other.pem");
        assert!(said.contains(FAULT), "not trusted: {said}");
        let provider = Provider::start_tls(0, &does_not);
        let said = examined(&installation, &provider.issuer, "both.pem");
        assert!(said.contains(FAULT), "another name: {said}");
    }
}
