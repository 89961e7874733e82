"""What holds for all tests."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

from tests import hypothesis_profiles
from tests.statements import compiled_once

__all__ = ["hypothesis_profiles"]


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through it again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _statements() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        compiled_once(patch)
        yield
