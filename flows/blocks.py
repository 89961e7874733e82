"""The setup as Prefect Blocks: forms in the UI, secrets encrypted by the server.

The models are those of connector/setup.py without their secrets, so that form and TOML file cannot drift apart; the secrets
live in two credential blocks. A secret may also be a reference, `env:NAME`, which the process that runs the flow resolves.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import BaseModel, ConfigDict, Field, Secret, SecretStr, create_model, model_validator

from connector.core.counting import counted
from connector.errors import SetupError
from connector.setup import (
    Accounts,
    Approval,
    Breakers,
    BusinessCentralConnection,
    ConsoleSettings,
    Extracts,
    Matching,
    MetricsSettings,
    PartitionSettings,
    Reports,
    Setup,
    StoreSettings,
    Synchronization,
    Template,
    Webhooks,
    WebstoreConnection,
    parse_setup,
)
from connector.setup.choices import label_of, title_of
from connector.setup.reading import paths_of

__all__ = ["BLOCKS", "BusinessCentralCredentials", "ConnectorSetup", "WooCommerceCredentials"]

WEBSTORE_SECRETS = ("consumer_key", "consumer_secret", "proxy", "web_login", "headers")
BUSINESS_CENTRAL_SECRETS = (
    *("client_id", "client_secret", "client_certificate_password", "username", "password"),
    *("proxy", "headers"),
)
_PROJECT = Path(__file__).resolve().parents[1]
_PROXY = "Its address, with a login if it wants one; `environment` for HTTPS_PROXY; empty for none. Or env:NAME."
_HEADERS = "What a host or gateway asks for with each request, by the header's name: each value a secret or env:NAME."


def _none_first(schema: dict[str, Any]) -> None:
    """Prefect's first UI opens the first kind of a field that holds nothing yet."""
    schema["anyOf"].sort(key=lambda kind: kind.get("type") != "null")


def _folded(title: str, about: str) -> Any:
    """A part of the form that stays shut until somebody opens it."""
    words = f"{about} None: as it ships.".strip()
    return Field(default=None, title=title, description=words, json_schema_extra=_none_first)


def _form(model: type[BaseModel], basic: tuple[str, ...], secrets: tuple[str, ...] = ()) -> Any:
    """The form of a section: what everybody fills in, and the rest folded as `more`; secrets have blocks of their own.

    Prefect's forms fold nothing but a choice between a section and None. What belongs together is checked when the setup is put
    together. Values that stand side by side, as files and blocks of earlier versions have them, are taken, too.
    """
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in model.model_fields.items() if name not in secrets
    }
    rest = {name: field for name, field in fields.items() if name not in basic}
    config = ConfigDict(extra="forbid", title="set here", field_title_generator=label_of)
    more = create_model(f"{model.__name__}More", __config__=config, **rest)

    def folded(given: Any) -> Any:
        if not isinstance(given, Mapping) or not rest.keys() & given.keys():
            return given
        inner = {**(given.get("more") or {}), **{name: value for name, value in given.items() if name in rest}}
        return {**{name: value for name, value in given.items() if name not in rest}, "more": inner}

    return create_model(
        f"{model.__name__}Form",
        __config__=ConfigDict(extra="forbid", title=title_of(model), field_title_generator=label_of),
        __doc__=model.__doc__,
        __validators__={"folded": model_validator(mode="before")(folded)},  # type: ignore[dict-item]
        **{name: fields[name] for name in basic},
        more=(
            more | None,
            _folded("Everything else", ""),
        ),
    )


if TYPE_CHECKING:
    WebstoreForm = WebstoreConnection
    BusinessCentralForm = BusinessCentralConnection
    SynchronizationForm = Synchronization
else:
    WebstoreForm = _form(WebstoreConnection, ("url",), WEBSTORE_SECRETS)
    BusinessCentralForm = _form(
        BusinessCentralConnection, ("base_url", "company", "token_url"), BUSINESS_CENTRAL_SECRETS
    )
    SynchronizationForm = _form(Synchronization, ("push_webstore_customers", "pull_webstore_customers"))


# blocks keep the names of their classes as titles: by these the server joins a block to the ones that it refers to
class WooCommerceCredentials(Block):
    """The REST API key of a webstore (WooCommerce > Settings > Advanced > REST API, permission Read/Write), and what is secret of
    the way to it."""

    _block_type_name = "WooCommerce Credentials"
    _block_type_slug = "woocommerce-credentials"
    _description = "REST API key of a WooCommerce webstore, owned by an administrator."

    consumer_key: SecretStr = Field(title="Consumer key", description="ck_…, or env:NAME.")
    consumer_secret: SecretStr = Field(title="Consumer secret", description="cs_…, or env:NAME.")
    proxy: SecretStr | None = Field(default=None, title="Proxy", description=_PROXY)
    web_login: SecretStr | None = Field(
        default=None,
        title="Login of the web server",
        description="USER:PASSWORD that it asks for (.htaccess), or env:NAME.",
    )
    headers: SecretDict | None = Field(default=None, title="Extra headers", description=_HEADERS)


class BusinessCentralCredentials(Block):
    """An Entra application (client id and secret), or user and web service access key on-premises; and what is secret of the
    way to it."""

    _block_type_name = "Business Central Credentials"
    _block_type_slug = "business-central-credentials"
    _description = "Entra application, or user and web service access key, for Business Central's API v2.0."

    client_id: SecretStr | None = Field(default=None, title="Client id", description="Of the Entra application.")
    client_secret: SecretStr | None = Field(default=None, title="Client secret", description="Or env:NAME.")
    client_certificate_password: SecretStr | None = Field(
        default=None, title="Password of the certificate", description="Of the file client_certificate; or env:NAME."
    )
    username: str | None = Field(default=None, title="User name", description="For auth = basic (on-premises).")
    password: SecretStr | None = Field(default=None, title="Access key", description="Web service access key.")
    proxy: SecretStr | None = Field(default=None, title="Proxy", description=_PROXY)
    headers: SecretDict | None = Field(default=None, title="Extra headers", description=_HEADERS)


class ConnectorSetup(Block):
    """The WooCommerce Connector Setup of one webstore."""

    _block_type_name = "WooCommerce Connector Setup"
    _block_type_slug = "woocommerce-connector-setup"
    _description = "Connections, flags, policies and limits of one webstore and its Business Central company."

    webstore_code: str = Field(
        title="Webstore code", description="Short name of this webstore; never change it: mappings belong to it."
    )
    webstore: WebstoreForm = Field(title="Webstore")
    webstore_credentials: WooCommerceCredentials = Field(title="Key of the webstore")
    business_central: BusinessCentralForm = Field(title="Business Central")
    business_central_credentials: BusinessCentralCredentials = Field(title="Credentials of Business Central")
    synchronization: SynchronizationForm = Field(default_factory=SynchronizationForm, title="Synchronisation")
    store: StoreSettings | None = _folded("Store", "Where mappings, bases and logs are kept.")
    approval: Approval | None = _folded("Approval of plans", "Which plans a person must approve.")
    templates: list[Template] = Field(default_factory=list, title="Templates of created customers")
    accounts: Accounts | None = _folded("Accounts created in the webstore", "User names, and the shop's mails.")
    matching: Matching | None = _folded("Matching", "Which evidence links unmapped customers.")
    breakers: Breakers | None = _folded("Breakers", "Limits at which a run stops before its first write.")
    reports: Reports | None = _folded("Reports", "What runs show, and their files.")
    extracts: Extracts | None = _folded("Kept extracts", "What runs keep, to try other rules on it.")
    partitions: PartitionSettings | None = _folded("Partitions", "For more customers than memory holds.")
    webhooks: Webhooks | None = _folded("Webhooks", "Changed customers at once, and not at the next run.")
    console: ConsoleSettings | None = _folded("Console", "The pages in the browser, and who may use them.")
    metrics: MetricsSettings | None = _folded("Metrics", "Who may read the numbers for Prometheus.")

    def document(self, *, with_secrets: bool = True) -> dict[str, Any]:
        """The same as a TOML file would say it; secrets in clear, or as the references that they are, or left out."""
        hidden = {"webstore_credentials", "business_central_credentials", "block_type_slug"}
        document: dict[str, Any] = {
            name: value
            for name, value in self.model_dump(mode="json", exclude_none=True).items()
            if name in type(self).model_fields and name not in hidden
        }
        for name in ("webstore", "business_central", "synchronization"):
            document[name] |= document[name].pop("more", {})
        for section, credentials, names in (
            ("webstore", self.webstore_credentials, WEBSTORE_SECRETS),
            ("business_central", self.business_central_credentials, BUSINESS_CENTRAL_SECRETS),
        ):
            for name in names if with_secrets else ():
                value = _in_clear(getattr(credentials, name))
                if value:
                    document[section][name] = value
        return document

    def setup(self, environ: Mapping[str, str] | None = None) -> Setup:
        """The setup, complete and checked. `environ` resolves references to secrets; None = this process's environment.

        Relative paths count from the project's folder, that of prefect.yaml, whichever folder a process works in.

        Raises:
            SetupError: with every problem; or it has relative paths, and the project is installed without its folder.
        """
        document, origin = self.document(), f"block of webstore {self.webstore_code}"
        if (_PROJECT / "prefect.yaml").is_file():
            return parse_setup(document, origin=origin, folder=_PROJECT, environ=environ)
        made = parse_setup(document, origin=origin, environ=environ)
        if relative := paths_of(made):
            raise SetupError(
                f"The setup {origin} has {counted(len(relative), 'path')} that count from no folder:",
                problems=[f"{place}: {path}" for place, path in relative.items()],
                hint="Write them in full in the block, such as sqlite:////var/lib/customer-sync/store.sqlite.",
            )
        return made


def _in_clear(secret: Any) -> Any:
    """A secret, or a table of them, as a file would hold it."""
    return secret.get_secret_value() if isinstance(secret, Secret | SecretStr) else secret


BLOCKS: tuple[type[Block], ...] = (WooCommerceCredentials, BusinessCentralCredentials, ConnectorSetup)
