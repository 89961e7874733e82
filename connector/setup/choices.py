"""The choices that a setup offers, as forms and files name them."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any

__all__ = [
    "AccountMails",
    "ApprovalRequired",
    "BlankPolicy",
    "Choice",
    "ConflictPolicy",
    "DriftPolicy",
    "FirstLinkPolicy",
    "HtmlReports",
    "OrphanPolicy",
    "PersonalData",
    "PullWebstoreCustomers",
    "PushWebstoreCustomers",
    "Runner",
    "UsernameRule",
    "WhenBusy",
    "WhileWaiting",
    "label_of",
    "title_of",
]


def title_of(model: type) -> str:
    """A class's name in words, for forms: `PushWebstoreCustomers` is "Push Webstore Customers"."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__.removesuffix("Form"))


# where the words of a setting's name are not those of people
_LABELS = {
    "url": "URL",
    "base_url": "URL of the API",
    "token_url": "URL for tokens",
    "public_url": "Public URL",
    "rest_prefix": "Prefix of the REST API",
    "verify_tls": "Verify the certificate",
    "api_key_as_query_param": "Send the key in the address",
    "customer_role_filter": "Roles of the accounts",
    "allow_plain_http": "Allow plain http",
    "customers_api": "API of the page of customers",
    "customers_entity": "Name of its list of customers",
    "ship_to_entity": "Name of its list of ship-to addresses",
    "ship_to_code": "Code of the ship-to address",
    "auth": "Kind of login",
    "max_attempts": "Max. No. of Attempts",
    "max_writes": "Most writes without an approval",
    "max_creates": "Most creates without an approval",
    "mappings": "Folder of rules",
    "html": "HTML report",
    "count": "Number of partitions",
    "hours_to_go_on": "Hours within which a run goes on after a kill",
    "link": "Evidence that links",
    "suggest": "Evidence that suggests",
    "floor": "Never for so few customers",
}


def label_of(name: str, _field: object = None) -> str:
    """A setting's name in the words of a form: `verify_tls` is "Verify the certificate", `while_waiting` "While Waiting"."""
    return _LABELS.get(name) or name.replace("_", " ").title()


class Choice(StrEnum):
    """Base of the choices: forms show a title and the first words of the class."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> dict[str, Any]:
        """The schema of pydantic, with a title for people."""
        made: dict[str, Any] = handler.resolve_ref_schema(handler(schema))
        made["title"] = title_of(cls)
        return made


class PushWebstoreCustomers(Choice):
    """Business Central → webstore."""

    MAPPED_ONLY = "Mapped Only"
    NONE = "None"


class PullWebstoreCustomers(Choice):
    """Webstore → Business Central."""

    ALL = "All"
    MAPPED_ONLY = "Mapped Only"
    NONE = "None"


class ConflictPolicy(Choice):
    """Who wins when both sides changed the same field to different values."""

    BUSINESS_CENTRAL = "business-central"
    WEBSTORE = "webstore"
    NEWEST = "newest"
    ASK = "ask"


class FirstLinkPolicy(Choice):
    """Who wins when two customers are linked for the first time and a field differs."""

    BUSINESS_CENTRAL = "business-central"
    WEBSTORE = "webstore"
    ASK = "ask"


class BlankPolicy(Choice):
    """What a value that was cleared on one side does to the other side."""

    KEEP = "keep"
    CLEAR = "clear"


class OrphanPolicy(Choice):
    """What happens to a mapping row whose customer has gone on one side (confirmed by the server)."""

    REPORT = "report"
    UNLINK = "unlink"
    RECREATE = "recreate"


class DriftPolicy(Choice):
    """What happens to a change on a side whose changes are not wanted because the flag of that direction is None."""

    WITHHOLD = "withhold"
    OVERWRITE = "overwrite"


class WhenBusy(Choice):
    """What a run does that finds another one at work on the same webstore."""

    ENQUEUE = "enqueue"
    CANCEL = "cancel"


class UsernameRule(Choice):
    """Which user name a created account gets; the shop never lets it be changed afterwards."""

    GENERATED = "generated"
    EMAIL = "email"
    MAPPING = "mapping"


class AccountMails(Choice):
    """Whether accounts may be created though the shop sends each new account a mail."""

    SEND = "send"
    WITHHOLD = "withhold"


class ApprovalRequired(Choice):
    """When a person must approve a plan before it is carried out."""

    NEVER = "never"
    OVER_THRESHOLD = "over threshold"
    ALWAYS = "always"


class WhileWaiting(Choice):
    """What a run does while its plan waits for a person."""

    SUSPEND = "suspend"
    PAUSE = "pause"


class PersonalData(Choice):
    """Whether artifacts in the Prefect UI show what customers are called and where they live."""

    SHOW = "show"
    MASK = "mask"


class HtmlReports(Choice):
    """After which runs an HTML report is written."""

    NEVER = "never"
    CHANGES = "changes"
    EVERY_RUN = "every run"


class Runner(Choice):
    """What deals with the partitions of a run."""

    THREADS = "threads"
    DASK = "dask"
