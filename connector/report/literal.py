"""Tables and texts that pages which render Markdown, such as those of Prefect, show as they are.

Both UIs of Prefect make links, images and markup of what a customer has typed. Backslashes help in one of them only: the other
shows them in tables, and makes links of addresses nevertheless. A block of HTML is text for both: it begins with a tag at the
beginning of a line and ends with a blank line (CommonMark 0.31, 4.6), so that none may stand in it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Any

from connector.core.characters import shown

__all__ = ["lines_as_they_are", "table_as_it_is", "text_as_it_is"]


def table_as_it_is(columns: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Collection[int] = ()) -> str:
    """A table whose cells are shown as they are.

    Args:
        numbers: positions of the columns that are aligned to the right.
    """
    aligned = [' align="right"' if place in numbers else ' align="left"' for place in range(len(columns))]
    head = "".join(f"<th{how}>{_text(name)}</th>" for how, name in zip(aligned, columns, strict=True))
    body = "".join(
        "\n<tr>" + "".join(f"<td{how}>{_text(cell)}</td>" for how, cell in zip(aligned, row, strict=True)) + "</tr>"
        for row in rows
    )
    return f'<table cellpadding="4">\n<thead><tr>{head}</tr></thead>\n<tbody>{body}\n</tbody>\n</table>'


def lines_as_they_are(lines: Iterable[str]) -> str:
    """Texts below each other, shown as they are."""
    return f"<div>{'<br>'.join(_text(line) for line in lines)}</div>"


def text_as_it_is(text: str) -> str:
    """A text of many lines, to be copied character by character: a block of code whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _text(value: Any) -> str:
    """On one line: a blank one would end the block."""
    return "" if value is None else escape(" ".join(shown(str(value)).split()))
