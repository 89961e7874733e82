"""The flags and policies of a setup in the words of the setup page: what each choice means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from connector.setup import Setup
from connector.setup.choices import (
    AccountMails,
    ApprovalRequired,
    BlankPolicy,
    Choice,
    ConflictPolicy,
    DriftPolicy,
    FirstLinkPolicy,
    OrphanPolicy,
    PullWebstoreCustomers,
    PushWebstoreCustomers,
)

__all__ = ["FLAGS", "Flag", "flag_value"]


@dataclass(frozen=True)
class Flag:
    """One flag or policy.

    Attributes:
        path: where it stands in the setup, such as synchronization.policies.conflict.
        kind: the choices that it has; bool = on or off; int = a whole number from `least` to `most`.
        choices: choice → what it means; of a number nothing.
        about: what it decides.
    """

    path: str
    title: str
    about: str
    kind: type[Choice] | type[bool] | type[int]
    choices: Mapping[str, str]
    least: int = 0
    most: int = 0

    @property
    def name(self) -> str:
        """The field of the form."""
        return self.path.replace(".", "-")


FLAGS: tuple[Flag, ...] = (
    Flag(
        "synchronization.push_webstore_customers", "Push Webstore Customers", "Business Central → webstore.",
        PushWebstoreCustomers,
        {
            "Mapped Only": "Customers who are ticked as Webstore Customer get an account, and changes go to linked accounts.",
            "None": "Nothing is written in the webstore. Changes in Business Central are withheld, not lost.",
        },
    ),
    Flag(
        "synchronization.pull_webstore_customers", "Pull Webstore Customers", "Webstore → Business Central.",
        PullWebstoreCustomers,
        {
            "All": "Accounts that nobody knows become customers in Business Central, and changes go to linked customers.",
            "Mapped Only": "Changes go to linked customers. Nobody is created in Business Central.",
            "None": "Nothing is written in Business Central. Changes in the webstore are withheld, not lost.",
        },
    ),
    Flag(
        "synchronization.enabled", "Enabled", "Whether scheduled runs do anything. Runs by hand always work.", bool,
        {"yes": "Scheduled runs synchronise.", "no": "Scheduled runs do nothing."},
    ),
    Flag(
        "synchronization.minutes_between_runs", "Minutes between runs",
        "Of scheduled runs. The schedule takes it over with the next customer-sync deploy.", int, {}, 1, 10_080,
    ),
    Flag(
        "synchronization.max_attempts", "Max. No. of Attempts",
        "Identical failures after which scheduled runs put a customer on hold; 0 = never.", int, {}, 0, 100,
    ),
    Flag(
        "synchronization.policies.conflict", "Conflicts", "Both sides changed the same field differently.", ConflictPolicy,
        {
            "ask": "It waits for a person; neither side is overwritten.",
            "business-central": "Business Central's value is written in the webstore.",
            "webstore": "The webstore's value is written in Business Central.",
            "newest": "The value that a later run saw first wins; two that the same run saw first wait for a person.",
        },
    ),
    Flag(
        "synchronization.policies.first_link", "First link", "Two customers are linked, and a field differs from the start.",
        FirstLinkPolicy,
        {
            "ask": "It waits for a person; neither side is overwritten.",
            "business-central": "Business Central's value is written in the webstore.",
            "webstore": "The webstore's value is written in Business Central.",
        },
    ),
    Flag(
        "synchronization.policies.blank", "Cleared values", "A value was cleared on one side.", BlankPolicy,
        {"keep": "The other side keeps its value.", "clear": "It is cleared on the other side, too."},
    ),
    Flag(
        "synchronization.policies.drift", "Changes on a closed side",
        "A change on a side whose changes are not wanted, because the flag of that direction is None.", DriftPolicy,
        {
            "withhold": "It is withheld: neither passed on nor overwritten.",
            "overwrite": "It is overwritten with the value of the other side.",
        },
    ),
    Flag(
        "synchronization.policies.orphan", "Gone on one side", "A linked customer is not there any more, as the server says.",
        OrphanPolicy,
        {
            "report": "It is shown, and nothing is done.",
            "unlink": "The link is removed.",
            "recreate": "The account is made anew in the webstore; a customer in Business Central never is.",
        },
    ),
    Flag(
        "accounts.account_mails", "Account mails", "The shop mails everybody whose account is created.", AccountMails,
        {"send": "Accounts are created, and the shop sends its mails.", "withhold": "No account is created."},
    ),
    Flag(
        "approval.required", "Approval of plans", "When a person must approve a plan before anything is written.",
        ApprovalRequired,
        {
            "never": "Nobody needs to. Limits that no run may pass stop it all the same.",
            "over threshold": "Plans with more writes or creates than the two numbers below.",
            "always": "Every plan that would write something.",
        },
    ),
    Flag(
        "approval.max_writes", "Writes without approval", "With over threshold: up to so many need none.", int, {}, 0, 10**9
    ),
    Flag(
        "approval.max_creates", "Creates without approval", "With over threshold: up to so many need none.", int, {}, 0, 10**9
    ),
)  # fmt: skip


def flag_value(setup: Setup, flag: Flag) -> str:
    """What a setup says of a flag, as forms hold it: a choice, yes or no, or a number."""
    value: object = setup
    for part in flag.path.split("."):
        value = getattr(value, part)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
