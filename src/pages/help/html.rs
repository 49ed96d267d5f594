//! Renders a chapter as HTML: headings get ids, tables and code scroll inside themselves and take the keyboard.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

use crate::help::Topic;

/// A chapter as HTML.
#[derive(Debug)]
pub(super) struct RenderedTopic {
    /// Everything below the title.
    pub(super) html: String,
    /// The headings of the second and third level.
    pub(super) headings: Vec<TopicHeading>,
}

/// A heading that links can name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TopicHeading {
    pub(super) id: String,
    pub(super) text: String,
    /// The heading is below another one of the chapter.
    pub(super) nested: bool,
}

/// Renders a chapter without its title, which the page's frame shows.
pub(super) fn render(topic: &Topic) -> RenderedTopic {
    let mut writer = TopicWriter::default();
    let events = Parser::new_ext(topic.markdown, Options::ENABLE_TABLES);
    for event in events {
        writer.take(event);
    }
    let mut html = String::with_capacity(topic.markdown.len() * 2);
    html::push_html(&mut html, writer.events.into_iter());
    RenderedTopic {
        html,
        headings: writer.headings,
    }
}

/// The anchor of a heading: its words in lower case with hyphens between, as GitHub makes them.
pub(super) fn anchor(text: &str) -> String {
    text.chars()
        .filter_map(|letter| match letter {
            ' ' => Some('-'),
            '-' | '_' => Some(letter),
            _ if letter.is_alphanumeric() => Some(letter.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

/// Text of a heading, and where the heading began.
#[derive(Debug)]
struct OpenHeading {
    level: HeadingLevel,
    start: usize,
    text: String,
}

#[derive(Debug, Default)]
struct TopicWriter<'a> {
    events: Vec<Event<'a>>,
    headings: Vec<TopicHeading>,
    heading: Option<OpenHeading>,
    in_table_head: bool,
}

impl<'a> TopicWriter<'a> {
    fn take(&mut self, event: Event<'a>) {
        match event {
            Event::Start(Tag::Heading { level, .. }) => {
                self.heading = Some(OpenHeading {
                    level,
                    start: self.events.len(),
                    text: String::new(),
                });
            }
            Event::End(TagEnd::Heading(_)) => self.end_heading(),
            Event::Start(Tag::CodeBlock(kind)) => self.start_code(&kind),
            Event::End(TagEnd::CodeBlock) => self.html("</code></pre>\n"),
            Event::Start(Tag::Table(_)) => {
                let label = self.label("Table");
                self.html(format!(
                    "<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\">\n<table class=\"table table-dense\">\n"
                ));
            }
            Event::End(TagEnd::Table) => self.html("</tbody>\n</table>\n</div>\n"),
            Event::Start(Tag::TableHead) => {
                self.in_table_head = true;
                self.html("<thead><tr>");
            }
            Event::End(TagEnd::TableHead) => {
                self.in_table_head = false;
                self.html("</tr></thead>\n<tbody>\n");
            }
            Event::Start(Tag::TableRow) => self.html("<tr>"),
            Event::End(TagEnd::TableRow) => self.html("</tr>\n"),
            Event::Start(Tag::TableCell) if self.in_table_head => {
                self.html("<th scope=\"col\">");
            }
            Event::Start(Tag::TableCell) => self.html("<td>"),
            Event::End(TagEnd::TableCell) => {
                self.html(if self.in_table_head { "</th>" } else { "</td>" });
            }
            Event::Start(Tag::Link {
                link_type,
                dest_url,
                title,
                id,
            }) => {
                let dest_url = match dest_url.split_once(".md") {
                    Some((name, rest)) if !name.contains([':', '/']) => {
                        format!("/help/{name}{rest}").into()
                    }
                    _ => dest_url,
                };
                self.events.push(Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                }));
            }
            // A chapter is text: what looks like HTML in it is shown literally.
            Event::Html(text) | Event::InlineHtml(text) => self.events.push(Event::Text(text)),
            Event::Text(ref text) | Event::Code(ref text) => {
                if let Some(heading) = &mut self.heading {
                    heading.text.push_str(text);
                }
                self.events.push(event);
            }
            other => self.events.push(other),
        }
    }

    fn end_heading(&mut self) {
        let Some(OpenHeading { level, start, text }) = self.heading.take() else {
            return;
        };
        if level == HeadingLevel::H1 {
            self.events.truncate(start);
            return;
        }
        let id = anchor(&text);
        let opening = Event::Html(format!("<{level} id=\"{id}\">").into());
        self.events.insert(start, opening);
        self.html(format!("</{level}>\n"));
        if level <= HeadingLevel::H3 {
            self.headings.push(TopicHeading {
                id,
                text,
                nested: level == HeadingLevel::H3,
            });
        }
    }

    fn start_code(&mut self, kind: &CodeBlockKind<'_>) {
        let what = match kind {
            CodeBlockKind::Fenced(language) if !language.is_empty() => format!("{language} file"),
            _ => "Example".to_owned(),
        };
        let label = self.label(&what);
        self.html(format!(
            "<pre class=\"source\" tabindex=\"0\" role=\"group\" aria-label=\"{label}\"><code>"
        ));
    }

    /// What a screen reader calls a part that scrolls: its kind and the heading above it.
    fn label(&self, kind: &str) -> String {
        let heading = self.headings.last();
        let label = heading.map_or_else(
            || kind.to_owned(),
            |heading| format!("{kind}: {}", heading.text),
        );
        label
            .replace('&', "&amp;")
            .replace('"', "&quot;")
            .replace('<', "&lt;")
    }

    fn html(&mut self, text: impl Into<pulldown_cmark::CowStr<'a>>) {
        self.events.push(Event::Html(text.into()));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::help::TOPICS;

    fn rendered(markdown: &'static str) -> RenderedTopic {
        render(&Topic {
            name: "sample",
            markdown,
        })
    }

    #[test]
    fn heading_has_an_anchor_and_the_title_is_left_to_the_frame() {
        let shown = rendered("# Title\n\n## Way & `means`\n\nText.\n\n### Part\n");
        assert_eq!(
            shown.html,
            "<h2 id=\"way--means\">Way &amp; <code>means</code></h2>\n<p>Text.</p>\n<h3 id=\"part\">Part</h3>\n"
        );
        let headings = shown.headings.iter();
        let headings: Vec<_> = headings.map(|each| (&*each.text, each.nested)).collect();
        assert_eq!(headings, [("Way & means", false), ("Part", true)]);
    }

    #[test]
    fn table_and_code_scroll_inside_themselves_with_a_name() {
        let shown = rendered("# T\n\n## \"Say\"\n\n| A |\n| --- |\n| b |\n\n```\n<x>\n```\n");
        for part in [
            "<div class=\"table-scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table: &quot;Say&quot;\">",
            "<thead><tr><th scope=\"col\">A</th></tr></thead>\n<tbody>\n<tr><td>b</td></tr>\n</tbody>",
            "<pre class=\"source\" tabindex=\"0\" role=\"group\" aria-label=\"Example: &quot;Say&quot;\"><code>&lt;x&gt;\n</code></pre>",
        ] {
            assert!(shown.html.contains(part), "{part} in {}", shown.html);
        }
    }

    #[test]
    fn html_in_a_chapter_is_shown_as_text() {
        let shown = rendered("# T\n\n<script>x</script>\n\na <b style=\"x\">\n");
        assert!(!shown.html.contains("<script") && !shown.html.contains("<b"));
    }

    #[test]
    fn links_between_chapters_lead_to_headings_that_exist() {
        let anchors: BTreeMap<&str, BTreeSet<String>> = TOPICS
            .iter()
            .map(|topic| {
                let headings = render(topic).headings;
                let ids: BTreeSet<String> = headings.iter().map(|it| it.id.clone()).collect();
                assert_eq!(
                    ids.len(),
                    headings.len(),
                    "equal headings in {}",
                    topic.name
                );
                (topic.name, ids)
            })
            .collect();
        let mut followed = 0;
        for topic in TOPICS {
            let html = render(topic).html;
            for link in html.split("href=\"").skip(1) {
                let link = link.split('"').next().unwrap();
                if link.starts_with("https://") {
                    continue;
                }
                let path = link.strip_prefix("/help/").unwrap_or(link);
                let (name, anchor) = path.split_once('#').unwrap_or((path, ""));
                let known = anchors.get(name);
                assert!(
                    known.is_some_and(|known| anchor.is_empty() || known.contains(anchor)),
                    "{link} in {}",
                    topic.name
                );
                followed += 1;
            }
        }
        assert!(followed > 15, "{followed} links");
    }
}
