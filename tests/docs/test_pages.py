"""The pages lead somewhere, show commands and setups that exist, and leave nothing out."""

from __future__ import annotations

import csv
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from connector import errors
from connector.errors import CustomerSyncError
from connector.rules import FILES
from connector.setup import UnresolvedSecrets, parse_setup
from docs import generate
from flows import events
from tests.docs.pages import ROOT, anchors, blocks, links, pages, prose, shown_commands
from tests.docs.parsing import COMMAND_LINE, UsageError, parsed

PAGES = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in pages()]
COMMANDS = [pytest.param(words, command, id=words) for words, command in generate.commands()]


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    broken = []
    for link in links(page):
        path, _, heading = link.partition("#")
        if re.match(r"[a-z]+:", path):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (heading and heading not in anchors(target)):
            broken.append(link)
    assert not broken


@pytest.mark.parametrize("page", PAGES)
def test_every_command_that_is_shown_exists_with_its_options(page: Path) -> None:
    wrong = []
    for text, arguments in shown_commands(page):
        try:
            parsed(COMMAND_LINE, arguments)
        except (AssertionError, UsageError) as error:
            wrong.append(f"{text}: {error}")
    assert not wrong


@pytest.mark.parametrize("page", PAGES)
def test_every_setup_that_is_shown_is_accepted(page: Path) -> None:
    for block in blocks(page):
        if block.info == "toml" and "webstore_code" in block.text:
            parse_setup(tomllib.loads(block.text), origin=f"{page.name}:{block.line}", environ=UnresolvedSecrets())


def test_the_readme_shows_a_setup() -> None:
    assert any(block.info == "toml" and "webstore_code" in block.text for block in blocks(ROOT / "README.md"))


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_page_that_is_made_of_the_code_is_current(name: str) -> None:
    made = generate.PAGES[name]()
    assert (generate.FOLDER / name).read_text(encoding="utf-8") == made, "run python -m docs.generate"


def test_every_setting_says_what_it_means() -> None:
    assert [f"{section} {name}" for section, name, *_, meaning in generate.setup_fields() if len(meaning) < 10] == []


@pytest.mark.parametrize(("words", "command"), COMMANDS)
def test_every_command_says_what_it_does_and_shows_an_example(words: str, command: Any) -> None:
    assert f"customer-sync {words}" in command.help
    assert re.search(r"^\s*Examples?: ", command.help, re.MULTILINE)
    silent = [param.name for param in command.params if not getattr(param, "help", None)]
    assert silent == []


def test_every_column_of_every_rule_file_is_explained() -> None:
    explained = (ROOT / "mappings" / "README.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^## ([^\n:]+)[^\n]*\n(.*?)(?=^## |\Z)", explained, re.MULTILINE | re.DOTALL))
    silent = []
    for name, columns in FILES.items():
        section = next((text for title, text in sections.items() if name in title), "")
        needed = [column for column in (*columns.needed, *columns.optional) if column != "note"]
        silent += [f"{name}: {column}" for column in needed if f"`{column}`" not in section]
    assert silent == []
    assert "`note`" in explained


def test_every_rule_file_that_ships_has_only_columns_that_are_known() -> None:
    for name, columns in FILES.items():
        with (ROOT / "mappings" / name).open(encoding="utf-8", newline="") as file:
            assert set(next(csv.reader(file))) <= {*columns.needed, *columns.optional}, name


def test_operations_say_what_every_error_means() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in errors.__all__ if f"`{name}`" not in page] == []
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d) \|", page, re.MULTILINE))
    told = {name: int(code) for name, code in rows.items()}
    assert told == {name: getattr(errors, name).exit_code for name in errors.__all__}


def test_every_event_is_explained() -> None:
    names = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)}
    page = (ROOT / "docs" / "prefect.md").read_text(encoding="utf-8")
    assert [name for name in sorted(names) if f"`{name}`" not in page] == []


def test_every_decision_tells_situation_choice_and_price() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(record.name[:4]) for record in records]
    assert numbers == list(range(1, len(records) + 1))
    for number, record in zip(numbers, records, strict=True):
        text = record.read_text(encoding="utf-8")
        assert text.startswith(f"# {number}. "), record.name
        for part in ("**Situation.**", "**Choice.**", "**Given up.**"):
            assert part in text, f"{record.name}: {part}"


def test_the_architecture_names_every_room_and_only_files_that_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`([\w/]+\.(?:py|csv))`", text))
    assert named
    assert [
        name for name in sorted(named) if not any((ROOT / part / name).exists() for part in ("", "connector"))
    ] == []
    rooms = {path.parent.name for path in (ROOT / "connector").glob("*/__init__.py")}
    assert [room for room in sorted(rooms) if not re.search(rf"\b{room}\b", text)] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_shown_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = [line for block in blocks(page) if block.info.startswith("sh") for line in block.text.splitlines()]
    named = [name for line in shown for name in re.findall(r"^make ([a-z-]+)", line)]
    assert set(named) <= targets


def test_the_readme_names_every_command() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sorted({words.split()[0] for words, _ in generate.commands() if f"`{words.split()[0]}" not in readme}) == []
    assert "docs/guide.md" in links(ROOT / "README.md")
    assert prose(ROOT / "README.md").startswith("# customer-sync")


def kinds_of(kind: type[CustomerSyncError]) -> Iterator[type[CustomerSyncError]]:
    yield kind
    for more in kind.__subclasses__():
        yield from kinds_of(more)


@pytest.mark.parametrize("system", ["webstore", "business_central"])
def test_every_error_names_a_page_and_a_heading_that_are_there(system: str) -> None:
    for kind in kinds_of(CustomerSyncError):
        error = kind.__new__(kind)
        error.system = system
        page, _, heading = error.read_on.partition("#")
        assert not page or not heading or heading in anchors(ROOT / page), kind.__name__
        assert not page or (ROOT / page).is_file(), kind.__name__
