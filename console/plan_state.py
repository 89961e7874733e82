"""A plan and what has become of it: it waits in a run, it was made by a dry run, it was written, it was rejected."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from connector.errors import InputError
from connector.run.request import RunRequest
from connector.setup import Setup
from connector.store import View
from console.guard import RequestRefused
from console.plan_rows import PlannedWork
from console.plan_shelf import work_of

__all__ = ["KnownPlan", "Standing", "known_plan"]


class Standing(StrEnum):
    """What has become of a plan."""

    WAITS = "waits for an approval"
    MADE = "made, not written"
    WRITTEN = "written"
    REJECTED = "rejected"


@dataclass(frozen=True)
class KnownPlan:
    """A plan that is kept.

    Attributes:
        run: the run that made it, or waits with it, or has written it; None = it is not remembered any more.
    """

    hash: str
    created_at: datetime
    work: PlannedWork
    standing: Standing
    run: Mapping[str, Any] | None

    @property
    def is_open(self) -> bool:
        """Whether it can be approved."""
        return self.standing in {Standing.WAITS, Standing.MADE} and self.work.acting > 0

    @property
    def undone_run(self) -> str:
        """The run that it takes back; "" = it synchronises."""
        return str(self.run["summary"].get("undone_run", "")) if self.run is not None else ""

    def request(self, setup: Setup, leave_out: tuple[str, ...] = (), *, by_hash: bool) -> RunRequest:
        """The run that writes it.

        Args:
            by_hash: a new run, which is given the hash; otherwise the run that waits with it goes on.

        Raises:
            InputError: it is of an undo, and nobody knows any more of which run.
        """
        given: dict[str, Any] = {"approved_plan": self.hash, "leave_out": leave_out} if by_hash else {}
        if self.work.undoes or (self.run is not None and self.run["mode"] == "undo"):
            if not self.undone_run:
                raise InputError("Which run this plan takes back is not remembered any more.", hint="Undo it anew.")
            its_flags = self.run is not None and bool(self.run["summary"].get("its_flags"))
            given |= {"delete_accounts": self.work.deletes, "its_flags": its_flags}
            return RunRequest(setup, undone_run=self.undone_run, **given)
        if self.run is not None and self.run["mode"] == "selected":
            names = tuple(one.key for one in self.work.customers if one.acts)
            return RunRequest(setup, customers=names, **given)
        return RunRequest(setup, **given)


def known_plan(view: View, plan_hash: str) -> KnownPlan:
    """A plan by its hash, or by the beginning of it.

    Raises:
        RequestRefused: it is not kept.
        InputError: it is no hash, or several plans begin so.
    """
    stored = view.plans.kept(plan_hash)
    work = None if stored is None else work_of(view, stored)
    if stored is None or work is None:
        raise RequestRefused(404, "This plan is not kept any more. Make a new one.")
    runs = view.runs.of_plan(stored.hash)
    waiting = next((run for run in runs if run["status"] == "waiting" and run["plan_hash"] == stored.hash), None)
    # the same plan may be made again after it was written and taken back: only what came later speaks of this one
    later = [
        run
        for run in runs
        if not run["dry_run"] and (run["finished_at"] is None or run["finished_at"] >= stored.created_at)
    ]
    written = next((run for run in later if run["status"] in {"completed", "stopped", "running"}), None)
    rejected = next((run for run in later if run["status"] == "rejected"), None)
    made = next((run for run in runs if run["run_id"] == stored.run_id), None)
    found = ((Standing.WAITS, waiting), (Standing.WRITTEN, written), (Standing.REJECTED, rejected))
    standing, run = next(((standing, run) for standing, run in found if run is not None), (Standing.MADE, made))
    return KnownPlan(stored.hash, stored.created_at, work, standing, run)
