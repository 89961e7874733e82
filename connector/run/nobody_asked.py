"""Clients of a run that asks neither system: whatever is asked for is a bug, but for lists that an earlier run has read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.clients.wire import Guard
from connector.errors import InternalError

__all__ = ["clients_that_ask_nobody"]


class _Nobody:
    guard: Guard | None = None

    def __getattr__(self, name: str) -> Any:
        raise InternalError(f"A plan that asks neither system was about to ask for {name}.")

    def close(self) -> None:
        """Nothing is open."""


class _KeptCompany(_Nobody):
    def __init__(self, company_id: str, lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
        self.company_id, self.lists = company_id, lists

    def reference(self, entity_set: str) -> list[Mapping[str, Any]]:
        """As of the client; what was not read is a bug of whoever asks for it."""
        if entity_set not in self.lists:
            raise InternalError(f"A plan that asks neither system was about to read {entity_set}.")
        return list(self.lists[entity_set])


def clients_that_ask_nobody(
    company_id: str, lists: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[WooCommerceClient, BusinessCentralClient]:
    """What a run takes for its two clients.

    Args:
        lists: of the company, by entity set, as an earlier run has read them.
    """
    return cast(WooCommerceClient, _Nobody()), cast(BusinessCentralClient, _KeptCompany(company_id, lists))
