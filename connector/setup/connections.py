"""How both systems are reached, and where secrets come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from connector.setup.addresses import is_this_machine
from connector.setup.choices import label_of, title_of
from connector.setup.customers_page import STANDARD_API, CustomersApi, EntityName, OptionalEntityName, ShipToCode
from connector.setup.reach import as_a_login, as_a_prefix, as_a_proxy, checked_headers
from connector.setup.secrets import Key, Secret
from connector.setup.two_ways import in_one_way

__all__ = ["BusinessCentralConnection", "Section", "WebstoreConnection", "role_key"]


def _if_known(check: Callable[[SecretStr], SecretStr]) -> Callable[[SecretStr, ValidationInfo], SecretStr]:
    """A check of secrets that leaves alone what stands for one that is not resolved here."""

    def checked(secret: SecretStr, info: ValidationInfo) -> SecretStr:
        environ = (info.context or {}).get("environ")
        is_known = not getattr(environ, "stands_in", lambda _: False)(secret.get_secret_value())
        return check(secret) if is_known else secret

    return checked


Proxy = Annotated[Secret, AfterValidator(_if_known(as_a_proxy))]
WebLogin = Annotated[Secret, AfterValidator(_if_known(as_a_login))]
Headers = Annotated[Mapping[str, Secret], AfterValidator(checked_headers)]
# blanks around it, as copying leaves them, are no part of it
Trimmed = Annotated[str, StringConstraints(strip_whitespace=True)]

_PROXY = (
    "Proxy on the way: its address, e.g. http://proxy.example:3128 (with a login as env:NAME), or `environment` for the one of "
    "HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Left out: none, whatever the environment says."
)
_HEADERS = (
    'Headers that a host or gateway asks for with each request, e.g. { "X-Gateway-Key" = "env:GATEWAY_KEY" }; the values are '
    "secrets."
)


class Section(BaseModel):
    """Base of the sections of a setup: nothing unknown is taken, nothing changes, blanks around texts do not count."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        model_title_generator=title_of,
        field_title_generator=label_of,
        str_strip_whitespace=True,
    )


def _check_address(url: str, allow_plain_http: bool, name: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{name} must be a full address such as https://shop.example")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"{name} must hold no credentials, query or fragment")
    if parts.scheme == "http" and not is_this_machine(url) and not allow_plain_http:
        raise ValueError(
            f"{name} is plain http, which sends keys and customers readable over the network; "
            "use https, or set allow_plain_http = true if the network is yours alone"
        )


def _several(value: Any) -> Any:
    """Texts of a list, or of one text with commas between them."""
    return [part for part in (part.strip() for part in value.split(",")) if part] if isinstance(value, str) else value


def role_key(role: str) -> str:
    """A role as it is compared: as people write it, or as WordPress keeps it (Wholesale Customer, wholesale_customer)."""
    return role.casefold().replace("-", "_").replace(" ", "_")


Role = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class WebstoreConnection(Section):
    """How to reach the WooCommerce webstore."""

    url: Trimmed = Field(description="Address of the shop, e.g. https://shop.example (without /wp-json).")
    rest_prefix: Annotated[str, AfterValidator(as_a_prefix)] = Field(
        default="wp-json",
        description="Where the REST API is below url: wp-json, another prefix that the shop has chosen, or "
        "index.php?rest_route= where permalinks are plain. `check` asks the shop and says which.",
    )
    consumer_key: Key = Field(description="REST API consumer key with read and write permission (ck_…), as env:NAME.")
    consumer_secret: Key = Field(description="REST API consumer secret (cs_…), as env:NAME.")
    verify_tls: bool | Path = Field(
        default=True, description="Verify the certificate: true, or the path of a file with your own authority's one."
    )
    api_key_as_query_param: bool = Field(
        default=False,
        description="Send the key in the address instead of the Authorization header. Less secure (addresses are "
        "logged on their way); only for hosts that strip the header.",
    )
    proxy: Proxy | None = Field(default=None, description=_PROXY)
    web_login: WebLogin | None = Field(
        default=None,
        description="Login that the web server asks for before the shop answers (.htaccess), as USER:PASSWORD in env:NAME. It "
        "takes the place of the key in the Authorization header, so it needs api_key_as_query_param = true.",
    )
    headers: Headers = Field(default={}, description=_HEADERS)
    customer_role_filter: Annotated[tuple[Role, ...], BeforeValidator(_several)] = Field(
        default=("customer",),
        min_length=1,
        description='Roles of the accounts that are synchronised, in any letter case, e.g. ["customer", "wholesale_customer"]; '
        "`all` includes subscribers and staff.",
    )
    allow_plain_http: bool = Field(default=False, description="Allow http:// to hosts other than this machine.")
    max_concurrent_requests: int = Field(
        default=2, ge=1, le=16, description="Requests at one time. A shop serves about as many as its host has cores."
    )
    timeout_seconds: float = Field(
        default=120, gt=0, le=600, description="Seconds to wait for an answer; a batch of 100 creates takes 10 s."
    )

    def takes(self, role: object) -> bool:
        """Whether accounts of a role, as the shop names it, are synchronised."""
        wanted = {role_key(name) for name in self.customer_role_filter}
        return "all" in wanted or role_key(str(role)) in wanted

    @model_validator(mode="after")
    def _address(self) -> WebstoreConnection:
        _check_address(self.url, self.allow_plain_http, "url")
        if urlsplit(self.url).path.rstrip("/").endswith(("/wp-json", "/wc/v3")):
            raise ValueError("url is the shop's own address; leave out /wp-json and what follows")
        if self.web_login is not None and not self.api_key_as_query_param:
            raise ValueError(
                "web_login and the key cannot both stand in the Authorization header; set api_key_as_query_param = true"
            )
        return self


_NEEDED: Mapping[str, tuple[str, ...]] = {
    "client-credentials": ("token_url", "client_id", "client_secret"),
    "client-certificate": ("token_url", "client_id", "client_certificate"),
    "token-command": ("token_command",),
    "basic": ("username", "password"),
}


class BusinessCentralConnection(Section):
    """How to reach the Business Central company."""

    base_url: Trimmed = Field(
        description="Everything up to and including /api/v2.0, e.g. "
        "https://api.businesscentral.dynamics.com/v2.0/TENANT/Production/api/v2.0."
    )
    company: str = Field(min_length=1, description="Name or id of the company.")
    customers_api: CustomersApi = Field(
        default=STANDARD_API,
        description="API of the page that customers are read from and written to: v2.0, or publisher/group/v1.0 of a partner's "
        "custom page (docs/custom-api.md). Everything else stays in API v2.0.",
    )
    customers_entity: EntityName = Field(
        default="customers", description="What that page calls its list of customers (EntitySetName)."
    )
    ship_to_entity: OptionalEntityName = Field(
        default="",
        description="What that page calls a customer's list of ship-to addresses, such as shipToAddresses; with it "
        "mappings/fields.csv may name shipTo.… properties.",
    )
    ship_to_code: ShipToCode = Field(
        default="",
        description="Code of the ship-to address that is meant, such as WEBSHOP. A customer without one gets it.",
    )
    tenant: Trimmed = Field(
        default="",
        description="Tenant of an on-premises server that has several (?tenant=NAME of its addresses, which may stand in "
        "base_url as well); blank where the address or the host name says it.",
    )
    auth: Literal["client-credentials", "client-certificate", "token-command", "basic"] = Field(
        default="client-credentials",
        description="client-credentials: an Entra application with a secret (online). "
        "client-certificate: the same with a certificate. token-command: tokens that a program of yours gets. "
        "basic: user and web service access key (on-premises).",
    )
    token_url: Trimmed | None = Field(
        default=None,
        description="Where tokens come from: https://login.microsoftonline.com/TENANT/oauth2/v2.0/token.",
    )
    client_id: Secret | None = Field(default=None, description="Application (client) id, as env:NAME or as it is.")
    client_secret: Secret | None = Field(default=None, description="Client secret, as env:NAME.")
    client_certificate: Path | None = Field(
        default=None,
        description="File with the application's certificate and its private key (auth = client-certificate): PEM, or .pfx.",
    )
    client_certificate_password: Secret | None = Field(
        default=None, description="Password of that file, if it has one, as env:NAME."
    )
    token_command: str | None = Field(
        default=None,
        description="Command that prints an access token (auth = token-command), e.g. az account get-access-token --resource "
        "https://api.businesscentral.dynamics.com. Started without a shell, whenever a new token is needed.",
    )
    scope: str = Field(
        default="https://api.businesscentral.dynamics.com/.default", description="Scope that is asked for in tokens."
    )
    username: str | None = Field(default=None, description="User name (auth = basic).")
    password: Secret | None = Field(default=None, description="Web service access key (auth = basic), as env:NAME.")
    proxy: Proxy | None = Field(default=None, description=_PROXY + " Tokens are asked for by the same way.")
    headers: Headers = Field(default={}, description=_HEADERS + " They are not sent to token_url.")
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

    @property
    def has_custom_page(self) -> bool:
        """Whether customers are read from another page than API v2.0's own."""
        return (self.customers_api, self.customers_entity) != (STANDARD_API, "customers")

    _in_one_way = model_validator(mode="before")(in_one_way)

    @model_validator(mode="after")
    def _complete(self) -> BusinessCentralConnection:
        problems = []
        try:
            _check_address(self.base_url, self.allow_plain_http, "base_url")
            if not self.base_url.rstrip("/").lower().endswith("/api/v2.0"):
                problems.append("base_url must end with /api/v2.0")
        except ValueError as error:
            problems.append(str(error))
        if self.ship_to_entity and self.customers_api == STANDARD_API:
            problems.append("ship_to_entity needs a customers_api: API v2.0 has no ship-to addresses")
        if bool(self.ship_to_entity) != bool(self.ship_to_code):
            missing = "ship_to_code" if self.ship_to_entity else "ship_to_entity"
            problems.append(f"{missing} is missing; ship_to_entity and ship_to_code belong together")
        problems += [
            f"{name} is missing; auth = {self.auth!r} needs it"
            for name in _NEEDED[self.auth]
            if not getattr(self, name)
        ]
        if self.token_url:
            try:
                _check_address(self.token_url, self.allow_plain_http, "token_url")
            except ValueError as error:
                problems.append(str(error))
        if problems:
            raise ValueError("; ".join(problems))
        return self
