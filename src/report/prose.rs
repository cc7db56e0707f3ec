//! Texts that people write in Markdown. What becomes HTML goes through a
//! sanitiser: whoever may write a text may not run a script at its readers.

use std::sync::LazyLock;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd, html};

/// A text in Markdown. Its HTML cannot be had but sanitised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prose {
    markdown: String,
}

/// Nothing but the form of text: no picture, frame, style or foreign address
/// can get into a report that opens without a network.
static SANITISER: LazyLock<ammonia::Builder<'static>> = LazyLock::new(|| {
    let mut builder = ammonia::Builder::empty();
    let tags = [
        "p",
        "br",
        "strong",
        "em",
        "del",
        "ul",
        "ol",
        "li",
        "h1",
        "h2",
        "h3",
        "h4",
        "blockquote",
        "code",
        "pre",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "hr",
        "a",
    ];
    builder.add_tags(tags).add_tag_attributes("ol", ["start"]).add_tag_attributes("a", ["href"]);
    builder.url_schemes(["http", "https", "mailto"].into());
    builder.url_relative(ammonia::UrlRelative::Deny).link_rel(Some("noopener noreferrer"));
    // What a script or a style says is no text.
    builder.add_clean_content_tags(["script", "style"]);
    builder
});

impl Prose {
    /// A text in Markdown.
    pub fn new(markdown: &str) -> Self {
        Self { markdown: markdown.trim().replace("\r\n", "\n") }
    }

    /// As it was written.
    pub fn markdown(&self) -> &str {
        &self.markdown
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.markdown.is_empty()
    }

    fn events(&self) -> Parser<'_> {
        Parser::new_ext(&self.markdown, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH)
    }

    /// As sanitised HTML.
    pub fn html(&self) -> String {
        let mut text = String::new();
        html::push_html(&mut text, self.events());
        SANITISER.clean(&text).to_string()
    }

    /// As plain text: a line for a line, a sign for an item of a list.
    pub fn plain(&self) -> String {
        let mut text = String::new();
        let mut lists: Vec<Option<u64>> = Vec::new();
        for event in self.events() {
            match event {
                Event::Text(words) | Event::Code(words) => text.push_str(&words),
                Event::SoftBreak => text.push(' '),
                Event::HardBreak => text.push('\n'),
                Event::Start(Tag::List(first)) => {
                    end_line(&mut text);
                    lists.push(first);
                }
                Event::End(TagEnd::List(_)) => {
                    lists.pop();
                }
                Event::Start(Tag::Item) => {
                    end_line(&mut text);
                    text.push_str(&"  ".repeat(lists.len().saturating_sub(1)));
                    match lists.last_mut() {
                        Some(Some(number)) => {
                            text.push_str(&number.to_string());
                            text.push_str(". ");
                            *number += 1;
                        }
                        _ => text.push_str("• "),
                    }
                }
                Event::End(TagEnd::TableCell) => text.push_str("  "),
                Event::End(
                    TagEnd::Paragraph
                    | TagEnd::Heading(_)
                    | TagEnd::Item
                    | TagEnd::TableRow
                    | TagEnd::TableHead,
                ) => end_line(&mut text),
                _ => {}
            }
        }
        text.trim_end().to_owned()
    }
}

fn end_line(text: &mut String) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn form_is_kept_in_both() {
        let prose = Prose::new("1. กลไก **เขต**\n2. บูรณาการ\n   - หนึ่ง\n   - สอง\n\nจบ\n");
        assert_eq!(prose.plain(), "1. กลไก เขต\n2. บูรณาการ\n  • หนึ่ง\n  • สอง\nจบ");
        let html = prose.html();
        assert!(html.contains("<strong>เขต</strong>") && html.contains("<li>หนึ่ง</li>"), "{html}");
    }

    #[test]
    fn nothing_in_a_text_can_act() {
        let hostile = [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "[x](javascript:alert(1))",
            "<a href=\"data:text/html,x\" onclick=\"x()\">y</a>",
            "<svg onload=alert(1)>",
            "<iframe src=//evil></iframe>",
            "![x](http://evil/pixel.png)",
            "<style>@import 'http://evil'</style>",
            "<p style=\"background:url(http://evil)\">z</p>",
            "<form action=http://evil><input name=a></form>",
        ];
        for text in hostile {
            let html = Prose::new(text).html().to_lowercase();
            for sign in [
                "<script",
                "onerror",
                "javascript:",
                "data:",
                "onclick",
                "<svg",
                "<iframe",
                "<img",
                "@import",
                "style=",
                "<form",
                "<input",
                "alert(1)",
            ] {
                assert!(!html.contains(sign), "{text} gives {html}");
            }
        }
    }
}
