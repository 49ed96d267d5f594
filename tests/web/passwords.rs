//! What a new password may be, wherever one is set, and that it is taken to the byte.

use support::both::{Scratch, on_both};
use support::meeting::{ADMIN, Meeting, OBSERVER};
use support::server::{Answer, Browser, PASSWORD, Server};

on_both!(guessable_passwords_are_refused_everywhere);

/// Stands in the list of stolen passwords.
const STOLEN: &str = "marble anchor seventy";

fn change(browser: &Browser, from: &str, to: &str) -> Answer {
    let fields = [("current_password", from), ("new_password", to)];
    browser.post("/account/password", &fields)
}

fn sign_in(server: &Server, email: &str, password: &str) -> u16 {
    let fields = [("email", email), ("password", password)];
    server.browser().post("/sign-in", &fields).status
}

fn guessable_passwords_are_refused_everywhere(scratch: &Scratch) {
    use std::fmt::Write as _;

    use sha1::Digest as _;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("breached.txt");
    let mut lines: Vec<String> = [STOLEN, "one", "two", "three"]
        .iter()
        .map(|word| {
            let digest = sha1::Sha1::digest(word.as_bytes());
            let mut digits = String::new();
            for byte in digest {
                write!(digits, "{byte:02X}").unwrap();
            }
            format!("{digits}:17\r\n")
        })
        .collect();
    lines.sort();
    std::fs::write(&file, lines.concat()).unwrap();
    let meeting = Meeting::with(scratch, &["--breached-passwords", file.to_str().unwrap()]);
    let server = &meeting.server;
    let user = server.user("hanako@press.example", "Hanako Sato", false, &[]);
    let (admin, own) = (
        server.signed_in(ADMIN),
        server.signed_in("hanako@press.example"),
    );
    let shown = admin.post(&format!("/users/{}/reset", user.0), &[("delivery", "hand")]);
    let (_, link) = shown.body.split_once("/password/").unwrap();
    let link = format!("/password/{}", link.split('<').next().unwrap());
    for (typed, why) in [
        ("fourteen-chars", "has 14 characters; take at least 15"),
        (&"x7 k2 ".repeat(43), "has 258 characters; take at most 256"),
        (STOLEN, "is in a list of stolen passwords"),
        ("violet ca-jad-9 nine", "contains “ca-jad-9”"),
        ("violet dialogue nine", "contains “dialogue”"),
        ("violet 迎賓 anchor nine", "contains “迎賓”"),
        ("violet 飯倉 anchor nine", "contains “飯倉”"),
        ("violet IIKURA anchor", "contains “iikura”"),
        ("violet Gaimusho nine", "contains “gaimusho”"),
        ("violet mofa anchor x", "contains “mofa”"),
        ("violet hanako anchor", "contains “hanako”"),
        ("press violet anchor", "contains “press”"),
        (
            "sunshinesunshinesunshine",
            "easy to guess: well-known words",
        ),
    ] {
        let mine = change(&own, PASSWORD, typed);
        let by_link = server.browser().post(
            &link,
            &[("new_password", typed), ("repeated_password", typed)],
        );
        for answer in [mine, by_link] {
            assert_eq!(answer.status, 422, "{typed}");
            assert!(answer.body.contains(why), "{typed}: {}", answer.body);
            assert!(
                !answer.body.contains(&format!("value=\"{typed}")),
                "{typed}"
            );
        }
    }
    assert_eq!(change(&own, PASSWORD, "copper lantern forty").status, 303);
}

#[test]
fn twelve_characters_are_enough_with_a_second_factor_only() {
    let meeting = Meeting::on(&Scratch::sqlite());
    let (server, twelve) = (&meeting.server, "kelp 9 mural");
    let browser = server.signed_in(OBSERVER);
    assert!(
        browser
            .get("/account")
            .body
            .contains("At least 15 characters")
    );
    assert_eq!(change(&browser, PASSWORD, twelve).status, 422);
    crate::second_factor::set_up(server, &browser);
    assert!(
        browser
            .get("/account")
            .body
            .contains("At least 12 characters")
    );
    let short = change(&browser, PASSWORD, "kelp 9 mura");
    assert!(short.body.contains("has 11 characters; take at least 12"));
    assert_eq!(change(&browser, PASSWORD, twelve).status, 303);
}

#[test]
fn a_password_is_taken_to_the_byte() {
    let server = Server::start();
    server.user(ADMIN, "Admin", true, &[]);
    let browser = server.signed_in(ADMIN);
    let mut current = PASSWORD.to_owned();
    let long = "k4u7w9 violet ".repeat(14);
    for (typed, others) in [
        // With spaces at both ends, and an accent of its own.
        (
            "  Tatami e\u{301} moon & lamp=9% ",
            vec![
                "Tatami e\u{301} moon & lamp=9%",
                "  Tatami \u{e9} moon & lamp=9% ",
                "  tatami e\u{301} moon & lamp=9% ",
            ],
        ),
        (
            "雲 と 猫 と 机 と 傘 と 波 と 石",
            vec!["雲 と 猫 と 机 と 傘 と 波 と"],
        ),
        (
            &long,
            vec![&long[..long.len() - 1], &long[..128], &long[..72]],
        ),
    ] {
        assert_eq!(change(&browser, &current, typed).status, 303, "{typed}");
        for other in others {
            assert_eq!(sign_in(&server, ADMIN, other), 422, "{other}");
        }
        assert_eq!(sign_in(&server, ADMIN, typed), 303, "{typed}");
        typed.clone_into(&mut current);
    }
    let page = browser.get("/account").body;
    for autocomplete in ["current-password", "new-password"] {
        let field = format!("type=\"password\" autocomplete=\"{autocomplete}\"");
        assert!(page.contains(&field), "{autocomplete}");
    }
    assert!(!page.contains("onpaste") && !page.contains("maxlength"));
}
