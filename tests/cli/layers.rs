//! Layers import one way: each knows itself and those below it, and in most of them nouns do not import each other in a
//! circle. The core knows nothing but itself.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The layers, the lowest first. Pages and API are beside each other: neither may import the other.
const LAYERS: [&[&str]; 16] = [
    &["core"],
    &["runtime"],
    &["db"],
    &["store"],
    &["documents"],
    &["mail"],
    &["auth"],
    &["change"],
    &["installation"],
    &["personal"],
    &["help"],
    &["server"],
    &["pages", "api"],
    &["routes"],
    &["jobs"],
    &["cli"],
];

/// Layers in which no module imports what imports it.
const WITHOUT_CIRCLES: [&str; 8] = [
    "core",
    "runtime",
    "db",
    "store",
    "documents",
    "change",
    "jobs",
    "pages",
];

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

/// A source file without its tests and comments: the modules that it is in, and its code.
struct Source {
    path: PathBuf,
    module: Vec<String>,
    code: String,
}

/// All sources, without tests.
fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    collect(&root, &root, &mut found);
    assert!(found.len() > 300, "{}", found.len());
    found
}

fn collect(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() && name != "tests" {
            collect(root, &path, found);
        } else if path.extension().is_some_and(|it| it == "rs")
            && !["tests.rs", "sample.rs", "week.rs", "main.rs", "lib.rs"].contains(&name)
        {
            let source = std::fs::read_to_string(&path).unwrap();
            let code = source.split("#[cfg(test)]\nmod tests").next().unwrap();
            let lines = code.lines().filter(|line| !line.trim().starts_with("//"));
            let relative = path.strip_prefix(root).unwrap().with_extension("");
            let module = relative
                .iter()
                .map(|part| part.to_str().unwrap().to_owned());
            found.push(Source {
                module: module.filter(|part| part != "mod").collect(),
                code: lines.collect::<Vec<_>>().join("\n"),
                path,
            });
        }
    }
}

/// The paths from the crate's root that a source names, as far as they are names of modules.
fn imports(source: &Source) -> BTreeSet<Vec<String>> {
    let mut found = BTreeSet::new();
    for (at, _) in source.code.match_indices("crate::") {
        let before = source.code[..at].chars().next_back();
        if before.is_some_and(|letter| letter.is_alphanumeric() || letter == '_' || letter == '$') {
            continue;
        }
        tree(&source.code[at + "crate::".len()..], &[], &mut found);
    }
    // `super::` in the first module of a layer names its siblings.
    for (at, _) in source.code.match_indices("super::") {
        let rest = &source.code[at..];
        let ups = rest.split("::").take_while(|part| *part == "super").count();
        let preceded = source.code[..at].ends_with("super::") || source.code[..at].ends_with("in ");
        if preceded || ups > source.module.len() {
            continue;
        }
        let above = &source.module[..source.module.len() - ups];
        tree(&rest[ups * "super::".len()..], above, &mut found);
    }
    found
}

/// Reads a path, or a tree of paths in braces.
fn tree(text: &str, above: &[String], found: &mut BTreeSet<Vec<String>>) {
    let text = text.trim_start();
    if let Some(inner) = text.strip_prefix('{') {
        let mut depth = 0;
        let mut begin = 0;
        for (at, letter) in inner.char_indices() {
            match letter {
                '{' => depth += 1,
                '}' if depth > 0 => depth -= 1,
                ',' | '}' if depth == 0 => {
                    tree(&inner[begin..at], above, found);
                    begin = at + 1;
                    if letter == '}' {
                        return;
                    }
                }
                _ => {}
            }
        }
        return;
    }
    let end = text.find(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
    let (name, rest) = text.split_at(end.unwrap_or(text.len()));
    let mut path = above.to_vec();
    if !name.is_empty() {
        path.push(name.to_owned());
    }
    match rest.strip_prefix("::") {
        Some(rest) => tree(rest, &path, found),
        None => {
            found.insert(path);
        }
    }
}

/// Takes away what imports nothing that is left, again and again: circles and what is above them remain.
fn circles(mut imports: BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    loop {
        let left: BTreeSet<String> = imports.keys().cloned().collect();
        imports.retain(|_, others| !others.is_disjoint(&left));
        if imports.len() == left.len() {
            return imports;
        }
    }
}

#[test]
fn layers_import_only_what_is_below_them() {
    let height = |layer: &str| LAYERS.iter().position(|names| names.contains(&layer));
    let mut faults = Vec::new();
    let mut seen = BTreeSet::new();
    for source in sources() {
        let layer = source.module[0].as_str();
        let own = height(layer);
        assert!(own.is_some(), "{layer} is in no layer");
        seen.insert(layer.to_owned());
        for import in imports(&source) {
            let other = import[0].as_str();
            let is_above = height(other).is_none_or(|other| Some(other) > own);
            let is_beside = other != layer && height(other) == own;
            if is_above || is_beside {
                faults.push(format!("{}: {}", source.path.display(), import.join("::")));
            }
        }
    }
    assert_eq!(
        seen.len(),
        LAYERS.iter().map(|names| names.len()).sum::<usize>()
    );
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn nouns_of_a_layer_import_in_one_direction() {
    let sources = sources();
    for layer in WITHOUT_CIRCLES {
        let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for source in &sources {
            if source.module[0] != layer || source.module.len() < 2 {
                continue;
            }
            let noun = &source.module[1];
            let others = imports(source)
                .into_iter()
                .filter(|import| import[0] == layer);
            let others = others.filter_map(|import| import.get(1).cloned());
            let others = others.filter(|other| other != noun);
            graph.entry(noun.clone()).or_default().extend(others);
        }
        assert!(graph.len() > 1, "{layer}: {graph:?}");
        let left = circles(graph);
        assert!(left.is_empty(), "{layer}: {left:#?}");
    }
}

#[test]
fn core_knows_no_database_server_clock_or_file() {
    let mut faults = Vec::new();
    for source in sources().iter().filter(|source| source.module[0] == "core") {
        let words = NOT_IN_THE_CORE
            .iter()
            .filter(|word| source.code.contains(**word));
        faults.extend(words.map(|word| format!("{}: {word}", source.path.display())));
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
