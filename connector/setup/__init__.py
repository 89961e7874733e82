"""The WooCommerce Connector Setup: connections, flags, policies and limits of one webstore.

The models here are the TOML file, and the form in the Prefect UI. Every field says what it means; the descriptions are
what people read, so they are written for the administrator of a shop. Loading resolves secrets (`env:NAME`, `file:PATH`)
and refuses half a setup with *all* its problems at once.
"""

from __future__ import annotations

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
from connector.setup.connections import BusinessCentralConnection, WebstoreConnection
from connector.setup.console import ConsoleRight, ConsoleSettings, ConsoleUser
from connector.setup.metrics import MetricsSettings
from connector.setup.reading import Setup, UnresolvedSecrets, load_setup, parse_setup
from connector.setup.sections import (
    Accounts,
    Approval,
    Breakers,
    Extracts,
    Matching,
    PartitionSettings,
    Policies,
    Reports,
    StoreSettings,
    Synchronization,
    Template,
)
from connector.setup.toml_files import document_in
from connector.setup.webhooks import Webhooks

__all__ = [
    "AccountMails",
    "Accounts",
    "Approval",
    "ApprovalRequired",
    "BlankPolicy",
    "Breakers",
    "BusinessCentralConnection",
    "ConflictPolicy",
    "ConsoleRight",
    "ConsoleSettings",
    "ConsoleUser",
    "DriftPolicy",
    "Extracts",
    "FirstLinkPolicy",
    "HtmlReports",
    "Matching",
    "MetricsSettings",
    "OrphanPolicy",
    "PartitionSettings",
    "PersonalData",
    "Policies",
    "PullWebstoreCustomers",
    "PushWebstoreCustomers",
    "Reports",
    "Runner",
    "Setup",
    "StoreSettings",
    "Synchronization",
    "Template",
    "UnresolvedSecrets",
    "UsernameRule",
    "Webhooks",
    "WebstoreConnection",
    "WhenBusy",
    "WhileWaiting",
    "document_in",
    "load_setup",
    "parse_setup",
]
