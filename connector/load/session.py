"""The setup file and its store, opened for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.setup import Setup, UnresolvedSecrets, load_setup
from connector.store import Store, open_store

__all__ = ["opened_store"]


@contextmanager
def opened_store(path: Path) -> Iterator[tuple[Setup, Store]]:
    """The setup, and its store, which is closed at the end. Secrets are not needed, and not resolved.

    Raises:
        SetupError: the setup cannot work.
        StoreError: the store cannot be used.
    """
    setup = load_setup(path, environ=UnresolvedSecrets())
    store = open_store(setup.store.url)
    try:
        yield setup, store
    finally:
        store.close()
