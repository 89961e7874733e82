"""The setup and its store, opened for one command. What is called many times takes what is open."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from connector.setup import Setup, UnresolvedSecrets, load_setup

if TYPE_CHECKING:
    from connector.store import Store, View

__all__ = ["SetupSource", "named_setups", "opened_store", "opened_view", "setup_in_file", "setup_of"]

# a setup itself, a TOML file, or a name that `named_setups` knows
SetupSource = Path | Setup


def setup_in_file(name: str, with_secrets: bool) -> Setup:
    """The setup of a TOML file."""
    return load_setup(Path(name), None if with_secrets else UnresolvedSecrets())


# finds a setup by name, with its secrets or without; the command line puts one here that knows blocks, too
named_setups: ContextVar[Callable[[str, bool], Setup]] = ContextVar("named_setups", default=setup_in_file)


def setup_of(source: SetupSource, *, with_secrets: bool = True) -> Setup:
    """The setup that is meant.

    Args:
        with_secrets: False = references to secrets need not lead anywhere; nothing that calls the two systems works then.

    Raises:
        SetupError: it is not there, or cannot work.
    """
    return source if isinstance(source, Setup) else named_setups.get()(str(source), with_secrets)


@contextmanager
def opened_store(source: SetupSource, *, migrate: bool = True) -> Iterator[tuple[Setup, Store]]:
    """The setup, and its store, which is closed at the end. Secrets are not needed, and not resolved.

    Args:
        migrate: False = leave the tables as they are.

    Raises:
        SetupError: the setup cannot work.
        StoreError: the store cannot be used.
    """
    from connector.store import open_store  # what a command does not need is not imported for it

    setup = setup_of(source, with_secrets=False)
    store = open_store(setup.store.url, migrate=migrate)
    try:
        yield setup, store
    finally:
        store.close()


@contextmanager
def opened_view(source: SetupSource) -> Iterator[View]:
    """A snapshot of what is remembered of the setup's webstore; otherwise as `opened_store`."""
    with opened_store(source) as (setup, store), store.view(setup.webstore_code) as view:
        yield view
