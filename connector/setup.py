"""The WooCommerce Connector Setup: connections, flags, policies and limits of one webstore.

The models here are the TOML file, and the form in the Prefect UI. Every field says what it means; the descriptions are
what people read, so they are written for the administrator of a shop. Loading resolves secrets (`env:NAME`) from the
environment and refuses half a setup with *all* its problems at once.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from connector.errors import SetupError

__all__ = [
    "AccountMails",
    "Accounts",
    "Approval",
    "ApprovalRequired",
    "Breakers",
    "BusinessCentralConnection",
    "ConflictPolicy",
    "HtmlReports",
    "Matching",
    "OrphanPolicy",
    "PersonalData",
    "Policies",
    "PullWebstoreCustomers",
    "PushWebstoreCustomers",
    "Reports",
    "Setup",
    "StoreSettings",
    "Synchronization",
    "Template",
    "UnresolvedSecrets",
    "UsernameRule",
    "WebstoreConnection",
    "WhenBusy",
    "WhileWaiting",
    "load_setup",
    "parse_setup",
]

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class PushWebstoreCustomers(StrEnum):
    """Business Central → webstore."""

    MAPPED_ONLY = "Mapped Only"
    NONE = "None"


class PullWebstoreCustomers(StrEnum):
    """Webstore → Business Central."""

    ALL = "All"
    MAPPED_ONLY = "Mapped Only"
    NONE = "None"


class ConflictPolicy(StrEnum):
    """Who wins when both sides changed the same field to different values."""

    BUSINESS_CENTRAL = "business-central"
    WEBSTORE = "webstore"
    NEWEST = "newest"
    ASK = "ask"


class FirstLinkPolicy(StrEnum):
    """Who wins when two customers are linked for the first time and a field differs."""

    BUSINESS_CENTRAL = "business-central"
    WEBSTORE = "webstore"
    ASK = "ask"


class BlankPolicy(StrEnum):
    """What a value that was cleared on one side does to the other side."""

    KEEP = "keep"
    CLEAR = "clear"


class OrphanPolicy(StrEnum):
    """What happens to a mapping row whose customer has gone on one side (confirmed by the server)."""

    REPORT = "report"
    UNLINK = "unlink"
    RECREATE = "recreate"


class DriftPolicy(StrEnum):
    """What happens to a change on a side whose changes are not wanted because the flag of that direction is None."""

    WITHHOLD = "withhold"
    OVERWRITE = "overwrite"


def _resolve_secret(value: Any, info: ValidationInfo) -> Any:
    """Replace `env:NAME` by the value of that environment variable."""
    if not isinstance(value, str) or not value.startswith("env:"):
        return value
    name = value.removeprefix("env:").strip()
    environ: Mapping[str, str] = (info.context or {}).get("environ", os.environ)
    resolved = environ.get(name, "")
    if not resolved:
        raise ValueError(f"the environment variable {name} is not set; export {name}=… before starting")
    return resolved


Secret = Annotated[SecretStr, BeforeValidator(_resolve_secret), Field(min_length=1)]


def _check_timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin or UTC") from None
    return name


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_address(url: str, allow_plain_http: bool, name: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{name} must be a full address such as https://shop.example")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"{name} must hold no credentials, query or fragment")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK_HOSTS and not allow_plain_http:
        raise ValueError(
            f"{name} is plain http, which sends keys and customers readable over the network; "
            "use https, or set allow_plain_http = true if the network is yours alone"
        )


class WebstoreConnection(_Section):
    """How to reach the WooCommerce webstore."""

    url: str = Field(description="Address of the shop, e.g. https://shop.example (without /wp-json).")
    consumer_key: Secret = Field(
        description="REST API consumer key with read and write permission (ck_…), as env:NAME."
    )
    consumer_secret: Secret = Field(description="REST API consumer secret (cs_…), as env:NAME.")
    verify_tls: bool | Path = Field(
        default=True, description="Verify the certificate: true, or the path of a file with your own authority's one."
    )
    api_key_as_query_param: bool = Field(
        default=False,
        description="Send the key in the address instead of the Authorization header. Less secure (addresses are "
        "logged on their way); only for hosts that strip the header.",
    )
    customer_role_filter: str = Field(
        default="customer",
        pattern=r"^[a-z0-9_-]+$",
        description="Role of the accounts that are synchronised; `all` includes subscribers and staff.",
    )
    allow_plain_http: bool = Field(default=False, description="Allow http:// to hosts other than this machine.")
    max_concurrent_requests: int = Field(
        default=2, ge=1, le=16, description="Requests at one time. A shop serves about as many as its host has cores."
    )
    timeout_seconds: float = Field(
        default=120, gt=0, le=600, description="Seconds to wait for an answer; a batch of 100 creates takes 10 s."
    )

    @model_validator(mode="after")
    def _address(self) -> WebstoreConnection:
        _check_address(self.url, self.allow_plain_http, "url")
        if urlsplit(self.url).path.rstrip("/").endswith(("/wp-json", "/wc/v3")):
            raise ValueError("url is the shop's own address; leave out /wp-json and what follows")
        return self


class BusinessCentralConnection(_Section):
    """How to reach the Business Central company."""

    base_url: str = Field(
        description="Everything up to and including /api/v2.0, e.g. "
        "https://api.businesscentral.dynamics.com/v2.0/TENANT/Production/api/v2.0."
    )
    company: str = Field(min_length=1, description="Name or id of the company.")
    auth: Literal["client-credentials", "basic"] = Field(
        default="client-credentials",
        description="client-credentials: an Entra application (online). "
        "basic: user and web service access key (on-premises).",
    )
    token_url: str | None = Field(
        default=None,
        description="Where tokens come from: https://login.microsoftonline.com/TENANT/oauth2/v2.0/token.",
    )
    client_id: Secret | None = Field(default=None, description="Application (client) id, as env:NAME or as it is.")
    client_secret: Secret | None = Field(default=None, description="Client secret, as env:NAME.")
    scope: str = Field(
        default="https://api.businesscentral.dynamics.com/.default", description="Scope that is asked for in tokens."
    )
    username: str | None = Field(default=None, description="User name (auth = basic).")
    password: Secret | None = Field(default=None, description="Web service access key (auth = basic), as env:NAME.")
    verify_tls: bool | Path = Field(
        default=True, description="Verify the certificate: true, or the path of a file with your own authority's one."
    )
    allow_plain_http: bool = Field(default=False, description="Allow http:// to hosts other than this machine.")
    max_concurrent_requests: int = Field(
        default=5, ge=1, le=5, description="Requests at one time; Business Central serves 5 for each user."
    )
    timeout_seconds: float = Field(
        default=480, gt=0, le=600, description="Seconds to wait for an answer; the service itself gives up after 480."
    )

    @model_validator(mode="after")
    def _complete(self) -> BusinessCentralConnection:
        problems = []
        try:
            _check_address(self.base_url, self.allow_plain_http, "base_url")
            if not self.base_url.rstrip("/").endswith("/api/v2.0"):
                problems.append("base_url must end with /api/v2.0")
        except ValueError as error:
            problems.append(str(error))
        needed = (
            ["token_url", "client_id", "client_secret"]
            if self.auth == "client-credentials"
            else ["username", "password"]
        )
        problems += [f"{name} is missing; auth = {self.auth!r} needs it" for name in needed if not getattr(self, name)]
        if self.token_url:
            try:
                _check_address(self.token_url, self.allow_plain_http, "token_url")
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise ValueError("; ".join(problems))
        return self


class Policies(_Section):
    """What is done where two sides disagree. A field's own policy in mappings/fields.csv goes first."""

    conflict: ConflictPolicy = Field(
        default=ConflictPolicy.ASK, description="Both sides changed a field differently: who wins, or ask a person."
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


class WhenBusy(StrEnum):
    """What a run does that finds another one at work on the same webstore."""

    ENQUEUE = "enqueue"
    CANCEL = "cancel"


class Synchronization(_Section):
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
    minutes_between_runs: int = Field(default=15, ge=1, le=10_080, description="Minutes between scheduled runs.")
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
        description="After so many identical failures scheduled runs skip the customer (hold). 0 = never hold.",
    )
    lease_wait_seconds: float = Field(
        default=0,
        ge=0,
        le=86_400,
        description="Another run is at work on this webstore: wait for it so long. 0 = the command line leaves at once, "
        "an enqueued run waits for a day.",
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


class UsernameRule(StrEnum):
    """Which user name a created account gets; the shop never lets it be changed afterwards."""

    GENERATED = "generated"
    EMAIL = "email"
    MAPPING = "mapping"


class AccountMails(StrEnum):
    """Whether accounts may be created though the shop sends each new account a mail."""

    SEND = "send"
    WITHHOLD = "withhold"


class Accounts(_Section):
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


class Matching(_Section):
    """Which evidence links unmapped customers, and which only suggests. Everything must be unique on both sides."""

    link: tuple[Literal["vat", "email", "phone_name", "name_postcode", "name"], ...] = Field(
        default=("vat", "email"), description="Rungs that link by themselves, the strongest first."
    )
    suggest: tuple[Literal["vat", "email", "phone_name", "name_postcode", "name"], ...] = Field(
        default=("phone_name", "name_postcode"),
        description="Rungs that only suggest: such customers wait for a person instead of being created.",
    )


class Breakers(_Section):
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
        "more), then leave it until the values change. Runs by hand over all customers leave it after one refusal.",
    )


class ApprovalRequired(StrEnum):
    """When a person must approve a plan before it is carried out."""

    NEVER = "never"
    OVER_THRESHOLD = "over threshold"
    ALWAYS = "always"


class WhileWaiting(StrEnum):
    """What a run does while its plan waits for a person."""

    SUSPEND = "suspend"
    PAUSE = "pause"


class Approval(_Section):
    """Which plans a person must approve before anything is written. What is approved is one plan hash, and only that."""

    required: ApprovalRequired = Field(
        default=ApprovalRequired.NEVER,
        description="never; over threshold: plans with more writes or creates than stand below; always: every plan that "
        "would write something.",
    )
    max_writes: int = Field(
        default=100, ge=0, description="over threshold: up to so many writes (and new links) need no approval."
    )
    max_creates: int = Field(default=20, ge=0, description="over threshold: up to so many creates need no approval.")
    while_waiting: WhileWaiting = Field(
        default=WhileWaiting.SUSPEND,
        description="suspend: the process ends and a new one goes on after the answer; pause: the process stays.",
    )
    hours: float = Field(
        default=72, gt=0, le=8760, description="Hours that a plan waits for its answer; then the run fails, unwritten."
    )


class PersonalData(StrEnum):
    """Whether artifacts in the Prefect UI show what customers are called and where they live."""

    SHOW = "show"
    MASK = "mask"


class HtmlReports(StrEnum):
    """After which runs an HTML report is written."""

    NEVER = "never"
    CHANGES = "changes"
    EVERY_RUN = "every run"


class Reports(_Section):
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


class StoreSettings(_Section):
    """Where mappings, bases and logs are kept."""

    url: str = Field(
        default="sqlite:///customer-sync-data/store.sqlite",
        pattern=r"^(sqlite|postgresql\+psycopg)://",
        description="SQLAlchemy address: sqlite:///FILE, or postgresql+psycopg://USER@HOST/DATABASE.",
    )


class Template(_Section):
    """Default values of customers that are created in Business Central; the most specific template wins."""

    country: str = Field(default="", max_length=2, description="ISO country this template is for; blank = all others.")
    state: str = Field(default="", description="State code within the country; blank = all others.")
    currency: str = Field(default="", description="Currency code; blank = local currency.")
    payment_terms: str = Field(default="", description="Payment terms code.")
    shipment_method: str = Field(default="", description="Shipment method code.")
    payment_method: str = Field(default="", description="Payment method code.")
    tax_area: str = Field(default="", description="Tax area or VAT business posting group code.")
    salesperson: str = Field(default="", description="Salesperson code.")
    credit_limit: float | None = Field(default=None, ge=0, description="Credit limit in local currency; 0 = none.")
    tax_liable: bool | None = Field(default=None, description="Tax liable (sales-tax countries).")
    blocked: Literal["", "Ship", "Invoice", "All"] = Field(default="", description="Blocked for …")


class Setup(_Section):
    """The WooCommerce Connector Setup of one webstore."""

    webstore_code: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,29}$",
        description="Short name of this webstore: lower-case letters, digits, - and _. "
        "Never change it: mappings belong to it.",
    )
    webstore: WebstoreConnection
    business_central: BusinessCentralConnection
    synchronization: Synchronization = Field(default_factory=Synchronization)
    accounts: Accounts = Field(default_factory=Accounts)
    matching: Matching = Field(default_factory=Matching)
    breakers: Breakers = Field(default_factory=Breakers)
    approval: Approval = Field(default_factory=Approval)
    reports: Reports = Field(default_factory=Reports)
    store: StoreSettings = Field(default_factory=StoreSettings)
    templates: tuple[Template, ...] = Field(
        default=(), description="Defaults for customers created in Business Central."
    )

    @model_validator(mode="after")
    def _templates_differ(self) -> Setup:
        keys = [(template.country.upper(), template.state.upper()) for template in self.templates]
        doubled = sorted({f"country {c or '(all)'} state {s or '(all)'}" for c, s in keys if keys.count((c, s)) > 1})
        if doubled:
            raise ValueError(f"two templates for the same place: {', '.join(doubled)}")
        return self


class UnresolvedSecrets(Mapping[str, str]):
    """An environment in which every variable seems to be set: for work that needs no secret, or will resolve it elsewhere."""

    def __getitem__(self, key: str) -> str:
        return f"value of {key}"

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def load_setup(path: Path, environ: Mapping[str, str] | None = None) -> Setup:
    """Read a TOML setup file; relative paths in it count from the file's folder.

    Args:
        environ: where `env:NAME` is looked up; None = this process's environment.

    Raises:
        SetupError: the file is missing, is not TOML, or says something that cannot work; lists every problem.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SetupError(
            f"There is no setup file {path}.",
            hint="Name it with --setup FILE or CUSTOMER_SYNC_SETUP. The README shows one to start from.",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The setup file {path} cannot be read: {error}.") from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"The setup file {path} is not valid TOML: {error}.") from None
    return parse_setup(document, origin=str(path), folder=path.resolve().parent, environ=environ)


def parse_setup(
    document: Mapping[str, Any], *, origin: str, folder: Path | None = None, environ: Mapping[str, str] | None = None
) -> Setup:
    """Make a Setup of a document (of a TOML file or of a Block).

    Args:
        origin: what the document is called in messages.
        folder: what relative paths (SQLite file, CA file) count from; None leaves them as they are.
        environ: where `env:NAME` is looked up; None = this process's environment.

    Raises:
        SetupError: with every problem, each as `section.field: what is wrong`.
    """
    context = {"environ": os.environ if environ is None else environ}
    try:
        setup = Setup.model_validate(document, context=context)
    except ValidationError as error:
        problems = [_problem(item) for item in error.errors(include_url=False, include_input=False)]
        raise SetupError(
            f"The setup {origin} has {len(problems)} problem{'s' * (len(problems) != 1)}:", problems=problems
        ) from None
    return setup if folder is None else _anchored(setup, folder)


def _problem(item: Any) -> str:
    where = ".".join(str(part) for part in item["loc"]) or "setup"
    what = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "missing":
        what = "is missing"
    if item["type"] == "extra_forbidden":
        what = "is not a setting; check its spelling and its section"
    return f"{where}: {what}"


def _anchored(setup: Setup, folder: Path) -> Setup:
    """Relative paths of a file mean the file's folder, wherever the command is started."""
    url = setup.store.url
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != prefix and not url.startswith((prefix + "/", prefix + ":memory:")):
        url = prefix + str(folder / url.removeprefix(prefix))
    changes: dict[str, Any] = {"store": setup.store.model_copy(update={"url": url})}
    for section in ("webstore", "business_central"):
        connection = getattr(setup, section)
        if isinstance(connection.verify_tls, Path) and not connection.verify_tls.is_absolute():
            changes[section] = connection.model_copy(update={"verify_tls": folder / connection.verify_tls})
    reports = setup.reports.folder
    if reports is not None and not reports.is_absolute():
        changes["reports"] = setup.reports.model_copy(update={"folder": folder / reports})
    own = setup.synchronization.mappings
    if own is not None and not own.is_absolute():
        changes["synchronization"] = setup.synchronization.model_copy(update={"mappings": folder / own})
    return setup.model_copy(update=changes)
