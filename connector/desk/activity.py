"""The activity log, runs and holds, for people: what was done, what failed, who is left out, and letting them in again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from connector.core.customer_key import customer_key
from connector.core.customer_references import Kind, Named, read_name
from connector.desk.desk import Desk
from connector.errors import InputError
from connector.extract.kept import purge_extracts
from connector.report.run_tables import purge_files
from connector.run.names_given import find_run, names_given
from connector.store import View, records

__all__ = ["activity_log", "list_holds", "list_runs", "purge", "release_holds", "show_run"]

_LOG_COLUMNS = (
    "intended_at", "run_id", "direction", "operation", "bc_number", "webstore_id", "outcome", "code", "message", "rule",
)  # fmt: skip


def list_runs(view: View, limit: int) -> list[dict[str, Any]]:
    """The newest runs first."""
    return records(view.runs.list(limit))


def show_run(view: View, run_id: str) -> dict[str, Any]:
    """One run: its row, its summary, and every write with its outcome.

    Args:
        run_id: the id or its beginning.

    Raises:
        InputError: no run, or several, begin like this.
    """
    found = find_run(view, run_id)
    run = view.runs.show(found) or {}
    return {**run, "writes": _writes(view.journal.of_run(found))}


def activity_log(view: View, *, limit: int, failed_only: bool = False) -> list[dict[str, Any]]:
    """The newest writes first, with their outcome.

    Args:
        failed_only: only refused, held and unsettled ones.
    """
    return _writes(view.journal.newest(limit, failed_only=failed_only))


def _writes(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return records(frame[[name for name in _LOG_COLUMNS if name in frame.columns]])


def list_holds(view: View, *, everyone: bool = False) -> list[dict[str, Any]]:
    """Customers on hold, with the reason; with `everyone` also those that failed but are not on hold yet."""
    frame, numbers = view.holds.read(), _numbers(view)
    if not everyone:
        frame = frame[frame["on_hold"].astype(bool)]
    return [{"bc_number": numbers.get(row["key"], ""), **row} for row in records(frame)]


def release_holds(desk: Desk, customers: Sequence[str], *, everyone: bool = False) -> int:
    """Let customers take part again, on hold or refused before: by number, Business Central id, or woo:ID; returns how many
    rows were released.

    Raises:
        InputError: naming those that are not on hold and were not refused.
    """
    with desk.work("released") as work:
        if everyone:
            return work.holds.release()
        customers = names_given(customers, "Nothing was released:")
        by_number = {read_name(number): key for key, number in _numbers(work).items()}
        held = set(work.holds.read().query("on_hold or last_error != ''")["key"])
        keys = {name: name if name in held else _hold_of(read_name(name), by_number) for name in customers}
        unknown = [f"{name}: not on hold, nor refused before" for name, key in keys.items() if key not in held]
        if unknown or not keys:
            raise InputError("Nothing was released:", problems=unknown, hint="See customer-sync holds list.")
        return sum(work.holds.release(key=key) for key in keys.values())


def _hold_of(named: Named, by_number: Mapping[Named, str]) -> str:
    if named.kind is Kind.ACCOUNT:
        return customer_key(None, int(named.value))
    return customer_key(named.value, None) if named.kind is Kind.ID else by_number.get(named, "")


def _numbers(view: View) -> dict[str, str]:
    """Customer key → Business Central number of every mapped customer."""
    mapping = view.mapping.current()
    return {
        customer_key(str(bc_id), None): str(number)
        for bc_id, number in zip(mapping["bc_id"], mapping["bc_number"], strict=True)
    }


def purge(desk: Desk, days: int | None) -> dict[str, int]:
    """Remove runs, writes, plans, their files and kept extracts that are older than the retention (or `days`); open intents
    stay."""
    limit = days if days is not None else desk.setup.synchronization.retention_days
    with desk.work("purged") as work:
        purged = work.activity.purge(limit)
    return {**purged, "files": purge_files(desk.setup, limit) + purge_extracts(desk.setup, limit)}
