"""What is remembered: mapping table, bases, journal, holds, runs. SQLite by default, PostgreSQL by address."""

from connector.store.bases import Base
from connector.store.journal import Intent, OpenIntent, Settlement
from connector.store.lease import Lease, LeaseHeld
from connector.store.mapping import MappingRow, MappingVersion
from connector.store.store import Store, View, Work, open_store

__all__ = [
    "Base",
    "Intent",
    "Lease",
    "LeaseHeld",
    "MappingRow",
    "MappingVersion",
    "OpenIntent",
    "Settlement",
    "Store",
    "View",
    "Work",
    "open_store",
]
