"""What is synchronised and how: the sections of a setup beside its connections."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field

from connector.setup.choices import (
    AccountMails,
    ApprovalRequired,
    BlankPolicy,
    ConflictPolicy,
    DriftPolicy,
    FirstLinkPolicy,
    HtmlReports,
    OrphanPolicy,
    PersonalData,
    PullWebstoreCustomers,
    PushWebstoreCustomers,
    Runner,
    UsernameRule,
    WhenBusy,
    WhileWaiting,
)
from connector.setup.connections import Section

__all__ = [
    "Accounts",
    "Approval",
    "Breakers",
    "Extracts",
    "Matching",
    "PartitionSettings",
    "Policies",
    "Reports",
    "StoreSettings",
    "Synchronization",
    "Template",
]

# protocols of Dask's schedulers (distributed.comm)
_SCHEDULERS = ("tcp", "tls", "ucx", "ws", "wss")


def _check_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin or UTC") from None
    return name


def _check_runner(runner: object) -> object:
    if isinstance(runner, str) and runner.strip().lower() == "ray":
        raise ValueError(
            "Ray is not offered any more: write dask, with the address of a Dask scheduler or none "
            "(docs/decisions/0039-dask-alone.md)"
        )
    return runner


def _check_scheduler(address: str) -> str:
    scheme, there, _ = address.partition("://")
    if there and scheme.lower() not in _SCHEDULERS:
        raise ValueError(
            f"{scheme}:// is no Dask scheduler's address, which begins with one of {', '.join(_SCHEDULERS)}"
        )
    return address


class Policies(Section):
    """What is done where two sides disagree. A field's own policy in mappings/fields.csv goes first."""

    conflict: ConflictPolicy = Field(
        default=ConflictPolicy.ASK,
        description="Both sides changed a field differently: who wins, or ask a person. newest: the value that "
        "a later run saw first; two that the same run saw first are asked about.",
    )
    first_link: FirstLinkPolicy = Field(
        default=FirstLinkPolicy.ASK, description="Two customers are linked and a field differs: who wins, or ask."
    )
    blank: BlankPolicy = Field(
        default=BlankPolicy.KEEP,
        description="A value was cleared on one side: keep the other side's value, or clear it too.",
    )
    drift: DriftPolicy = Field(
        default=DriftPolicy.WITHHOLD,
        description="A change on a side that may not be passed on because that flag is None: withhold it (never lost), "
        "or overwrite it with the enabled side's value.",
    )
    orphan: OrphanPolicy = Field(
        default=OrphanPolicy.REPORT,
        description="A mapped customer has gone on one side: report it, unlink it, or recreate it in the webstore "
        "(never in Business Central).",
    )


class Synchronization(Section):
    """What is synchronised, when, and by which policies."""

    push_webstore_customers: PushWebstoreCustomers = Field(
        default=PushWebstoreCustomers.MAPPED_ONLY,
        description="Business Central → webstore: customers ticked as Webstore Customer, or none.",
    )
    pull_webstore_customers: PullWebstoreCustomers = Field(
        default=PullWebstoreCustomers.NONE,
        description="Webstore → Business Central: all customers (unknown ones are created), mapped ones, or none.",
    )
    enabled: bool = Field(default=True, description="Off: scheduled runs do nothing. Manual runs still work.")
    minutes_between_runs: int = Field(
        default=15,
        ge=1,
        le=10_080,
        description="Minutes between scheduled runs. Changed later, `deploy --reset` takes it to the server.",
    )
    hours_between_full_reads: float = Field(
        default=0,
        ge=0,
        le=24 * 30,
        description="Hours between scheduled runs that read everybody. Those in between look at whom webhooks named and whom "
        "Business Central has changed since; what webhooks missed is found by the next full read, and counted. Needs "
        "webhooks. 0 = every scheduled run reads everybody. docs/webhooks.md, Reading less, says all of it.",
    )
    timezone: Annotated[str, AfterValidator(_check_timezone)] = Field(
        default="UTC", description="Time zone of the schedule, e.g. Europe/Berlin; matters from a day between runs on."
    )
    when_busy: WhenBusy = Field(
        default=WhenBusy.ENQUEUE,
        description="A run of a deployment finds another one at work on this webstore: enqueue it (of scheduled runs at "
        "most one waits), or cancel it.",
    )
    max_attempts: int = Field(
        default=3,
        ge=0,
        le=100,
        description="After so many identical failures because of the customer scheduled runs skip it (hold), until its "
        "values are others. 0 = never hold. docs/operations.md, Holds and quarantine, says all of it.",
    )
    lease_wait_seconds: float = Field(
        default=0,
        ge=0,
        le=86_400,
        description="Another run is at work on this webstore: wait for it so long. 0 = the command line leaves at once, "
        "an enqueued run waits for a day.",
    )
    lease_seconds: float = Field(
        default=45,
        ge=1,
        le=3600,
        description="How long a run that gives no sign of life keeps its webstore from others (a killed one of the same "
        "machine frees it at once). It gives a sign three times as often.",
    )
    settle_seconds: float = Field(
        default=15,
        ge=0,
        le=900,
        description="How old an unanswered write must be before a look-up that finds nothing is believed.",
    )
    retention_days: int = Field(
        default=90, ge=1, le=3650, description="Days that the activity log (runs, writes, plans) is kept."
    )
    policies: Policies = Field(default_factory=Policies, description="Who wins, and what blanks do.")
    mappings: Path | None = Field(
        default=None,
        description="Folder with the shop's own rule files (fields.csv, vat_keys.csv …); files that are not there are "
        "taken from the ones that ship.",
    )


class Accounts(Section):
    """Rules for accounts that are created in the webstore. Passwords are generated by the shop and never stored here."""

    username: UsernameRule = Field(
        default=UsernameRule.GENERATED,
        description="generated: the shop makes it of the e-mail; email: the whole e-mail; mapping: the mapping row's "
        "user name (generated where it has none).",
    )
    account_mails: AccountMails = Field(
        default=AccountMails.SEND,
        description="The shop mails everybody whose account is created (WooCommerce > Settings > Emails > New account). "
        "withhold: create nobody until this says send.",
    )
    copy_billing_to_shipping: bool = Field(
        default=False, description="Give created accounts the billing address as shipping address, too."
    )


class Matching(Section):
    """Which evidence links unmapped customers, and which only suggests. Everything must be unique on both sides."""

    link: tuple[Literal["vat", "email", "phone_name", "name_postcode", "name"], ...] = Field(
        default=("vat", "email"), description="Rungs that link by themselves, the strongest first."
    )
    suggest: tuple[Literal["vat", "email", "phone_name", "name_postcode", "name"], ...] = Field(
        default=("phone_name", "name_postcode"),
        description="Rungs that only suggest: such customers wait for a person instead of being created.",
    )


class Breakers(Section):
    """Limits at which a run stops before its first write and asks. Whoever looks at the plan may approve exactly it.

    The defaults let a first synchronisation of thousands of customers through: creates and account mails have no limit,
    since ticking customers and switching Pull to All are decisions of a person. What nobody decides stops: an extract that
    shrank, a side suddenly empty, customers gone or changed or cleared in a mass, writes that fail one after the other.
    """

    floor: int = Field(
        default=20, ge=0, description="No percentage stops a run that concerns no more customers than these."
    )
    announced_total: bool = Field(
        default=True, description="An extract must have as many customers as its server announced."
    )
    shrunken_extract_percent: float = Field(
        default=10, ge=0, le=100, description="Customers that may be missing since the last full run. 100 = all."
    )
    emptied_side: bool = Field(
        default=True, description="A side that had more than two customers must not be empty now."
    )
    gone_percent: float = Field(
        default=10, ge=0, le=100, description="Linked customers that may be gone at once, such as in a wrong company."
    )
    went_back: int | None = Field(
        default=2,
        ge=0,
        description="Most linked customers of one side that may be older than what was seen of them before, as after a "
        "restored backup. Left alone they are in any case; left out = no limit.",
    )
    creates: int | None = Field(default=None, ge=0, description="Most creates on one side; left out = no limit.")
    creates_percent: float | None = Field(
        default=None,
        ge=0,
        description="Creates on one side, of the customers there; never counts in the first run. Left out = no limit.",
    )
    updates: int | None = Field(
        default=None, ge=0, description="Most customers of one side whose values may change; left out = no limit."
    )
    updates_percent: float = Field(
        default=50,
        ge=0,
        le=100,
        description="Likewise, of the linked customers; filling blanks does not count. 100 = all.",
    )
    clears: int | None = Field(
        default=None, ge=0, description="Most customers of one side who may lose a value; left out = no limit."
    )
    clears_percent: float = Field(default=10, ge=0, le=100, description="Likewise, of the linked customers. 100 = all.")
    account_mails: int | None = Field(
        default=None, ge=0, description="Most people who may be sent the new-account mail; left out = no limit."
    )
    deletions: int = Field(default=20, ge=0, description="Most webstore accounts that undoing a run may delete.")
    failure_percent: float = Field(
        default=50, ge=0, le=100, description="Writes that may fail before no more are tried. 100 = all."
    )
    oscillation: bool = Field(
        default=True,
        description="Hold a field that went to a value and back in the last two runs and is about to go there again.",
    )
    refusals: int = Field(
        default=3,
        ge=1,
        description="Scheduled runs try a write that was refused because of its values so often (or max_attempts, if "
        "more), then leave it until the values change; runs by hand over all customers after one refusal. "
        "docs/operations.md, Holds and quarantine, says all of it.",
    )


class Approval(Section):
    """Which plans a person must approve before anything is written. What is approved is one plan hash, and only that."""

    required: ApprovalRequired = Field(
        default=ApprovalRequired.NEVER,
        description="never; over threshold: plans with more writes or creates than stand below; always: every plan that "
        "would write something.",
    )
    max_writes: int = Field(
        default=100, ge=0, description="over threshold: up to so many writes, links and unlinks need no approval."
    )
    max_creates: int = Field(
        default=20, ge=0, description="over threshold: up to so many creates, or deletions by an undo, need none."
    )
    while_waiting: WhileWaiting = Field(
        default=WhileWaiting.SUSPEND,
        description="suspend: the process ends and a new one goes on after the answer; pause: the process stays.",
    )
    hours: float = Field(
        default=72, gt=0, le=8760, description="Hours that a plan waits for its answer; then the run fails, unwritten."
    )


class Reports(Section):
    """What runs show in the Prefect UI, and the files that hold the whole of it."""

    personal_data: PersonalData = Field(
        default=PersonalData.SHOW,
        description="mask: values of customers are shown as a**** in artifacts and forms. The files hold them whole.",
    )
    folder: Path | None = Field(
        default=Path("customer-sync-data/reports"),
        description="Where plans are written as CSV and Parquet; a relative one counts from the setup file's folder.",
    )
    rows: int = Field(default=500, ge=10, le=1000, description="Rows that an artifact shows at most.")
    html: HtmlReports = Field(
        default=HtmlReports.NEVER,
        description="Write an HTML report into the folder: after runs that changed, refused or stopped something or have a "
        "new plan (changes), after every run, or never. Masked as artifacts are.",
    )


class Extracts(Section):
    """What runs over all customers keep of what they read, to try other rules on it (docs/operations.md, Trying other rules)."""

    keep: bool = Field(
        default=True,
        description="Keep what the last run over all customers has read, as files for their owner only. false: the next run "
        "removes them, and nothing can be tried.",
    )
    folder: Path = Field(
        default=Path("customer-sync-data/extracts"),
        description="Where they are kept; a relative one counts from the setup file's folder. They hold personal data.",
    )


class StoreSettings(Section):
    """Where mappings, bases and logs are kept."""

    url: str = Field(
        default="sqlite:///customer-sync-data/store.sqlite",
        pattern=r"^(sqlite|postgresql\+psycopg)://",
        description="SQLAlchemy address: sqlite:///FILE, or postgresql+psycopg://USER@HOST/DATABASE, with "
        "?password_file=/run/secrets/NAME where a file holds the password.",
    )


class PartitionSettings(Section):
    """Dividing the customers of a run, for installations with more of them than memory holds."""

    count: int = Field(
        default=0,
        ge=0,
        le=10_000,
        description="0: all customers at once in memory. Else so many partitions, dealt with one after the other; about one "
        "for every 100,000 customers.",
    )
    folder: str = Field(
        default="customer-sync-data/partitions",
        description="Where they are kept during a run: a path, or an address that fsspec knows (s3://…, abfs://…). They hold "
        "personal data.",
    )
    hours_to_go_on: float = Field(
        default=24,
        ge=0,
        le=720,
        description="A run that is killed leaves what it has read in the folder; the next run over all customers goes on with "
        "it, if it was read within so many hours. 0 = it is always removed and read again.",
    )
    runner: Annotated[Runner, BeforeValidator(_check_runner)] = Field(
        default=Runner.THREADS, description="What deals with them: threads of this process, or Dask workers."
    )
    workers: int = Field(
        default=2, ge=1, le=1_000, description="Threads, or worker processes that are started for the run."
    )
    address: Annotated[str, AfterValidator(_check_scheduler)] = Field(
        default="",
        description="Address of a Dask cluster that is there already; blank = one is started for the run.",
    )


class Template(Section):
    """Default values of customers that are created in Business Central; the most specific template wins."""

    country: str = Field(
        default="",
        pattern=r"^([A-Za-z]{2})?$",
        description="ISO country this template is for, two letters such as DE; blank = all others.",
    )
    state: str = Field(default="", description="State within the country, its code or name; blank = all others.")
    currency: str = Field(
        default="", description="Currency code; blank, or the company's own currency = local currency."
    )
    payment_terms: str = Field(default="", description="Payment terms code.")
    shipment_method: str = Field(default="", description="Shipment method code.")
    payment_method: str = Field(default="", description="Payment method code.")
    tax_area: str = Field(default="", description="Tax area or VAT business posting group code.")
    salesperson: str = Field(default="", description="Salesperson code.")
    credit_limit: float | None = Field(default=None, ge=0, description="Credit limit in local currency; 0 = none.")
    tax_liable: bool | None = Field(default=None, description="Tax liable (sales-tax countries).")
    blocked: Literal["", "Ship", "Invoice", "All"] = Field(default="", description="Blocked for …")
