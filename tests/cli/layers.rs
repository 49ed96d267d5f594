//! Modules import one way: the core knows nothing but itself, and none of its modules imports what imports it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What the core is without, as it would stand in its source.
const NOT_IN_THE_CORE: [&str; 15] = [
    "diesel",
    "actix",
    "askama",
    "tokio",
    "typst",
    "getrandom",
    "tracing",
    "std::fs",
    "std::io",
    "std::net",
    "std::env",
    "std::process",
    "std::thread",
    "::now()",
    "SystemTime",
];

/// The sources below a folder, without their tests.
fn sources(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs")
            && !["tests.rs", "sample.rs"].contains(&name)
        {
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
            found.push((path, code.to_owned()));
        }
    }
    found
}

fn core() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/core")
}

/// The first parts of all paths in this source that begin with `prefix`.
fn named<'s>(source: &'s str, prefix: &str) -> BTreeSet<&'s str> {
    source
        .split(prefix)
        .skip(1)
        .map(|rest| {
            let end = rest.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
fn core_knows_no_database_server_clock_or_file() {
    let sources = sources(&core());
    assert!(sources.len() > 30, "{}", sources.len());
    let mut faults = Vec::new();
    for (path, source) in &sources {
        let lines = source.lines().filter(|line| !line.trim().starts_with("//"));
        let code = lines.collect::<Vec<_>>().join("\n");
        let words = NOT_IN_THE_CORE.iter().filter(|word| code.contains(**word));
        faults.extend(words.map(|word| format!("{}: {word}", path.display())));
        let others = named(source, "crate::");
        let others = others.into_iter().filter(|module| *module != "core");
        faults.extend(others.map(|module| format!("{}: crate::{module}", path.display())));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn modules_of_the_core_import_in_one_direction() {
    let core = core();
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, source) in sources(&core) {
        let path = path.strip_prefix(&core).unwrap();
        let first = path.iter().next().unwrap().to_str().unwrap();
        let module = first.trim_end_matches(".rs").to_owned();
        let others = named(&source, "crate::core::");
        let others = others.into_iter().filter(|other| *other != module);
        let others: Vec<String> = others.map(str::to_owned).collect();
        imports.entry(module).or_default().extend(others);
    }
    assert!(imports.len() > 15, "{imports:?}");
    // Takes away what imports nothing that is left; a cycle remains.
    loop {
        let left: BTreeSet<String> = imports.keys().cloned().collect();
        let before = left.len();
        imports.retain(|_, others| !others.is_disjoint(&left));
        if imports.len() == before {
            break;
        }
    }
    assert!(imports.is_empty(), "in a cycle, or above one: {imports:#?}");
}
