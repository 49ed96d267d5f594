//! The manual as pages: for every visitor, in the frame of all pages.

use iikura::help::TOPICS;

use support::server::Server;

#[test]
fn manual_is_shown_to_every_visitor() {
    let server = Server::start();
    server.user("hanako@protocol.example", "Hanako", false, &[]);
    let signed_in = server.signed_in("hanako@protocol.example");
    let stranger = server.browser();
    let index = stranger.get("/help").body;
    for topic in TOPICS {
        let path = format!("/help/{}", topic.name);
        assert!(index.contains(&format!("<a href=\"{path}\">{}</a>", topic.title())));
        let answer = stranger.get(&path);
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains(&format!("<h1>{}</h1>", topic.title())));
        assert!(!answer.body.contains("Sign out") && !answer.body.contains("style="));
        let theirs = signed_in.get(&path).body;
        assert!(
            theirs.contains("Sign out") && theirs.contains("Hanako"),
            "{path}"
        );
        // The same chapter for both.
        let chapter = |body: &str| {
            let rest = body.split_once("<div class=\"chapter\">").unwrap().1;
            rest.split_once("</main>").unwrap().0.to_owned()
        };
        assert_eq!(chapter(&answer.body), chapter(&theirs), "{path}");
    }
    let missing = stranger.get("/help/nothing");
    assert_eq!(missing.status, 404);
}

#[test]
fn manual_is_linked_from_signed_in_pages_and_the_sign_in_page() {
    let server = Server::start();
    server.user("hanako@protocol.example", "Hanako", false, &[]);
    let link = "<a href=\"/help\">";
    let signed_in = server.signed_in("hanako@protocol.example");
    assert!(signed_in.get("/").body.contains(link));
    assert!(server.browser().get("/sign-in").body.contains(link));
}
