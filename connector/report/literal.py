"""Tables and texts that pages which render Markdown, such as those of Prefect, show as they are.

Both UIs of Prefect make links, images and markup of what a customer has typed. Backslashes help in one of them only: the other
shows them in tables, and makes links of addresses nevertheless. A block of HTML is text for both: it begins with a tag at the
beginning of a line and ends with a blank line (CommonMark 0.31, 4.6), so that none may stand in it. What is wider than the panel
is broken (wrapping.py).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from html import escape
from typing import Any

from connector.core.characters import shown
from connector.report.wrapping import LINES, PANEL, broken, column_limits

__all__ = ["lines_as_they_are", "table_as_it_is", "text_as_it_is", "title_as_it_is"]


def table_as_it_is(
    columns: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Collection[int] = (), *, width: float = PANEL
) -> str:
    """A table whose cells are shown as they are.

    Args:
        numbers: positions of the columns that are aligned to the right.
        width: of the panel, in em.
    """
    texts = [[_on_one_line(name) for name in columns], *([_on_one_line(cell) for cell in row] for row in rows)]
    limits = column_limits(zip(*texts, strict=True), width)
    aligned = [' align="right"' if place in numbers else ' align="left"' for place in range(len(columns))]
    head, *body = (
        [f"{how}>{_text(cell, limit)}" for how, cell, limit in zip(aligned, row, limits, strict=True)] for row in texts
    )
    lines = [f"<thead><tr>{''.join(f'<th{cell}</th>' for cell in head)}</tr></thead>", "<tbody>"]
    lines += [f"<tr>{''.join(f'<td{cell}</td>' for cell in row)}</tr>" for row in body]
    return "\n".join(['<table cellpadding="4">', *lines, "</tbody>", "</table>"])


def title_as_it_is(title: str, more: str = "") -> str:
    """A title in bold letters, with what stands behind it."""
    return f"<div><b>{_text(_on_one_line(title), LINES)}</b>{_text(more, LINES)}</div>"


def lines_as_they_are(lines: Iterable[str], *, width: float = LINES) -> str:
    """Texts below each other, shown as they are. `width`: of the panel, in em."""
    return f"<div>{'<br>'.join(_text(_on_one_line(line), width) for line in lines)}</div>"


def text_as_it_is(text: str) -> str:
    """A text of many lines, to be copied character by character: a block of code whose fence is longer than any in the text."""
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{text.rstrip()}\n{fence}"


def _on_one_line(value: Any) -> str:
    """A blank line would end the block."""
    return "" if value is None else " ".join(shown(str(value)).split())


def _text(line: str, limit: float) -> str:
    return "<br>".join(map(escape, broken(line, limit)))
