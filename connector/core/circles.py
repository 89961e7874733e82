"""Circles: customers who share evidence, directly or through others.

Whatever is concluded about a customer depends on nobody outside of his circle. So circles are decided about apart from each
other, as many at a time as memory holds, and what is concluded is what would be concluded from everybody.

Customers are numbers here, and evidence is the hash of it: two texts with one hash put two circles together, which changes
nothing but the memory that they need.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

__all__ = [
    "ALONE",
    "BUSINESS_CENTRAL",
    "FREE",
    "KEYS",
    "NO_LOT",
    "WEBSTORE",
    "Lots",
    "circles_of",
    "edges_among",
    "lots_of",
]

# one piece of evidence of one customer, with what is to be known of both (the sum of the traits below)
KEYS = pa.schema([("key", pa.int64()), ("customer", pa.int32()), ("traits", pa.int8())])
WEBSTORE, BUSINESS_CENTRAL = 1, 2
FREE = 4  # of no pair: among customers who are all linked nobody asks
ALONE = 8  # evidence that counts among customers of one side, too
NO_LOT = -1

Numbers: TypeAlias = np.ndarray[Any, np.dtype[np.int32]]
Lots: TypeAlias = np.ndarray[Any, np.dtype[np.int16]]
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]


def edges_among(keys: pa.Table) -> tuple[Numbers, Numbers]:
    """Who shares evidence with whom: of those who share a piece of it each with the next one.

    Args:
        keys: as in KEYS; of each key all customers who have it.
    """
    key, customer = keys["key"].to_numpy(), keys["customer"].to_numpy()
    if not len(key):
        return customer, customer
    order = np.argsort(key)
    key, customer = key[order], customer[order]
    again = np.append(False, key[1:] == key[:-1])
    traits = np.bitwise_or.reduceat(keys["traits"].to_numpy()[order], np.flatnonzero(~again))
    both = (traits & (WEBSTORE | BUSINESS_CENTRAL)) == (WEBSTORE | BUSINESS_CENTRAL)
    counts = ((traits & FREE) != 0) & (both | ((traits & ALONE) != 0))
    ends = np.flatnonzero(again & counts[np.cumsum(~again) - 1])
    return customer[ends - 1], customer[ends]


def circles_of(count: int, edges: Sequence[tuple[Numbers, Numbers]]) -> Numbers:
    """The circle of each of so many customers: the lowest number in it."""
    circle = np.arange(count, dtype=np.int32)
    if not edges:
        return circle
    one, other = (np.concatenate([edge[side] for edge in edges]) for side in (0, 1))
    while True:
        low, high = circle[one], circle[other]
        apart = low != high
        if not apart.any():
            return circle
        one, other = one[apart], other[apart]
        low, high = np.minimum(low[apart], high[apart]), np.maximum(low[apart], high[apart])
        np.minimum.at(circle, high, low)
        while True:
            shorter = circle[circle]
            if np.array_equal(shorter, circle):
                break
            circle = shorter


def lots_of(circle: Numbers, waiting: Mask, first: Mask, lots: int) -> Lots:
    """Divide the circles in which somebody waits into lots; whoever is in no such circle has NO_LOT.

    Args:
        first: whose circle belongs into lot 0.
    """
    asked = np.zeros(len(circle), dtype=bool)
    asked[circle[waiting]] = True
    # neighbours in an extract may be much alike: a crowd of large circles shall not meet in one lot
    mixed = (circle.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(40)
    lot = (mixed % np.uint64(lots)).astype(np.int16)
    leading = np.zeros(len(circle), dtype=bool)
    leading[circle[first]] = True
    lot[leading[circle]] = 0
    lot[~asked[circle]] = NO_LOT
    return lot
