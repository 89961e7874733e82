"""How both systems are reached, and where secrets come from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from connector.setup.choices import title_of
from connector.setup.secrets import Key, Secret

__all__ = ["BusinessCentralConnection", "Section", "WebstoreConnection", "role_key"]

LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class Section(BaseModel):
    """Base of the sections of a setup: nothing unknown is taken, nothing changes, blanks around texts do not count."""

    model_config = ConfigDict(extra="forbid", frozen=True, model_title_generator=title_of, str_strip_whitespace=True)


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


def _several(value: Any) -> Any:
    """Texts of a list, or of one text with commas between them."""
    return [part for part in (part.strip() for part in value.split(",")) if part] if isinstance(value, str) else value


def role_key(role: str) -> str:
    """A role as it is compared: as people write it, or as WordPress keeps it (Wholesale Customer, wholesale_customer)."""
    return role.casefold().replace("-", "_").replace(" ", "_")


Role = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class WebstoreConnection(Section):
    """How to reach the WooCommerce webstore."""

    url: str = Field(description="Address of the shop, e.g. https://shop.example (without /wp-json).")
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
        return self


class BusinessCentralConnection(Section):
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
