"""Markdown pages as tests see them: code blocks, links, and the commands that they show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "anchors", "blocks", "links", "pages", "prose", "shown_commands"]

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(r"^ *```(.*)$")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    """A fenced block: the page, the line where it begins, what stands behind the fence, and its text."""

    page: Path
    line: int
    info: str
    text: str


def pages() -> list[Path]:
    """All Markdown files of the project."""
    folders = [ROOT, ROOT / "mappings", ROOT / "docs", ROOT / "docs" / "decisions"]
    return sorted(page for folder in folders for page in folder.glob("*.md"))


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, in order."""
    start, info = 0, ""
    text: list[str] = []
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and not start:
            start, info, text = number, fence[1].strip(), []
        elif fence:
            yield Block(page, start, info, "\n".join(text))
            start = 0
        elif start:
            text.append(line)


def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    kept, inside = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def links(page: Path) -> list[str]:
    """Where a page leads to."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    titles = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def shown_commands(page: Path) -> Iterator[tuple[str, list[str]]]:
    """Every `customer-sync …` that a page shows to be typed, as (text, arguments)."""
    lines = [line for block in blocks(page) if block.info.split()[:1] == ["sh"] for line in _joined(block.text)]
    found = [part for line in lines for part in re.findall(r"(?:^|[\s;(/])(customer-sync [^;|#)>]*)", line)]
    found += re.findall(r"`(customer-sync [^`]*)`", prose(page))
    for command in found:
        arguments = shlex.split(command.replace("…", ""))[1:]
        if arguments:
            yield command, arguments


def _joined(text: str) -> list[str]:
    """Lines of a shell script, continued ones joined, and simple substitutions such as $(date) replaced by what they give."""
    return re.sub(r"\$\([^()]*\)", "X", text.replace("\\\n", " ")).splitlines()
