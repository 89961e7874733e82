"""SQL statements are compiled once for all stores of a process.

The product keeps what an engine has compiled, since a process has one store; nearly every test has a store of its own, and
spent a twentieth of its time on compiling the same statements again.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest
import sqlalchemy as sa

__all__ = ["compiled_once"]


class _Statements(dict[Hashable, Any]):
    """SQLAlchemy's cache of one engine, for all engines of a kind of database: the dialect that begins a key is their name."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get(_of_any(key), default)

    def __setitem__(self, key: Any, compiled: Any) -> None:
        super().__setitem__(_of_any(key), compiled)


def _of_any(key: tuple[Any, ...]) -> Hashable:
    dialect, *rest = key
    return dialect.name, *rest


def compiled_once(patch: pytest.MonkeyPatch) -> None:
    """Let engines that are made from now on share what they compile."""
    statements, make = _Statements(), sa.create_engine

    def create_engine(url: Any, **how: Any) -> sa.Engine:
        return make(url, execution_options={"compiled_cache": statements}, **how)

    patch.setattr(sa, "create_engine", create_engine)
