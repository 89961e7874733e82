"""Pairs on which both sides agree, and runs over them in every way: what tests of old copies begin with."""

from __future__ import annotations

from typing import Any

import pytest

from connector.run.request import RunReport
from tests.flows.shop import Shop

__all__ = ["NEW", "OLD", "WAYS", "later", "linked", "phones", "sync"]

OLD, NEW = "+47 40000001", "+47 40000002"
WAYS = pytest.mark.parametrize("way", ["all", "selected", "divided"])


def linked(shop: Shop, count: int = 1) -> list[tuple[int, str]]:
    """Pairs on which both sides agree, touched some time ago."""
    shop.begin_with(f"{count} who agree", lambda: _agree(shop, count))
    later(shop)
    return [(int(account or 0), customer) for customer, account in shop.links().items()]


def _agree(shop: Shop, count: int) -> None:
    for number in range(count):
        shop.register(f"kari{number}@nord.example", f"Kari Nordmann{number}", address_1=f"Storgata {number}", phone=OLD)
    shop.sync()
    shop.settle()


def later(shop: Shop) -> None:
    """A minute passes in the shop: its stamps are whole seconds."""
    shop.running.webstore.advance_clock(60)


def sync(shop: Shop, way: str, customer: str, **more: Any) -> RunReport:
    """A run over all customers, over partitions, or of one."""
    return {
        "all": lambda: shop.sync(**more),
        "divided": lambda: shop.sync(partitions=3, **more),
        "selected": lambda: shop.sync(shop.number(customer), **more),
    }[way]()


def phones(shop: Shop, account: int, customer: str) -> tuple[str, str]:
    """What stands in the webstore, in Business Central."""
    return shop.account(account)["billing"]["phone"], str(shop.customer(customer)["phoneNumber"])
