"""Parameters of the flows that the command line has, too: the flags of one run, and lists of customers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from connector.setup import ApprovalRequired, ConflictPolicy, PullWebstoreCustomers, PushWebstoreCustomers, Setup

__all__ = [
    "ApprovalOverride",
    "ConflictOverride",
    "Overrides",
    "PullOverride",
    "PushOverride",
    "customers_given",
    "customers_of",
    "left_out_given",
]

_AS_SET_UP = "as set up"


class PushOverride(StrEnum):
    """Push Webstore Customers, for this run."""

    AS_SET_UP = _AS_SET_UP
    MAPPED_ONLY = "Mapped Only"
    NONE = "None"


class PullOverride(StrEnum):
    """Pull Webstore Customers, for this run."""

    AS_SET_UP = _AS_SET_UP
    ALL = "All"
    MAPPED_ONLY = "Mapped Only"
    NONE = "None"


class ConflictOverride(StrEnum):
    """Who wins conflicts, for this run."""

    AS_SET_UP = _AS_SET_UP
    BUSINESS_CENTRAL = "business-central"
    WEBSTORE = "webstore"
    NEWEST = "newest"
    ASK = "ask"


class ApprovalOverride(StrEnum):
    """Whether a person must approve the plan, for this run."""

    AS_SET_UP = _AS_SET_UP
    NEVER = "never"
    OVER_THRESHOLD = "over threshold"
    ALWAYS = "always"


class Overrides(BaseModel):
    """What this one run does otherwise than the setup says. The run's name shows it."""

    model_config = ConfigDict(extra="forbid", title="For this run only")

    push: PushOverride = Field(
        default=PushOverride.AS_SET_UP, title="Push Webstore Customers", description="Business Central → webstore."
    )
    pull: PullOverride = Field(
        default=PullOverride.AS_SET_UP, title="Pull Webstore Customers", description="Webstore → Business Central."
    )
    conflicts: ConflictOverride = Field(
        default=ConflictOverride.AS_SET_UP,
        title="Conflicts",
        description="Both sides changed a field differently: who wins. A field's own policy goes first.",
    )
    approval: ApprovalOverride = Field(
        default=ApprovalOverride.AS_SET_UP,
        title="Approval",
        description="Whether a person must approve the plan first.",
    )
    max_attempts: int | None = Field(
        default=None,
        ge=0,
        le=100,
        title="Max. No. of Attempts",
        description="Identical failures after which scheduled runs skip a customer; 0 = never hold.",
    )

    anew: bool = Field(
        default=False,
        title="Read anew",
        description="Read everybody, also where a run that was killed has left what it had read ([partitions] hours_to_go_on).",
    )

    @property
    def words(self) -> list[str]:
        """What differs from the setup, each as `name value`."""
        named = {"push": self.push, "pull": self.pull, "conflicts": self.conflicts, "approval": self.approval}
        words = [f"{name} {value}" for name, value in named.items() if value != _AS_SET_UP]
        words += [] if self.max_attempts is None else [f"max attempts {self.max_attempts}"]
        return words + (["anew"] if self.anew else [])

    @property
    def settings(self) -> list[str]:
        """What differs from the setup, as settings by their names (connector.setup.other_settings)."""
        named = {"push_webstore_customers": self.push, "pull_webstore_customers": self.pull}
        named |= {"policies.conflict": self.conflicts, "approval.required": self.approval}
        return [f"{name}={value}" for name, value in named.items() if value != _AS_SET_UP]

    def applied(self, setup: Setup) -> Setup:
        """The setup as this run sees it."""
        flags, approval = setup.synchronization, setup.approval
        changes: dict[str, object] = {}
        if self.push != PushOverride.AS_SET_UP:
            changes["push_webstore_customers"] = PushWebstoreCustomers(self.push.value)
        if self.pull != PullOverride.AS_SET_UP:
            changes["pull_webstore_customers"] = PullWebstoreCustomers(self.pull.value)
        if self.conflicts != ConflictOverride.AS_SET_UP:
            policy = ConflictPolicy(self.conflicts.value)
            changes["policies"] = flags.policies.model_copy(update={"conflict": policy})
        if self.max_attempts is not None:
            changes["max_attempts"] = self.max_attempts
        if self.approval != ApprovalOverride.AS_SET_UP:
            approval = approval.model_copy(update={"required": ApprovalRequired(self.approval.value)})
        sections: dict[str, object] = {"synchronization": flags.model_copy(update=changes), "approval": approval}
        if self.anew:
            sections["partitions"] = setup.partitions.model_copy(update={"hours_to_go_on": 0})
        return setup.model_copy(update=sections)


def customers_of(given: str | Iterable[str]) -> list[str]:
    """Customers as they were pasted or listed: numbers, ids, woo:ID or e-mails, each once, in order.

    A pasted text is split at line ends, commas, semicolons, tabs and blanks; the entries of a list are taken as they are.
    """
    parts = re.split(r"[\s,;]+", given) if isinstance(given, str) else [str(part).strip() for part in given]
    cleaned = [part.strip("\"'") for part in parts]
    return list(dict.fromkeys(part for part in cleaned if part))


def customers_given(given: str | Iterable[str], nothing: str, *, may_be_nobody: bool = False) -> list[str]:
    """As `customers_of`, but whoever names nobody is refused: an empty text comes from a step that failed.

    Args:
        nothing: begins the refusal: what was not done.
        may_be_nobody: an empty list (not an empty text) is taken as one of nobody.

    Raises:
        InputError: nobody was named, or an entry of a list is blank.
    """

    from connector.run.names_given import names_given

    if isinstance(given, str):
        return names_given(customers_of(given), nothing)
    entries = [str(part).strip().strip("\"'") for part in given]
    return names_given(entries, nothing, may_be_nobody=may_be_nobody)


def left_out_given(leave_out: str | Iterable[str] | None) -> tuple[str, ...]:
    """Customers to be left out of an approved plan. None is not given; a text without anything in it is refused: it comes from
    a script whose step before failed, and must not end in a run that writes everything. Prefect's run form sends no such text:
    a field that nobody touched comes as null, one that was left empty or cleared does not come at all.

    Raises:
        InputError: a name is blank, or there is none.
    """
    nothing = "Nothing was written: customers to leave out need names."
    return () if leave_out is None else tuple(customers_given(leave_out, nothing, may_be_nobody=True))
