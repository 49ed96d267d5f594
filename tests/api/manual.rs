//! The routes that the manual names, beside the routes that exist.

use std::collections::BTreeSet;

use iikura::help::TOPICS;

use crate::permissions::MATRIX;

/// Served at an address of its own, so the matrix has no row for it.
const METRICS: &str = "/metrics";
/// Files and folders of a machine, and an address of a provider.
const NO_ROUTES: [&str; 4] = ["/usr/", "/etc/", "/proc", "/.well-known/"];

/// Method and path of every route named between backticks; a path alone is one to open with GET.
fn named() -> BTreeSet<(&'static str, &'static str)> {
    let mut named = BTreeSet::new();
    for topic in TOPICS {
        let text = topic.markdown.split("```").step_by(2);
        for span in text.flat_map(|text| text.split('`').skip(1).step_by(2)) {
            let (method, path) = span.split_once(' ').unwrap_or(("GET", span));
            let is_file = NO_ROUTES.iter().any(|start| path.starts_with(start));
            if path.starts_with('/') && !is_file {
                named.insert((method, path));
            }
        }
    }
    named
}

/// True when the path is the pattern, or could stand for it.
fn fits(pattern: &str, path: &str) -> bool {
    let (patterns, parts) = (pattern.split('/'), path.split('/'));
    patterns.clone().count() == parts.clone().count()
        && patterns
            .zip(parts)
            .all(|(pattern, part)| pattern == part || pattern.starts_with('{'))
}

#[test]
fn every_route_that_the_manual_names_exists() {
    let named = named();
    assert!(named.len() > 20, "{named:?}");
    let wrong: Vec<_> = named
        .iter()
        .filter(|(_, path)| *path != METRICS)
        .filter(|(method, path)| {
            let mut routes = MATRIX.iter();
            !routes.any(|(known, pattern, _)| known == method && fits(pattern, path))
        })
        .collect();
    assert!(wrong.is_empty(), "there is no {wrong:?}");
}

#[test]
fn every_route_for_programs_is_in_the_manual() {
    let named = named();
    let is_for_programs = |path: &str| {
        path == "/api"
            || path.starts_with("/api/")
            || path.starts_with("/help")
            || path.rsplit('.').next() == Some("ics")
            || ["/healthz", "/readyz"].contains(&path)
    };
    let wanted = MATRIX
        .iter()
        .filter(|(_, path, _)| is_for_programs(path))
        .map(|&(method, path, _)| (method, path))
        .chain([("GET", METRICS)]);
    let missing: Vec<_> = wanted.filter(|route| !named.contains(route)).collect();
    assert!(missing.is_empty(), "not in the manual: {missing:?}");
}
