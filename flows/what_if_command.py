"""`customer-sync plan --rules FOLDER --set NAME=VALUE`: the plan under other rules beside today's, on what the last run kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.core.customer import Side
from connector.errors import InputError
from connector.run.setup_source import SetupSource, setup_of
from flows import terminal
from flows.overrides import Overrides
from flows.setup_paths import possible_path

if TYPE_CHECKING:
    from connector.core.what_if import State
    from connector.planning.what_if import Planned, WhatIf
    from connector.setup import Setup

__all__ = ["other_setup", "show_what_if", "tables_of", "told_of"]

_GROUPS = 60
_SIDES = {Side.WEBSTORE: "webstore", Side.BUSINESS_CENTRAL: "Business Central"}


def other_setup(
    setup: SetupSource, rules: str | None, settings: Sequence[str], overrides: Overrides
) -> tuple[Setup, Setup]:
    """The setup, and the other one that is to be tried; neither needs its secrets.

    Args:
        rules: folder of other rule files; None = the setup's.
        settings: `NAME=VALUE` each.

    Raises:
        InputError, SetupError: with everything that is wrong.
    """
    from connector.setup.other_settings import with_settings

    found = setup_of(setup, with_secrets=False)
    other = with_settings(found, [*overrides.settings, *settings])
    if rules is None:
        return found, other
    if not rules.strip():
        raise InputError("Which rules? The name of their folder is empty.", hint="--rules FOLDER. Nothing was planned.")
    folder = possible_path(Path(rules), "folder")
    flags = other.synchronization.model_copy(update={"mappings": folder.absolute()})
    return found, other.model_copy(update={"synchronization": flags})


def show_what_if(found: WhatIf, setup: Setup, *, rows: int, as_json: bool) -> None:
    """Where the two plans differ: in numbers, by field and reason, and customer by customer."""
    if as_json:
        terminal.print_json(_document(found, setup))
        return
    title = f"{setup.webstore_code}: a plan under other rules, nothing asked, nothing written"
    for table in tables_of(found):
        most = rows if table.name == "rows" else _GROUPS
        terminal.print_table(table.columns, table.rows[:most], title=title if table.name == "customers" else "")
        _and_more(len(table.rows) - most, table.name)
    for text in told_of(found):
        terminal.say(text)


class Table(NamedTuple):
    """One table of a what-if; `name` says what its rows are."""

    name: str
    columns: list[str]
    rows: list[list[Any]]


def tables_of(found: WhatIf, *, masked: bool = False) -> list[Table]:
    """Where the two plans differ: customers by kind, groups by field and reason, and rows customer by customer.

    Args:
        masked: without what customers are called and where they live: neither values nor reasons that quote them.
    """
    kinds = sorted({*found.now.counts, *found.then.counts})
    counts = [[kind, found.now.counts.get(kind, 0), found.then.counts.get(kind, 0)] for kind in kinds]
    tables = [Table("customers", ["customers", "today", "then"], counts)]
    if found.groups:
        groups = [[g.kind, g.field, "" if masked else g.reason, g.more or "", g.fewer or ""] for g in found.groups]
        lines = [
            [one.who.bc_number, one.who.webstore_id, one.field, *(_words(s, masked) for s in (one.now, one.then))]
            for one in found.differences
        ]
        tables.append(Table("groups", ["what", "field", "reason", "customers more", "fewer"], groups))
        tables.append(Table("rows", ["bc_number", "webstore_id", "field", "today", "then"], lines))
    return tables


def told_of(found: WhatIf) -> list[str]:
    """What must be said besides the tables, and what they were made of."""
    words = [] if found.groups else ["Nothing would be different."]
    for name, planned in (("today", found.now), ("then", found.then)):
        words += [f"{name}: {text}" for text in _told(planned)]
    if found.left_out:
        words.append(
            f"{_many(found.left_out, 'customer')} not compared: written since, and kept as before. A new plan reads them anew."
        )
    kept = found.kept
    webstore, company = (_many(kept.rows[side], f"{name} customer") for side, name in _SIDES.items())
    words.append(
        f"Made of what run {kept.run_id[:8]} has read {_ago(kept.read_at)} ({kept.read_at:%Y-%m-%d %H:%M} UTC): {webstore} and "
        f"{company}."
    )
    return words


def _and_more(number: int, what: str) -> None:
    if number > 0:
        terminal.say(f"… and {number:,} more {what} ({'--rows, or ' if what == 'rows' else ''}--json for all)")


def _told(planned: Planned) -> list[str]:
    stopped = [f"a run would stop before its first write: {text}" for text in planned.stopped]
    approval = [f"a person would have to approve it: {planned.approval}"] if planned.approval else []
    return [*stopped, *approval, *(f"not judged: {text}" for text in planned.not_judged), *planned.warnings]


def _words(states: Sequence[State], masked: bool = False) -> str:
    """What a plan says of a field in one cell."""
    if not states or masked:
        return "\n".join(state.kind for state in states) or "—"
    return "\n".join(
        f"{s.kind}{f': {s.before!r} → {s.after!r}' if s.before or s.after else ''}{f' ({s.reason})' if s.reason else ''}"
        for s in states
    )


def _many(number: int, one: str) -> str:
    return f"{number:,} {one}{'' if number == 1 else 's'}"


def _ago(moment: datetime) -> str:
    seconds = (datetime.now(UTC) - moment).total_seconds()
    for size, word in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{_many(int(seconds // size), word)} ago"
    return "just now"


def _document(found: WhatIf, setup: Setup) -> dict[str, Any]:
    """All of it for programs."""

    def plan(planned: Planned) -> dict[str, Any]:
        return {
            "hash": planned.plan.hash,
            "counts": dict(planned.counts),
            "stopped": planned.stopped,
            "approval": planned.approval,
            "not_judged": planned.not_judged,
            "warnings": planned.warnings,
        }

    return {
        "webstore_code": setup.webstore_code,
        "extracts": {
            "run_id": found.kept.run_id,
            "read_at": found.kept.read_at.isoformat(),
            "seconds_old": round((datetime.now(UTC) - found.kept.read_at).total_seconds(), 1),
            "customers": {str(side): rows for side, rows in found.kept.rows.items()},
            "left_out": found.left_out,
        },
        "now": plan(found.now),
        "then": plan(found.then),
        "groups": [
            {"kind": g.kind, "field": g.field, "reason": g.reason, "more": g.more, "fewer": g.fewer}
            for g in found.groups
        ],
        "differences": [
            {
                "bc_id": one.who.bc_id,
                "bc_number": one.who.bc_number,
                "webstore_id": one.who.webstore_id,
                "field": one.field,
                "now": [state._asdict() for state in one.now],
                "then": [state._asdict() for state in one.then],
            }
            for one in found.differences
        ],
    }
