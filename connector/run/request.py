"""What a run is asked for, and what it gives back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from connector.core.plan import Plan
from connector.run.names_given import checked_wish
from connector.run.summary import RunSummary
from connector.setup import Setup

__all__ = ["Answer", "RunReport", "RunRequest", "Skipped"]


@dataclass(frozen=True)
class RunRequest:
    """What a run is asked for.

    Attributes:
        customers: names of the customers it is about; None = all.
        undone_run: the run that is to be taken back, or the beginning of its id; None = this run synchronises.
        changed_only: of all customers only those who may have changed: `customers`, who were there just now, maybe nobody.
        delete_accounts: of an undo: delete the webstore accounts that the undone run created.
        its_flags: of an undo: write wherever the undone run wrote, also where a flag is None now.
        approved_plan: hash of the plan that may be written; None = what this run plans.
        leave_out: customers of that plan not to be written.
        approved_by: who filled in the form of an approval; "" = no name was given.
        answered: the plan was approved in the middle of this run, not by its hash.
    """

    setup: Setup
    customers: tuple[str, ...] | None = None
    undone_run: str | None = None
    changed_only: bool = False
    delete_accounts: bool = False
    its_flags: bool = False
    dry_run: bool = False
    approved_plan: str | None = None
    leave_out: tuple[str, ...] = ()
    approved_by: str = ""
    answered: bool = False

    def __post_init__(self) -> None:
        """Refuse what can never be carried out.

        Raises:
            InputError: the hash is empty or none, a name is blank, or somebody is to be left out and there is no plan.
        """
        checked_wish(self.approved_plan, self.leave_out)

    @property
    def mode(self) -> str:
        """What the run's row says that it is: all, changed, selected or undo."""
        if self.undone_run is not None:
            return "undo"
        if self.changed_only:
            return "changed"
        return "all" if self.customers is None else "selected"

    @property
    def of_all(self) -> bool:
        """It synchronises all customers."""
        return self.mode == "all"

    @property
    def command(self) -> str:
        """The command that takes the hash of a plan like this one's."""
        if self.undone_run is None:
            return "sync"
        options = {"--delete-accounts": self.delete_accounts, "--its-flags": self.its_flags}
        return " ".join(["runs undo", self.undone_run, *(name for name, is_given in options.items() if is_given)])

    def left_out_by(self, actor: str) -> str:
        """Who left customers out: who filled in the form, or who started the run with a hash."""
        return self.approved_by if self.answered else actor


@dataclass(frozen=True)
class Answer:
    """What a person said of a plan: whether to write it, without whom, and who said so ("" = not told)."""

    approved: bool
    leave_out: Sequence[str] = ()
    by: str = ""


class RunReport:
    """What a run gives back. Not a dataclass on purpose: Prefect walks through dataclasses that flows return.

    Attributes:
        waiting: why its plan needs an approval; "" = the run is done.
        created: of an undo: one row for each customer that the undone run had created.
    """

    def __init__(
        self, summary: RunSummary, plan: Plan, waiting: str = "", created: Sequence[dict[str, Any]] = ()
    ) -> None:
        self.summary = summary
        self.plan = plan
        self.waiting = waiting
        self.created = list(created)

    @property
    def run_id(self) -> str:
        """The run's id."""
        return self.summary.run_id


@dataclass(frozen=True)
class Skipped:
    """The run wrote nothing, and that is right.

    Attributes:
        name: one word for it.
    """

    reason: str
    name: str = field(default="Skipped")
