//! The page that says which test shows what.

use std::path::Path;

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
