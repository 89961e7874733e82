"""Words of the UI: names of runs, messages and advice, with nobody, one and two, and whoever has written what they repeat."""

from __future__ import annotations

import ast
import logging
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer

import connector
from connector.core.sentences import sentences
from connector.run.result import Failure
from connector.run.summary import ApprovalSummary, DirectionSummary, RunSummary
from flows.cli import app
from flows.deployments import FLOWS
from flows.edit_customer_mapping import MappingAction
from flows.flow_run import name_given
from flows.outcomes import in_words
from tasks.plain_logs import keep_logs_plain, without_links
from tasks.pressing import COMMANDS, pressed

SOURCE = Path(connector.__file__).parent
# a number and a noun that do not belong together; words that are no nouns in the plural
_WRONG = re.compile(r"\b(?:1 (?!ambiguous)[a-z]+s\b|(?:0|[2-9]) (?:customer|pair|conflict|orphan|finding|check)\b)")


def names_of(flow: Any, monkeypatch: pytest.MonkeyPatch, **parameters: Any) -> str:
    monkeypatch.setattr("flows.naming.flow_run", SimpleNamespace(parameters={"setup": "shop", **parameters}))
    return str(flow.flow_run_name())


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_names_of_runs_count_in_words(flow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for customers in ("", "C1", "C1, C2"):
        for action in MappingAction if "action" in flow.parameters.properties else ("",):
            name = names_of(flow, monkeypatch, customers=customers, action=action, version=3, run_id="0a1b2c3d4e")
            assert not _WRONG.search(name), name
            assert "{" not in name
            assert "0 " not in name, "a run of everything is named after the thing"
            assert ("shop" in name) == ("setup" in flow.parameters.properties)


def test_a_name_says_what_is_done_and_takes_nothing_for_a_placeholder(monkeypatch: pytest.MonkeyPatch) -> None:
    (edit,) = (flow for flow in FLOWS if flow.name == "edit-customer-mapping")
    (release,) = (flow for flow in FLOWS if flow.name == "release-holds")
    assert names_of(edit, monkeypatch) == "show the mapping of shop"
    assert names_of(edit, monkeypatch, action="link", customers="C1=2, C3=4") == "link 2 pairs in the mapping of shop"
    assert names_of(edit, monkeypatch, action="tick", customers=["C1"]) == "tick 1 customer in the mapping of shop"
    assert (
        names_of(edit, monkeypatch, action=MappingAction.SAME, customers="C1 C2")
        == "2 customers of shop are still the same"
    )
    odd = names_of(edit, monkeypatch, action="restore a version", version="{setup.__class__}")
    assert odd == "restore version {setup.__class__} of the mapping of shop"
    assert names_of(release, monkeypatch, everyone=True) == "release everybody of shop from hold"


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_message_of_a_run_counts_in_words_and_names_who_approved(number: int) -> None:
    direction = DirectionSummary(created=number, updated=number, held=number)
    counts = dict.fromkeys(("linked", "conflicts", "ambiguous", "orphans", "quarantined"), number)
    failed = tuple(Failure("C1", "webstore", "", "no") for _ in range(number))
    told = in_words(
        RunSummary(push=direction, errors=failed, approval=ApprovalSummary("0a", approved_by="Ada"), **counts)
    )
    assert not _WRONG.search(told), told
    assert told.endswith(". Approved by Ada.")
    assert ("conflict" in told) == bool(number)


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        (("webstore: wrong.", "Make another key"), "webstore: wrong. Make another key."),
        (("Is it there?", "", " Look "), "Is it there? Look."),
        (("See (docs.)", "“Quoted.”", "and 3 more…"), "See (docs.) “Quoted.” and 3 more…"),
        (("", " "), ""),
    ],
)
def test_parts_of_a_message_end_once(parts: tuple[str, ...], told: str) -> None:
    assert sentences(*parts) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("See customer-sync holds list.", "See look-up (customers on hold)."),
        ("`customer-sync mapping list` shows who is.", "look-up (customers) shows who is."),
        ("Write it: customer-sync sync --plan 0a1b2c3d4e5f", "Write it: synchronize-customers with approved_plan 0a1b2c3d4e5f"),
        (
            "If so: customer-sync plan, then sync --plan HASH. Nothing was written.",
            "If so: synchronize-customers with dry_run, then synchronize-customers with approved_plan HASH. Nothing was written.",
        ),
        ("customer-sync mapping tick C00010 makes one", "edit-customer-mapping (tick) for C00010 makes one"),
        ("customer-sync restored webstore shows them", "review-conflicts (restored) for webstore shows them"),
        ("Give --take webstore, or --leave-out.", "Give take webstore, or leave_out."),
        ("Run `customer-sync store check`.", "Run `customer-sync store check` (at a terminal)."),
        ("a newer version of customer-sync made it; createdb --encoding=UTF8", None),
        ("customer-sync planned nothing; customer-sync-check is a name", None),
    ],
)  # fmt: skip
def test_advice_says_what_to_press(text: str, told: str | None) -> None:
    assert pressed(text) == (text if told is None else told)


def test_no_message_of_the_connector_advises_a_command_that_the_ui_does_not_know() -> None:
    groups = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    known = "|".join(sorted(groups, key=len, reverse=True))
    command = re.compile(rf"customer-sync (?!runs\.)(?:{known})(?![\w-])(?! [a-z]* ?[a-z-]*`? \(at a terminal\))")
    left = []
    for file in [*SOURCE.rglob("*.py"), *(SOURCE.parent / "tasks").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "C00010" for part in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = node.value
            else:
                continue
            shown = pressed(text)
            left += [f"{file.name}: {shown}" for _ in command.finditer(shown) if "(at a terminal)" not in shown]
    assert not left
    assert all(name.split()[0] in groups for name in COMMANDS)


def test_logs_hold_addresses_as_text_and_advice_of_the_ui() -> None:
    keep_logs_plain()
    record = logging.LogRecord(
        "prefect.flow_runs", logging.ERROR, "", 0, "%s said %s", ("http://e.example/a", "x://y"), None
    )
    try:
        raise ValueError("no https://e.example/b")
    except ValueError as error:
        record.exc_info = (ValueError, error, error.__traceback__)
    assert logging.getLogger("prefect.flow_runs").filter(record)
    shown = logging.Formatter().format(record)
    assert "://" not in shown
    assert shown.replace("\u2060", "").startswith("http://e.example/a said x://y\n")
    assert "no https://e.example/b" in shown.replace("\u2060", "")
    assert without_links("https:// a/b") == "https:/\u2060/ a/b"


@pytest.mark.parametrize(
    ("typed", "name"),
    [(" Ada\n Lovelace ", "Ada Lovelace"), ("", ""), (None, ""), ("a" * 99, "a" * 60), ("A\u202eda", "A<U+202E>da")],
)
def test_a_name_is_one_line(typed: str | None, name: str) -> None:
    assert name_given(typed) == name
