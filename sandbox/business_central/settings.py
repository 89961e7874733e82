"""What the emulator accepts, how much it takes, and how it behaves where the product's behaviour is not documented.

Fields that say "assumed" stand for behaviour that nobody was seen testing on the real system: the default is the more
likely one, and a client that wants to be safe is tested with both.
"""

from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.business_central.custom_page import CustomPage


@dataclass(frozen=True)
class ConfigurationTemplate:
    """A row of the page "API Setup": default values of new customers that meet the conditions.

    `conditions` and `values` are properties of the API by name; a condition holds when the new customer has exactly
    that value, no conditions fit everybody. Values are validated like sent ones, but what was sent stays.
    """

    values: dict[str, Any]
    conditions: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Settings:
    """Credentials, company habits, limits, and switches."""

    client_id: str
    """The app that may ask for tokens (client credentials)."""
    client_secret: str
    """The app's secret."""
    username: str
    """The user of the on-premises style address (Basic)."""
    password: str
    """The user's password or web service access key."""
    tenant: str
    """The tenant's id, in the token address and, if the client names it, in the API's address."""
    environment: str
    """Name of the only environment; any other one is answered in XML."""

    client_certificate: str = ""
    """PEM of the certificate by which the app may sign instead of showing its secret; "" = none was uploaded."""
    on_premises_tenants: tuple[str, ...] = ()
    """Tenants of the on-premises style address; with some, each of its addresses, parts of a batch included, needs ?tenant=."""
    own_address: str = ""
    """What the server takes for its own address in next links, as behind a reverse proxy, e.g. https://inside:7048; "" = as
    it was asked."""

    # Habits of the company
    manual_numbers: bool = True
    """Whether the number series of customers has "Manual Nos.", so that a POST may choose the number."""
    templates: tuple[ConfigurationTemplate, ...] = ()
    """Templates of "API Setup" in their order; the first that fits is applied, none by default."""
    default_salesperson: str = ""
    """Salesperson code of the calling user's User Setup, given to new customers without one."""
    country_required_in_addresses: bool = False
    """General Ledger Setup "Req. Country/Reg. Code in Addr.": on, a change of country clears no address."""
    checks_vat_numbers: bool = True
    """Whether VAT numbers must have one of the formats of their country; countries without formats take any."""
    may_write_customers: bool = True
    """Whether the app's permission sets allow to insert, modify and delete customers; otherwise 403."""
    custom_page: CustomPage | None = None
    """A partner's API page for customers, beside the standard one; None by default. What it shows may change meanwhile."""
    is_api_enabled: bool = True
    """On premises the API is off by default; off, every call is a 405."""

    # Limits
    token_seconds: int = 3599
    """Life of a token."""
    maximum_page: int = 20_000
    """Rows of a page at most, and without a preference."""
    maximum_batch: int = 100
    """Operations of a $batch at most; more are a 500 before anything is done."""
    maximum_body: int = 350 * 1024 * 1024
    """Bytes of a request body at most; more are a 413."""
    requests_per_window: int = 6_000
    """Requests of one user within the sliding window; more are a 429."""
    window_seconds: float = 300
    """Length of the sliding window."""
    concurrent_requests: int = 5
    """Requests of one user that are worked on at once; others queue."""
    queued_requests: int = 95
    """Requests of one user that may queue; more are a 429."""
    queue_seconds: float = 480
    """How long a request queues at most; then a 503 with Retry-After."""
    seconds_per_request: float = 0
    """Time that the server spends on every request besides the real work; without it nothing ever queues."""
    retry_after_on_429: int | None = 30
    """Retry-After of a 429 (assumed: it is documented for 502 and 503 only); None sends none."""
    maximum_subscriptions: int = 200
    """Webhook subscriptions at most (assumed: one more is a 400)."""
    subscription_days: float = 3
    """Life of a subscription."""
    handshake_seconds: float = 5
    """How long a subscriber may take to answer the validation request."""
    notification_delay_seconds: float = 30
    """From the first change to the notification."""
    notification_timeout_seconds: float = 30
    """How long a subscriber may take to answer a notification."""
    maximum_notifications: int = 1_000
    """Changes of one subscription that are told one by one; more become one notification of the collection."""

    # Switches for what is assumed
    batch_counts_once: bool = True
    """Assumed: a $batch is one request of the 6,000; off, it counts as many as it has operations."""
    snapshot_failure_reports_all: bool = True
    """A failing snapshot batch answers all operations unless the first one failed (seen live); off: up to the failing."""
    snapshots_are_known: bool = True
    """Documented and seen; off stands for a server that does not know `Isolation: snapshot` and undoes nothing."""
    trigger_order: Literal["body", "page"] = "body"
    """Assumed: properties are validated in the order of the body; "page": in the order of the page."""
    country_clears_new_addresses: bool = True
    """Assumed: a country that follows in a POST behind the post code of another one clears city, postal code and state,
    as in a PATCH; off, a POST clears nothing."""
    unchanged_patch_is_a_change: bool = True
    """Assumed: a PATCH with unchanged values moves lastModifiedDateTime and notifies; off, it does neither."""
    duplicate_number_status: Literal[400, 409] = 400
    """400 was seen live for a number in use, the server's own table of statuses says 409."""
    unknown_id_code: Literal["Internal_RecordNotFound", "BadRequest_NotFound"] = "Internal_RecordNotFound"
    """Assumed: the error code of an id that does not exist (404)."""
    unknown_relation_error: Literal["table", "page"] = "table"
    """Assumed: which check refuses an unknown paymentTermsId and its like: the table relation, or the page's text."""
    first_error_of_a_patch: Literal["body", "etag"] = "body"
    """Assumed: what is told of a PATCH whose If-Match is old and whose body cannot be read."""
    missing_if_match_before_unknown_id: bool = False
    """Assumed: a PATCH without If-Match for an id that does not exist is a 404; on, it is the 400 of the missing tag."""
    null_clears_text: bool = False
    """Assumed: null for a text is refused like null for a number; on, it clears the text."""
    id_may_be_posted: bool = False
    """Assumed: `id` in a POST body is read-only; on, it becomes the customer's id."""
    delete_requires_if_match: bool = False
    """The documentation asks for If-Match on DELETE, the product was seen doing without; what is sent is checked."""
    balance_changes_etag: bool = True
    """Assumed: posted entries change the ETag, because it is computed from all values of the page."""
    location_after_create: bool = True
    """Assumed: a 201 carries Location."""
    page_above_maximum: Literal["refuse", "cap"] = "refuse"
    """Documented as 413 when a client asks for more rows than the maximum; "cap" gives the maximum."""
    in_operator: Literal["ignored", "works"] = "ignored"
    """`in` in a $filter was reported to filter nothing, without an error."""
    nested_functions: Literal["refused", "works"] = "refused"
    """contains(tolower(field),'x') is documented for $schemaversion=2.1 only; below "error or undefined"."""
    honours_schema_version: bool = False
    """Assumed: $schemaversion=2.1 changes nothing of the standard API; on, it lets `in` and nested functions work."""
    star_is_a_wildcard: bool = True
    """`*` inside the literal of an eq is a wildcard, as in the product's own example."""
    codes_are_filtered_in_upper_case: bool = True
    """Assumed: literals for Code fields (number, country, ...) are upper-cased before they are compared."""
    enums_in_filters: bool = False
    """Assumed for the standard page, seen on another: comparing blocked or type in a $filter is a 400."""
    dates_stand_for_times: bool = False
    """Assumed: `lastModifiedDateTime gt 2020-01-01`, without a time, is a 400; on, it means midnight UTC."""
    null_in_filters: Literal["blank", "refused"] = "blank"
    """Assumed: `eq null` finds blank texts and ids."""
    long_literals_in_functions: Literal["refused", "nothing"] = "refused"
    """Assumed: a literal longer than the field is refused in contains and its like as in eq; "nothing" finds nobody."""
    suffixed_numbers: bool = True
    """Assumed: the numbers 10m and 1e1 are understood in a $filter; off, they are a 400."""
    options_know_letter_case: bool = False
    """Assumed: $Top is $top; on, it is an unknown option and a 400."""
    batch_references: bool = False
    """Assumed: `$1` as the url of an operation is no address; on, it is what operation 1 has addressed or created."""
    unknown_environment_needs_token: bool = False
    """Assumed: an environment that is not there is a 404 for everybody; on, a 401 for who has no token."""
    missing_secret_status: Literal[400, 401] = 401
    """Assumed: a token request without a secret is an invalid client; 400 stands for a missing parameter."""
    vanished_skiptoken: Literal["refused", "continued"] = "refused"
    """Assumed: a page whose skiptoken names a row deleted meanwhile is a 400; "continued" goes on where it stood."""
    clock_offsets_ms: tuple[int, ...] = (0,)
    """Clocks of the application servers against UTC: writes are stamped by them in turn."""
