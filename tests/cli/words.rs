//! Names and sentences use standard terms: a word that was replaced by one does not come back.

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

/// Phrases that comments, templates and README must not contain, each with the term to use instead.
const PHRASES: [(&str, &str); 38] = [
    ("all that is", "everything that is"),
    ("anew", "again"),
    ("anybody", "any user, any delegation"),
    ("are told", "are notified"),
    ("be told", "be notified, pending"),
    ("everybody", "all users"),
    ("gives back", "returns"),
    ("gone astray", "reached the wrong person"),
    ("has run out", "has expired"),
    ("in hand", "leased, being sent, in progress"),
    ("is kept", "is stored, is cached"),
    ("is told", "is notified"),
    ("lets in", "accepts, admits"),
    ("look after", "verify, manage"),
    ("looked into", "read"),
    ("nobody", "no user, no delegation"),
    ("of the house", "of the venue"),
    ("open nothing", "are invalid"),
    ("opened nothing", "was invalid"),
    ("opens nothing", "is invalid"),
    ("part in the event", "role at the event"),
    ("put right", "correct"),
    ("read along", "intercept"),
    ("said of", "the thing itself: finding, wording"),
    ("set aside", "overridden, override"),
    ("sets aside", "overrides"),
    ("somebody", "a user, another user"),
    ("stand in", "be stored in, be shown in"),
    ("stands at", "is at"),
    ("stands for", "is, means"),
    ("stands in", "is stored in, is shown in"),
    ("the house", "the venue, the office"),
    ("they know already", "already notified"),
    ("told of", "notified of"),
    ("took it in hand", "leased"),
    ("was told", "was notified"),
    ("were told", "were notified"),
    ("whoever", "users who, clients that"),
];

/// The files with an extension below a folder, each with its path.
fn files(folder: &Path, extensions: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extensions));
        } else if path
            .extension()
            .is_some_and(|it| extensions.iter().any(|extension| it == *extension))
        {
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
    let sources = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &["rs"]);
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

/// The comments of a source; code between two of them separates their sentences.
fn comments(source: &str) -> String {
    let lines = source.lines().map(|line| {
        line.trim_start()
            .strip_prefix("//")
            .map_or(".", |comment| comment.trim_start_matches(['/', '!']))
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The words of a text in lower case, with one space around each; a full stop stays a word of its own.
fn words(text: &str) -> String {
    let text = text.to_lowercase().replace('.', " . ");
    let words = text
        .split(|letter: char| letter != '_' && letter != '.' && !letter.is_alphanumeric())
        .filter(|word| !word.is_empty());
    format!(" {} ", words.collect::<Vec<_>>().join(" "))
}

/// The replaced phrases in a text, each with the term to use instead.
fn replaced_phrases(text: &str) -> Vec<String> {
    let words = words(text);
    PHRASES
        .iter()
        .filter(|(phrase, _)| words.contains(&format!(" {phrase} ")))
        .map(|(phrase, term)| format!("{phrase} (say {term})"))
        .collect()
}

#[test]
fn replaced_phrases_do_not_come_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts: Vec<(String, String)> = files(&root.join("src"), &["rs"])
        .into_iter()
        .map(|(path, source)| (path, comments(&source)))
        .collect();
    texts.extend(files(
        &root.join("templates"),
        &["html", "md", "txt", "typ"],
    ));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    texts.push(("README.md".to_owned(), readme));
    assert!(texts.len() > 400, "{}", texts.len());
    let back: Vec<String> = texts
        .iter()
        .flat_map(|(path, text)| {
            let found = replaced_phrases(text);
            found
                .into_iter()
                .map(move |phrase| format!("{path}: {phrase}"))
        })
        .collect();
    assert!(back.is_empty(), "phrases that were replaced: {back:#?}");
}

#[test]
fn replaced_phrase_is_found_across_lines_and_in_no_identifier() {
    let source = "/// Whoever asks, a rule set\n/// aside.\nlet nobody_asks = 1; // nobody\n";
    let found = replaced_phrases(&comments(source));
    assert_eq!(
        found,
        [
            "set aside (say overridden, override)",
            "whoever (say users who, clients that)"
        ]
    );
    assert!(replaced_phrases("NobodyInterprets, nobody_asks; a set. Aside from it").is_empty());
}
