//! The pages of the repository: what they name is there.

use std::collections::BTreeSet;
use std::path::Path;

use iikura::help::TOPICS;

#[test]
fn every_test_that_the_page_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("tests/SECURITY.md")).unwrap();
    let mut named = 0;
    let mut missing = Vec::new();
    for word in page.split('`').skip(1).step_by(2) {
        let Some((file, test)) = word.split_once("::") else {
            continue;
        };
        named += 1;
        if file.contains(' ') || test == "name" {
            continue;
        }
        let is_there = [format!("{file}.rs"), format!("{file}/mod.rs")]
            .iter()
            .filter_map(|path| std::fs::read_to_string(root.join(path)).ok())
            .any(|source| source.contains(&format!("fn {test}(")));
        if !is_there {
            missing.push(word);
        }
    }
    assert!(named > 40, "{named}");
    assert!(
        missing.is_empty(),
        "the page names what is not there: {missing:?}"
    );
}

#[test]
fn files_that_documents_name_exist() {
    const FOLDERS: [&str; 5] = ["src/", "tests/", "templates/", "migrations/", ".ci/"];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<String> = TOPICS.iter().map(|it| it.markdown.to_owned()).collect();
    for page in ["README.md", "src/lib.rs"] {
        texts.push(std::fs::read_to_string(root.join(page)).unwrap());
    }
    let named: BTreeSet<&str> = texts
        .iter()
        .flat_map(|text| text.split(['`', '(', ')', ' ', '\n']))
        .filter(|word| FOLDERS.iter().any(|folder| word.starts_with(folder)))
        .filter(|word| !word.contains('*'))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let missing: Vec<_> = named
        .iter()
        .filter(|path| !root.join(path).exists())
        .collect();
    assert!(missing.is_empty(), "not there: {missing:?}");
}

/// Paths of modules in the crate's own page, which rustdoc does not follow where a module is private.
#[test]
fn modules_that_the_map_names_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = std::fs::read_to_string(root.join("src/lib.rs")).unwrap();
    let named: BTreeSet<&str> = map
        .split('`')
        .filter_map(|word| word.strip_prefix("crate::"))
        .collect();
    assert!(named.len() > 20, "{named:?}");
    let is_there = |path: &str| {
        let path = root.join("src").join(path.replace("::", "/"));
        path.with_extension("rs").exists() || path.join("mod.rs").exists()
    };
    let missing: Vec<_> = named.iter().filter(|path| !is_there(path)).collect();
    assert!(missing.is_empty(), "not there: {missing:?}");
}
