//! What the program is built from.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Libraries that ask any address they are given.
const CLIENTS: [&str; 12] = [
    "attohttpc",
    "awc",
    "curl",
    "hyper",
    "hyper-util",
    "isahc",
    "minreq",
    "quinn",
    "reqwest",
    "surf",
    "ureq",
    "wreq",
];

/// What Cargo knows of the program and its libraries, with the features that are on by default, and more.
fn metadata(more: &[&str]) -> Value {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "metadata",
        "--format-version=1",
        "--locked",
        "--filter-platform=x86_64-unknown-linux-gnu",
    ]);
    let told = cargo
        .args(more)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        told.status.success(),
        "{}",
        String::from_utf8_lossy(&told.stderr)
    );
    serde_json::from_slice(&told.stdout).unwrap()
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().unwrap()
}

#[test]
fn libraries_have_known_licences_and_come_from_the_registry() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deny.toml");
    let rules: toml::Table = std::fs::read_to_string(rules).unwrap().parse().unwrap();
    let known: BTreeSet<&str> = rules["licenses"]["allow"]
        .as_array()
        .unwrap()
        .iter()
        .map(|name| name.as_str().unwrap())
        .collect();
    let metadata = metadata(&["--all-features"]);
    let mut strange = Vec::new();
    for library in list(&metadata, "packages")
        .iter()
        .filter(|it| it["name"] != "iikura" && it["name"] != "support")
    {
        // Of several that are offered one is enough; of several that hold together each has to be known.
        let licence = library["license"].as_str().unwrap_or("none");
        let fits = licence.split(" AND ").all(|all| {
            let choices = all.trim_matches(['(', ')']).replace('/', " OR ");
            choices.split(" OR ").any(|one| known.contains(one.trim()))
        });
        let from = library["source"].as_str().unwrap_or("a folder");
        if !fits || from != "registry+https://github.com/rust-lang/crates.io-index" {
            strange.push(format!("{}: {licence}, from {from}", library["name"]));
        }
    }
    assert!(list(&metadata, "packages").len() > 100);
    assert!(strange.is_empty(), "{strange:#?}");
}

#[test]
fn the_program_holds_no_client_that_fetches_addresses() {
    let metadata = metadata(&["--features", "postgres"]);
    let names: BTreeMap<&str, &str> = list(&metadata, "packages")
        .iter()
        .map(|it| (it["id"].as_str().unwrap(), it["name"].as_str().unwrap()))
        .collect();
    let nodes: BTreeMap<&str, &Value> = list(&metadata["resolve"], "nodes")
        .iter()
        .map(|it| (it["id"].as_str().unwrap(), it))
        .collect();
    // What is built into the program: neither what only tests use nor what only builds it.
    let mut inside = BTreeSet::new();
    let mut ahead = vec![metadata["resolve"]["root"].as_str().unwrap()];
    while let Some(id) = ahead.pop() {
        if inside.insert(id) {
            let built_in = list(nodes[id], "deps").iter().filter(|it| {
                list(it, "dep_kinds")
                    .iter()
                    .any(|kind| kind["kind"].is_null())
            });
            ahead.extend(built_in.map(|it| it["pkg"].as_str().unwrap()));
        }
    }
    let inside: BTreeSet<&str> = inside.iter().map(|id| names[id]).collect();
    assert!(
        inside.contains("actix-web") && inside.contains("lettre"),
        "{inside:?}"
    );
    for client in CLIENTS {
        assert!(!inside.contains(client), "{client} is in the program");
    }
}
