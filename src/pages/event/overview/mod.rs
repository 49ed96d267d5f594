//! The pages of overviews.

pub mod changes;
pub mod days;
pub mod pairs;
pub mod search;

/// The overviews, for the tabs that lead from one to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OverviewTab {
    Chair,
    Pairs,
    Changes,
    Search,
}

/// A link of the row of tabs.
struct TabLink {
    href: String,
    text: &'static str,
    current: bool,
}

fn tabs(slug: &str, current: OverviewTab) -> Vec<TabLink> {
    [
        (OverviewTab::Chair, "matrix", "The chair’s bilaterals"),
        (OverviewTab::Pairs, "matrix?pairs=all", "All pairs"),
        (OverviewTab::Changes, "changes", "What has changed"),
        (OverviewTab::Search, "slots", "Search"),
    ]
    .into_iter()
    .map(|(tab, path, text)| TabLink {
        href: format!("/events/{slug}/{path}"),
        text,
        current: tab == current,
    })
    .collect()
}
