//! SQL without its formatting: comments, white space, the case and the quotation marks of names.

/// Splits SQL into words, names, numbers, signs and string literals. Only literals keep their case.
pub(super) fn tokens(sql: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            c if c.is_whitespace() => {
                rest = &rest[c.len_utf8()..];
                continue;
            }
            '-' if rest.starts_with("--") => {
                rest = rest.find('\n').map_or("", |end| &rest[end..]);
                continue;
            }
            '/' if rest.starts_with("/*") => {
                rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                continue;
            }
            '\'' => quoted(rest, '\''),
            '"' | '`' => quoted(rest, first),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            c if is_word(c) => rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            c => c.len_utf8(),
        };
        let token = &rest[..length];
        rest = &rest[length..];
        tokens.push(match first {
            '\'' => token.to_owned(),
            '"' | '`' | '[' => {
                let name = token.trim_matches(['"', '`', '[', ']']);
                // A name that is none without its marks keeps them: it must not pass for several words.
                if !name.is_empty() && name.chars().all(is_word) {
                    name.to_lowercase()
                } else {
                    token.to_owned()
                }
            }
            _ => token.to_lowercase(),
        });
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// Length of the text between quotes; a doubled quote is an escaped one.
fn quoted(text: &str, mark: char) -> usize {
    let mut at = 1;
    loop {
        let Some(end) = text[at..].find(mark) else {
            return text.len();
        };
        at += end + 1;
        if !text[at..].starts_with(mark) {
            return at;
        }
        at += 1;
    }
}

/// One line of words.
pub(super) fn line(sql: &str) -> String {
    tokens(sql).join(" ")
}

/// Splits the text in the first bracket at top-level commas; returns the rest, too.
///
/// Columns added later have another order than those created at once: parts are compared, not their
/// order.
pub(super) fn items(sql: &str) -> (Vec<Vec<String>>, String) {
    let tokens = tokens(sql);
    let mut depth = 0_usize;
    let (mut items, mut item, mut tail) = (Vec::new(), Vec::new(), Vec::new());
    let mut is_over = false;
    for token in tokens {
        match token.as_str() {
            _ if is_over => {
                tail.push(token);
                continue;
            }
            "(" => {
                depth += 1;
                if depth == 1 {
                    continue;
                }
            }
            ")" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    items.push(std::mem::take(&mut item));
                    is_over = true;
                    continue;
                }
            }
            "," if depth == 1 => {
                items.push(std::mem::take(&mut item));
                continue;
            }
            _ => {}
        }
        if depth > 0 {
            item.push(token);
        }
    }
    (items, tail.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formatting_is_left_out_and_literals_are_not() {
        let one = "CREATE  TABLE \"Users\" (id INTEGER, -- the key, of course\n name TEXT DEFAULT 'A  -- b''c') /* x */";
        let other = "create table users(id integer,name text default 'A  -- b''c')";
        assert_eq!(line(one), line(other));
        for changed in ["'A -- b''c'", "'a  -- b''c'", "'A  -- b'"] {
            let changed = other.replace("'A  -- b''c'", changed);
            assert_ne!(line(one), line(&changed), "{changed}");
        }
    }

    #[test]
    fn a_quoted_name_never_passes_for_words() {
        assert_ne!(line("a \"b not null\""), line("a b not null"));
        assert_ne!(line("\"a\"\"b\""), line("a b"));
    }

    #[test]
    fn items_are_split_at_outer_commas() {
        let (items, tail) =
            items("CREATE TABLE t (a INT CHECK (a IN (1, 2)), UNIQUE (a, b)) STRICT");
        let lines: Vec<String> = items.iter().map(|item| item.join(" ")).collect();
        assert_eq!(
            lines,
            ["a int check ( a in ( 1 , 2 ) )", "unique ( a , b )"]
        );
        assert_eq!(tail, "strict");
    }
}
