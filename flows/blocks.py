"""The setup as Prefect Blocks: forms in the UI, secrets encrypted by the server.

The models are those of connector/setup.py without their secrets, so that form and TOML file cannot drift apart; the secrets
live in two credential blocks. A secret may also be a reference, `env:NAME`, which the process that runs the flow resolves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import BaseModel, ConfigDict, Field, Secret, SecretStr, create_model

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
from connector.setup.choices import title_of

__all__ = ["BLOCKS", "BusinessCentralCredentials", "ConnectorSetup", "WooCommerceCredentials"]

WEBSTORE_SECRETS = ("consumer_key", "consumer_secret", "proxy", "web_login", "headers")
BUSINESS_CENTRAL_SECRETS = (
    *("client_id", "client_secret", "client_certificate_password", "username", "password"),
    *("proxy", "headers"),
)
_PROXY = "Its address, with a login if it wants one; `environment` for HTTPS_PROXY; empty for none. Or env:NAME."
_HEADERS = "What a host or gateway asks for with each request, by the header's name: each value a secret or env:NAME."


def _without(model: type[BaseModel], secrets: tuple[str, ...]) -> Any:
    """The form of a connection: its fields but the secrets. What belongs together is checked when the setup is put together."""
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in model.model_fields.items() if name not in secrets
    }
    config = ConfigDict(extra="forbid", title=title_of(model))
    return create_model(f"{model.__name__}Form", __config__=config, __doc__=model.__doc__, **fields)


if TYPE_CHECKING:
    WebstoreForm = WebstoreConnection
    BusinessCentralForm = BusinessCentralConnection
else:
    WebstoreForm = _without(WebstoreConnection, WEBSTORE_SECRETS)
    BusinessCentralForm = _without(BusinessCentralConnection, BUSINESS_CENTRAL_SECRETS)


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
    synchronization: Synchronization = Field(default_factory=Synchronization, title="Synchronisation")
    accounts: Accounts = Field(default_factory=Accounts, title="Accounts created in the webstore")
    matching: Matching = Field(default_factory=Matching, title="Matching")
    approval: Approval = Field(default_factory=Approval, title="Approval of plans")
    breakers: Breakers = Field(default_factory=Breakers, title="Breakers")
    reports: Reports = Field(default_factory=Reports, title="Reports")
    extracts: Extracts = Field(default_factory=Extracts, title="Kept extracts")
    store: StoreSettings = Field(default_factory=StoreSettings, title="Store")
    partitions: PartitionSettings = Field(default_factory=PartitionSettings, title="Partitions")
    webhooks: Webhooks = Field(default_factory=Webhooks, title="Webhooks")
    console: ConsoleSettings = Field(default_factory=ConsoleSettings, title="Console")
    metrics: MetricsSettings = Field(default_factory=MetricsSettings, title="Metrics")
    templates: list[Template] = Field(default_factory=list, title="Templates of created customers")

    def document(self) -> dict[str, Any]:
        """The same as a TOML file would say it; secrets in clear, or as the references that they are."""
        hidden = {"webstore_credentials", "business_central_credentials", "block_type_slug"}
        document: dict[str, Any] = {
            name: value
            for name, value in self.model_dump(mode="json", exclude_none=True).items()
            if name in type(self).model_fields and name not in hidden
        }
        for section, credentials, names in (
            ("webstore", self.webstore_credentials, WEBSTORE_SECRETS),
            ("business_central", self.business_central_credentials, BUSINESS_CENTRAL_SECRETS),
        ):
            for name in names:
                value = _in_clear(getattr(credentials, name))
                if value:
                    document[section][name] = value
        return document

    def setup(self, environ: Mapping[str, str] | None = None) -> Setup:
        """The setup, complete and checked. `environ` resolves references to secrets; None = this process's environment.

        Raises:
            SetupError: with every problem.
        """
        return parse_setup(self.document(), origin=f"block of webstore {self.webstore_code}", environ=environ)


def _in_clear(secret: Any) -> Any:
    """A secret, or a table of them, as a file would hold it."""
    return secret.get_secret_value() if isinstance(secret, Secret | SecretStr) else secret


BLOCKS: tuple[type[Block], ...] = (WooCommerceCredentials, BusinessCentralCredentials, ConnectorSetup)
