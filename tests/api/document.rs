//! The description of the API, and what another program makes of it that is not ours.

use std::path::Path;
use std::process::Command;

use iikura::auth::token::TokenScope;

use crate::program::{Program, token_of};
use support::both::Scratch;
use support::meeting::{ADMIN, Meeting};

#[test]
fn document_and_reference_list_every_route() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let nobody = Program::with(&meeting.server, None);
    let document = nobody.get("/api/v1/openapi.json").given(200);
    assert_eq!(document["openapi"], "3.1.0");
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(format!("{} {path}", method.to_uppercase()));
            for status in ["400", "401", "429", "500"] {
                assert!(
                    operation["responses"][status].is_object(),
                    "{status} of {path}"
                );
            }
        }
    }
    let agenda = &document["paths"]["/events/{slug}/agenda.{format}"]["get"];
    let formats = agenda["parameters"].as_array().unwrap().iter();
    let mut formats = formats.filter(|parameter| parameter["name"] == "format");
    let formats = formats.next().unwrap()["schema"]["enum"]
        .as_array()
        .unwrap();
    let media = agenda["responses"]["200"]["content"].as_object().unwrap();
    assert_eq!(formats.len(), media.len(), "{media:?}");
    operations.sort();
    assert_eq!(
        operations,
        [
            "DELETE /slots/{id}",
            "DELETE /slots/{id}/confirmation",
            "DELETE /slots/{id}/fixed",
            "GET /events",
            "GET /events/{slug}",
            "GET /events/{slug}/agenda.{format}",
            "GET /events/{slug}/changes",
            "GET /events/{slug}/free-slots",
            "GET /events/{slug}/notices",
            "GET /events/{slug}/programme",
            "GET /slots/{id}",
            "PATCH /slots/{id}",
            "POST /events/{slug}/confirmations",
            "POST /events/{slug}/conflicts",
            "POST /events/{slug}/notices",
            "POST /events/{slug}/plans",
            "POST /events/{slug}/slots",
            "POST /slots/{id}/confirmation",
            "PUT /slots/{id}/fixed",
        ]
    );
    let reference = meeting.server.browser().get("/api");
    assert_eq!(reference.status, 200);
    assert!(
        reference
            .header("content-security-policy")
            .starts_with("default-src 'none'")
    );
    for operation in &operations {
        assert!(
            reference
                .body
                .contains(&format!("<code>{operation}</code>")),
            "{operation}"
        );
    }
    for words in [
        "iikura",
        "Evening meeting",
        "id=\"problem-conflict\"",
        "<a href=\"#NewSlot\">",
        "double_booking",
    ] {
        assert!(reference.body.contains(words), "{words}");
    }
    assert!(!reference.body.contains("<script"));
    for anchor in reference.body.split("href=\"#").skip(1) {
        let anchor = anchor.split('"').next().unwrap();
        assert!(
            reference.body.contains(&format!("id=\"{anchor}\"")),
            "{anchor}"
        );
    }
}

/// Names a Python that has schemathesis.
const PYTHON: &str = "IIKURA_TEST_PYTHON";
/// What is made up is the same each time, so that a run that fails fails again.
const SEED: &str = "20221224";
/// Requests that are made up for each operation and way of making them up.
const EXAMPLES: &str = "25";

#[test]
fn schemathesis_finds_nothing_that_the_document_does_not_say() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let token = token_of(&meeting, ADMIN, TokenScope::Write);
    let python = std::env::var(PYTHON).unwrap_or_else(|_| {
        panic!("{PYTHON} is not set: run the tests by tests/run, which makes one with schemathesis")
    });
    let readers = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers");
    // It keeps notes where it runs.
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(python)
        .args(["-m", "schemathesis.cli", "--config-file"])
        .arg(readers.join("schemathesis.toml"))
        .arg("run")
        .arg(format!("{}/api/v1/openapi.json", meeting.server.origin))
        .args(["--header", &format!("Authorization: Bearer {token}")])
        .args(["--checks", "all", "--max-examples", EXAMPLES])
        .args(["--seed", SEED])
        // Below what a token may ask a second.
        .args([
            "--rate-limit",
            "45/s",
            "--generation-database",
            "none",
            "--no-color",
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("Tested: 19"), "{said}");
}
