"""What is remembered: mapping table, bases, journal, holds, runs. SQLite by default, PostgreSQL by address."""

from connector.store.bases import Base
from connector.store.decisions import StoredDecision
from connector.store.directory import DirectoryRow
from connector.store.frames import records
from connector.store.journal import Intent, OpenIntent, Settlement
from connector.store.lease import Lease, LeaseHeld, LeaseLost
from connector.store.leases import HeldLease
from connector.store.machine_clock import boot_seconds
from connector.store.mapping import MappingRow, MappingVersion
from connector.store.plans import KeptPlan, StoredPlan, plan_prefix
from connector.store.standing import ChangedValue, QuarantinedField, StandingConflict, StandingSuggestion
from connector.store.store import Store, View, Work, open_store
from connector.store.webhooks import (
    EVERYTHING,
    LEFT_TO_THE_SCHEDULE,
    RUNS_OVER_ALL,
    NotedChange,
    Waiting,
    right_to_look,
)

__all__ = [
    "EVERYTHING",
    "LEFT_TO_THE_SCHEDULE",
    "RUNS_OVER_ALL",
    "Base",
    "ChangedValue",
    "DirectoryRow",
    "HeldLease",
    "Intent",
    "KeptPlan",
    "Lease",
    "LeaseHeld",
    "LeaseLost",
    "MappingRow",
    "MappingVersion",
    "NotedChange",
    "OpenIntent",
    "QuarantinedField",
    "Settlement",
    "StandingConflict",
    "StandingSuggestion",
    "Store",
    "StoredDecision",
    "StoredPlan",
    "View",
    "Waiting",
    "Work",
    "boot_seconds",
    "open_store",
    "plan_prefix",
    "records",
    "right_to_look",
]
