"""Events for automations: what happened to a webstore's customers, by number and field, never with their values.

The resource of every event is `customer-sync.webstore.<code>`; Prefect adds the flow run, its deployment and tags.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from prefect.events import emit_event

from connector.errors import CustomerSyncError, PremiseBroken
from connector.run.summary import RunSummary
from connector.store import StandingConflict

__all__ = [
    "BREAKER_TRIPPED",
    "CONFLICT_FOUND",
    "CUSTOMER_HELD",
    "PLAN_WAITING",
    "RUN_COMPLETED",
    "RUN_STOPPED",
    "tell_completed",
    "tell_conflicts",
    "tell_held",
    "tell_stopped",
    "tell_waiting",
]

RUN_COMPLETED = "customer-sync.run.completed"
RUN_STOPPED = "customer-sync.run.stopped"
PLAN_WAITING = "customer-sync.plan.waiting"
CONFLICT_FOUND = "customer-sync.conflict.found"
CUSTOMER_HELD = "customer-sync.customer.held"
BREAKER_TRIPPED = "customer-sync.breaker.tripped"

# a first run may find thousands: the rest is one event that says how many
_MOST = 50


def tell_completed(summary: RunSummary) -> None:
    """A run has ended. Payload: the summary's numbers, and how many writes were refused."""
    told = summary.as_json()
    payload = {name: told[name] for name in ("run_id", "mode", "dry_run", "push", "pull", "plan_hash", "seconds")}
    _emit(RUN_COMPLETED, summary.webstore_code, {**payload, **summary.counters, "not_written": summary.not_written})


def tell_stopped(webstore_code: str, reason: str, error: CustomerSyncError | None = None) -> None:
    """A run has ended early, or a breaker kept it from writing. Payload: `reason`, `error` (its class)."""
    payload = {"reason": reason, "error": type(error).__name__ if error else ""}
    if isinstance(error, PremiseBroken):
        _emit(BREAKER_TRIPPED, webstore_code, payload)
    _emit(RUN_STOPPED, webstore_code, payload)


def tell_waiting(webstore_code: str, plan_hash: str, reason: str) -> None:
    """A plan waits for a person's approval. Payload: `plan_hash`, `reason`."""
    _emit(PLAN_WAITING, webstore_code, {"plan_hash": plan_hash, "reason": reason})


def tell_conflicts(webstore_code: str, conflicts: Iterable[StandingConflict]) -> None:
    """Conflicts that were not there before. Payload: `bc_number`, `webstore_id`, `field`; or `more`: how many others."""
    payloads = [{"bc_number": c.bc_number, "webstore_id": c.webstore_id, "field": c.field} for c in conflicts]
    _emit_many(CONFLICT_FOUND, webstore_code, payloads)


def tell_held(webstore_code: str, customers: Iterable[Mapping[str, Any]]) -> None:
    """Customers that went on hold. Payload: `bc_number`, `key`, `direction`; or `more`: how many others."""
    names = ("bc_number", "key", "direction")
    _emit_many(CUSTOMER_HELD, webstore_code, [{name: customer[name] for name in names} for customer in customers])


def _emit_many(event: str, webstore_code: str, payloads: list[dict[str, Any]]) -> None:
    for payload in payloads[:_MOST]:
        _emit(event, webstore_code, payload)
    if len(payloads) > _MOST:
        _emit(event, webstore_code, {"more": len(payloads) - _MOST})


def _emit(event: str, webstore_code: str, payload: Mapping[str, Any]) -> None:
    resource = {
        "prefect.resource.id": f"customer-sync.webstore.{webstore_code}",
        "prefect.resource.name": webstore_code,
    }
    emit_event(event, resource=resource, payload={"webstore_code": webstore_code, **payload})
