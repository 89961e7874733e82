"""What customers type is text in whatever renders Markdown: one block of HTML, and nothing of it outside."""

from __future__ import annotations

from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from connector.core.characters import shown
from connector.report.literal import lines_as_they_are, table_as_it_is
from tasks.report import readable

HOSTILE = (
    "2*3*4", "_a_ `b` ~~c~~", "http://evil.example/a", "www.evil.example", "a@evil.example", "![x](http://evil.example/p.png)",
    "[l](http://evil.example)", "<img src=x onerror=alert(1)>", "</table><script>x</script>", "a\n\n# b\n\n[c]: d", "| a | b",
    "&lt;", "\\*", "$x$", "<!--", "]]>", "</div>",
)  # fmt: skip


class _Texts(HTMLParser):
    """The texts of a block, and the tags in it."""

    def __init__(self, block: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: set[str] = set()
        self.feed(block)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())


def as_shown(text: str) -> str:
    return " ".join(shown(text).split())


@given(st.lists(st.text() | st.sampled_from(HOSTILE), min_size=1, max_size=4))
def test_texts_are_one_block_of_html_and_are_what_was_typed(texts: list[str]) -> None:
    for block in (lines_as_they_are(texts), table_as_it_is(["a"] * len(texts), [texts])):
        (token,) = MarkdownIt("commonmark").parse(f"{block}\n")
        assert token.type == "html_block"
        read = _Texts(token.content)
        wanted = [as_shown(text) for text in texts if as_shown(text)]
        assert read.texts[len(read.texts) - len(wanted) :] == wanted
        assert read.tags <= {"div", "br", "table", "thead", "tbody", "tr", "th", "td"}


@pytest.mark.parametrize(
    ("frame", "columns", "rows"),
    [
        (
            {
                "direction": ["push", ""], "action": ["update", "link"], "bc_id": ["0a", "0b"], "bc_number": ["C1", ""],
                "webstore_id": [None, 7.0], "field": ["city", ""], "base": ["", ""], "before": ["Oslo", ""],
                "after": ["Bergen", ""], "reason": ["changed", "same e-mail"],
            },
            ["what", "customer", "Webstore ID", "field", "before → after", "reason"],
            [["push update", "C1", "", "city", "Oslo → Bergen", "changed"], ["link", "woo:7", "7", "", "", "same e-mail"]],
        ),
        (
            {"direction": ["push"], "action": ["withheld"], "bc_number": ["C1"], "before": ["Boston"], "after": ["Boston"]},
            ["what", "customer", "before → after"],
            [["push withheld", "C1", "Boston"]],
        ),
        (
            {"bc_number": ["", "C2"], "key": ["woo:5", "bc:0c"], "failed_attempts": [3, 1]},
            ["customer", "failures"],
            [["woo:5", "3"], ["C2", "1"]],
        ),
    ],
)  # fmt: skip
def test_tables_name_who_it_is_first_and_once(
    frame: dict[str, list[object]], columns: list[str], rows: list[list[str]]
) -> None:
    assert readable(pd.DataFrame(frame)) == (columns, rows)
