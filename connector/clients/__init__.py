"""The two systems over HTTP: customers in and out, every surprise of theirs guarded against."""

from connector.clients.business_central.api import KnownCompany
from connector.clients.business_central.client import BusinessCentralClient
from connector.clients.redaction import RedactingFilter, redact
from connector.clients.results import BatchOutcomes, Census, CheckResult, Create, Outcome, Update
from connector.clients.woocommerce.client import WooCommerceClient

__all__ = [
    "BatchOutcomes",
    "BusinessCentralClient",
    "Census",
    "CheckResult",
    "Create",
    "KnownCompany",
    "Outcome",
    "RedactingFilter",
    "Update",
    "WooCommerceClient",
    "redact",
]
