//! Types and functions are named by standard terms: a name that was replaced by one does not come back.

use std::path::Path;

/// Names that must not be given again, each with the term to use instead.
const REPLACED: [(&str, &str); 33] = [
    ("Ask", "ApiRequest"),
    ("Asked", "the owner in front: PlanMeeting, SlotQuestion"),
    ("Bell", "WorkerSignal"),
    ("Caller", "CurrentUser"),
    ("Day", "the owner in front: EventDay, AgendaDay"),
    ("Desk", "EventContext, or another …Context"),
    ("Door", "…Access"),
    ("Entry", "the owner in front: AgendaEntry, HistoryEntry"),
    ("Found", "the owner in front: SearchResult, …Lookup"),
    ("Kept", "RenderCache, Stored…"),
    ("Line", "the owner in front: TextLine, RosterLine"),
    ("Live", "ProgrammeCache"),
    ("Made", "the owner in front: MadeDocument"),
    ("Markup", "CachedHtml"),
    ("Onward", "ReturnTo"),
    ("Order", "…Request"),
    ("Place", "the owner in front: AgendaRoom, QueuePlace"),
    ("Post", "MailContext"),
    ("Query", "the owner in front: TimetableQuery"),
    ("Row", "the owner in front: MailRow"),
    ("Seat", "EventAccess"),
    ("SeenOver", "ExpiredLinks"),
    ("Standing", "…Status"),
    ("Wanted", "…Request"),
    ("Wire", "PeerListener"),
    ("Wish", "SearchRequest"),
    ("came_back", "mark_bounced, has_bounced"),
    ("forget_others", "supersede_for_removed_contacts"),
    ("hopeless", "into_web_error"),
    ("hurry", "reschedule"),
    ("put_down", "release_lease"),
    ("seats", "accessible_events"),
    ("take_over", "insert"),
];

/// The sources below a folder, each with its path.
fn sources(folder: &Path) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let source = std::fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), source));
        }
    }
    found
}

/// The names that a source gives to its types and functions.
fn given(source: &str) -> impl Iterator<Item = &str> {
    let words = source
        .split(|letter: char| letter != '_' && !letter.is_alphanumeric())
        .filter(|word| !word.is_empty());
    let next = words.clone().skip(1);
    words
        .zip(next)
        .filter(|(word, _)| ["struct", "enum", "trait", "fn"].contains(word))
        .map(|(_, name)| name)
}

#[test]
fn replaced_names_do_not_come_back() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let mut seen = 0;
    let mut back = Vec::new();
    for (path, source) in &sources {
        for name in given(source) {
            seen += 1;
            let replaced = REPLACED.iter().find(|(old, _)| *old == name);
            back.extend(replaced.map(|(old, term)| format!("{path}: {old} (say {term})")));
        }
    }
    assert!(seen > 3000, "{seen}");
    assert!(back.is_empty(), "names that were replaced: {back:#?}");
}
