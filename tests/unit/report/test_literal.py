"""What customers type is text in whatever renders Markdown: one block of HTML, and nothing of it outside."""

from __future__ import annotations

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from connector.core.characters import shown
from connector.report.literal import lines_as_they_are, table_as_it_is, text_as_it_is, title_as_it_is

HOSTILE = (
    "2*3*4", "_a_ `b` ~~c~~", "http://evil.example/a", "www.evil.example", "a@evil.example", "![x](http://evil.example/p.png)",
    "[l](http://evil.example)", "<img src=x onerror=alert(1)>", "</table><script>x</script>", "a\n\n# b\n\n[c]: d", "| a | b",
    "&lt;", "\\*", "$x$", "<!--", "]]>", "</div>",
)  # fmt: skip


class _Texts(HTMLParser):
    """The texts of a block by element (those of the head of a table left out), and the tags in it. A text may be broken."""

    def __init__(self, block: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self._inside = False
        self.feed(block)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag in {"td", "div"}:
            self.texts.append("")
            self._inside = True

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag not in {"td", "div"}

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[-1] += data


def as_shown(text: str) -> str:
    return " ".join(shown(text).split())


@given(st.lists(st.text() | st.sampled_from(HOSTILE) | st.text("x@漢 <&", max_size=300), min_size=1, max_size=4))
def test_texts_are_one_block_of_html_and_are_what_was_typed(texts: list[str]) -> None:
    wanted = [as_shown(text) for text in texts]
    for block, told in (
        (lines_as_they_are(texts), ["".join(wanted)]),
        (table_as_it_is(["a"] * len(texts), [texts]), wanted),
        (title_as_it_is(texts[0], ": 3 rows"), [f"{wanted[0]}: 3 rows"]),
    ):
        (token,) = MarkdownIt("commonmark").parse(f"{block}\n")
        assert token.type == "html_block"
        read = _Texts(token.content)
        assert read.texts == told
        assert read.tags <= {"div", "b", "br", "table", "thead", "tbody", "tr", "th", "td"}


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\r\x00"))
        | st.sampled_from([*HOSTILE, "```", "````\n#"])
    )
)
def test_a_text_to_be_copied_is_one_block_of_code(lines: list[str]) -> None:
    (token,) = MarkdownIt("commonmark").parse(text_as_it_is("\n".join(lines)))
    assert token.type == "fence"
    assert token.content.rstrip() == "\n".join(lines).rstrip()
