//! What commands print into: pipes that are closed, and files that are not what they should be.

use super::{NINTH_MEETING, TestInstallation, text};

/// Runs a command whose reader has hung up already: it ends quietly, and as if it had been read.
fn ends_quietly(installation: &TestInstallation, arguments: &[&str]) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = installation
        .command()
        .args(arguments)
        .stdout(writer)
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(
        output.status.success() && said.is_empty(),
        "{arguments:?}: {} {said}",
        output.status
    );
}

#[test]
fn closed_pipe_ends_every_printing_command_quietly() {
    let installation = TestInstallation::new();
    let file = installation.path().join("event.toml");
    std::fs::write(&file, NINTH_MEETING).unwrap();
    let file = file.to_str().unwrap();
    ends_quietly(&installation, &["import", file]);
    let everything = installation.path().join("all.iikura");
    let backup = installation.path().join("copy.db");
    for arguments in [
        vec!["export", "ca-jad-9"],
        vec!["export", "--everything", everything.to_str().unwrap()],
        vec!["backup", backup.to_str().unwrap()],
        vec!["agenda", "ca-jad-9", "--format", "csv"],
        vec!["agenda", "ca-jad-9", "--format", "pdf"],
        vec!["audit", "verify"],
        vec!["help", "rules"],
        vec!["help", "import"],
        vec!["--help"],
        vec!["--version"],
        vec!["personal-data", "export", "kz@delegations.example"],
    ] {
        ends_quietly(&installation, &arguments);
    }
}

#[test]
fn event_file_in_another_encoding_is_named_with_its_line() {
    let installation = TestInstallation::new();
    let file = installation.path().join("event.toml");
    let utf_16: Vec<u8> = NINTH_MEETING
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let shift_jis = b"[meeting]\nslug = \"x\"\nname = \"\x94\xd1\x91\x71\"\n".to_vec();
    for (bytes, words) in [
        (
            utf_16,
            "line 1: the file is encoded in UTF-16; save it as UTF-8",
        ),
        (
            shift_jis,
            "line 3: the file is encoded in Shift-JIS; save it as UTF-8",
        ),
    ] {
        std::fs::write(&file, bytes).unwrap();
        let refused = installation.run(&["import", file.to_str().unwrap()]);
        let said = text(&refused.stderr);
        assert!(!refused.status.success() && said.contains(words), "{said}");
    }
}

#[test]
fn import_is_silent_about_its_progress_without_a_terminal() {
    let installation = TestInstallation::new();
    let file = installation.path().join("event.toml");
    let notes = (0..600).map(|minute| {
        format!(
            "[[slots]]\nkind = \"other\"\ntitle = \"Note {minute}\"\nday = \"2022-12-24\"\nstart = \"10:00\"\nminutes = 5\nstate = \"pencilled\"\n"
        )
    });
    let source: String = std::iter::once(NINTH_MEETING.to_owned())
        .chain(notes)
        .collect();
    std::fs::write(&file, source).unwrap();
    let imported = installation.run(&["import", file.to_str().unwrap()]);
    assert!(imported.status.success());
    assert_eq!(text(&imported.stderr), "");
    let bare = installation.says(&["export", "ca-jad-9", "--without-notices"]);
    assert_eq!(
        bare,
        installation.says(&["export", "ca-jad-9"]),
        "there are no notices yet"
    );
}
