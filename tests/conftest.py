"""What holds for all tests."""

from __future__ import annotations

import gc

from tests import hypothesis_profiles

__all__ = ["hypothesis_profiles"]


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()
