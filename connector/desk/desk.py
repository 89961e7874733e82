"""A desk: what is open for one person who edits. Whoever only looks takes a View."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.run.setup_source import SetupSource, opened_store, setup_of
from connector.setup import Setup

if TYPE_CHECKING:
    from connector.store import Store, View, Work

__all__ = ["Desk", "at_desk"]


@dataclass(frozen=True)
class Desk:
    """The setup and the open store of one webstore, and who edits. It may be used from several threads.

    Attributes:
        setup: with its secrets where both systems are asked.
        actor: who stands in versions and decisions.
        expected_version: the version of the mapping table that the person looked at: an edit is refused when there is
            another one by now. None = whichever is the newest. After an edit the result has the next one.
    """

    setup: Setup
    store: Store
    actor: str
    expected_version: int | None = None

    def view(self) -> AbstractContextManager[View]:
        """A snapshot for looking."""
        return self.store.view(self.setup.webstore_code)

    @contextmanager
    def work(self, reason: str) -> Iterator[Work]:
        """One edit: one transaction, at most one version. It waits for no run: a run commits batch by batch.

        Args:
            reason: why, for the version that it makes, if it makes one.

        Raises:
            Overtaken: the mapping table is not at the version that the person looked at; nothing was changed.
        """
        with self.store.work(self.setup.webstore_code) as work:
            work.describe(actor=self.actor, reason=reason, expected_version=self.expected_version)
            yield work

    def version(self) -> int:
        """The newest version of the mapping table."""
        with self.view() as view:
            return view.mapping.version()


@contextmanager
def at_desk(source: SetupSource, *, actor: str, with_secrets: bool = False) -> Iterator[Desk]:
    """Open a desk, for one command; its store is closed at the end.

    Args:
        with_secrets: for what asks the two systems.

    Raises:
        SetupError: the setup is not there, or cannot work.
        StoreError: the store cannot be used.
    """
    with opened_store(setup_of(source, with_secrets=with_secrets)) as (setup, store):
        yield Desk(setup, store, actor)
