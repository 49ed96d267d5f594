//! `iikura help`: chapters of the manual, and the help of commands.

use clap::CommandFactory as _;

use super::{Cli, Failure, output};
use crate::help::{self, Topic};

/// The words after `iikura help`; `None` when another command was typed.
///
/// Looked at before clap does, whose own `help` knows commands alone and cannot be replaced without losing
/// `iikura user help add`.
pub fn words_typed() -> Option<Vec<String>> {
    let mut typed = std::env::args_os().skip(1);
    let is_help = typed.next()? == "help";
    is_help.then(|| typed.map(|word| word.to_string_lossy().into()).collect())
}

/// Prints the chapter of that name, else the help of the command.
pub fn run(words: &[String]) -> Result<(), Failure> {
    if let [name] = words
        && let Some(topic) = Topic::find(name)
    {
        output::bytes(topic.markdown.as_bytes());
        return Ok(());
    }
    let Some(help) = command_help(words) else {
        let typed = words.join(" ");
        return Err(Failure::one(format!(
            "there is no chapter and no command '{typed}'\n\n{}",
            help::list()
        )));
    };
    output::bytes(help.as_bytes());
    Ok(())
}

/// What `iikura COMMAND --help` prints; `None` when there is no such command.
fn command_help(words: &[String]) -> Option<String> {
    let mut command = Cli::command();
    let mut at = &mut command;
    for word in words {
        at = at.find_subcommand_mut(word)?;
    }
    let line = ["iikura"].into_iter();
    let line = line
        .chain(words.iter().map(String::as_str))
        .chain(["--help"]);
    let answer = Cli::command().try_get_matches_from(line).err()?;
    Some(answer.render().to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::Command;

    use super::*;
    use crate::cli::user::PASSWORD_VARIABLE;
    use crate::help::TOPICS;

    /// Whatever the manual has between backticks, in a line or in a block: a piece a line.
    fn code() -> Vec<&'static str> {
        let mut pieces = Vec::new();
        for topic in TOPICS {
            for (position, part) in topic.markdown.split("```").enumerate() {
                if position % 2 == 1 {
                    pieces.extend(part.lines().skip(1));
                } else {
                    pieces.extend(part.split('`').skip(1).step_by(2));
                }
            }
        }
        pieces
    }

    /// Every command below this one, with its name as it is typed, and those above it.
    fn commands<'a>(above: &str, command: &'a Command, found: &mut Vec<(String, &'a Command)>) {
        let name = format!("{above}{}", command.get_name());
        for below in command.get_subcommands() {
            commands(&format!("{name} "), below, found);
        }
        found.push((name, command));
    }

    /// What is typed after the program's name.
    fn typed(piece: &str) -> Option<&str> {
        let mut places = piece.match_indices("iikura ");
        let (place, name) = places.find(|(place, _)| {
            let before = &piece[..*place];
            before.is_empty() || [" ", "'", "/bin/"].iter().any(|end| before.ends_with(end))
        })?;
        Some(&piece[place + name.len()..])
    }

    fn words(piece: &str) -> impl Iterator<Item = &str> {
        piece
            .split([' ', '[', ']', '…', '\'', '=', ','])
            .filter(|word| !word.is_empty())
    }

    fn difference<T: Ord + Clone>(all: &BTreeSet<T>, but: &BTreeSet<T>) -> Vec<T> {
        all.difference(but).cloned().collect()
    }

    #[test]
    fn manual_and_commands_name_the_same_commands() {
        let root = Cli::command();
        let mut all = Vec::new();
        commands("", &root, &mut all);
        let known: BTreeSet<String> = all
            .iter()
            .filter(|(name, command)| name != "iikura" && !command.has_subcommands())
            .map(|(name, _)| name.clone())
            .collect();
        let mut named = BTreeSet::new();
        for piece in code() {
            let Some(arguments) = typed(piece) else {
                continue;
            };
            let (mut name, mut at) = ("iikura".to_owned(), &root);
            for word in words(arguments) {
                // Clap adds its own help when it parses.
                let is_end = word.starts_with("--") || ["COMMAND", "help"].contains(&word);
                if is_end || !at.has_subcommands() {
                    break;
                }
                let below = at.find_subcommand(word);
                assert!(below.is_some(), "{piece}: there is no command '{word}'");
                at = below.unwrap();
                name = format!("{name} {word}");
            }
            if at.get_name() != "iikura" && !at.has_subcommands() {
                named.insert(name);
            }
        }
        assert_eq!(difference(&known, &named), [""; 0], "not in the manual");
        assert!(named.len() > 15, "{named:?}");
    }

    #[test]
    fn manual_and_commands_name_the_same_flags() {
        let mut root = Cli::command();
        root.build();
        let mut all = Vec::new();
        commands("", &root, &mut all);
        let arguments = all.iter().flat_map(|(_, command)| command.get_arguments());
        let longs = arguments.filter_map(|argument| argument.get_long());
        let known: BTreeSet<String> = longs.map(|long| format!("--{long}")).collect();
        let named: BTreeSet<String> = code()
            .into_iter()
            .filter(|piece| piece.starts_with("--") || piece.contains("iikura "))
            .flat_map(words)
            .filter(|word| word.starts_with("--"))
            .map(ToOwned::to_owned)
            .collect();
        assert_eq!(difference(&known, &named), [""; 0], "not in the manual");
        assert_eq!(difference(&named, &known), [""; 0], "not a flag");
        assert!(known.len() > 40, "{known:?}");
    }

    #[test]
    fn manual_and_configuration_name_the_same_variables() {
        let root = Cli::command();
        let mut all = Vec::new();
        commands("", &root, &mut all);
        let arguments = all.iter().flat_map(|(_, command)| command.get_arguments());
        let variables = arguments.filter_map(|argument| argument.get_env()?.to_str());
        let known: BTreeSet<&str> = variables.chain([PASSWORD_VARIABLE]).collect();
        let is_part = |letter: char| letter.is_ascii_uppercase() || letter == '_';
        let named: BTreeSet<&str> = TOPICS
            .iter()
            .flat_map(|topic| topic.markdown.split(|letter| !is_part(letter)))
            .filter(|word| word.starts_with("IIKURA_"))
            .collect();
        assert_eq!(difference(&known, &named), [""; 0], "not in the manual");
        assert_eq!(difference(&named, &known), [""; 0], "not a variable");
        let configuration = Topic::find("configuration").unwrap().markdown;
        for variable in known {
            let row = format!("| `{variable}` |");
            assert!(configuration.contains(&row), "{variable} has no row");
        }
    }

    #[test]
    fn help_of_a_command_is_what_its_help_flag_prints() {
        let words = |line: &str| line.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>();
        let serve = command_help(&words("serve")).unwrap();
        assert!(serve.contains("Usage: iikura serve [OPTIONS]"), "{serve}");
        let add = command_help(&words("user add")).unwrap();
        assert!(add.contains("Usage: iikura user add"), "{add}");
        let whole = command_help(&[]).unwrap();
        assert!(
            whole.contains("\n  migrate ") && whole.contains("\n  event-file "),
            "{whole}"
        );
        assert_eq!(command_help(&words("fly")), None);
    }
}
