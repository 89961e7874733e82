"""The webstores that a console shows: each with its setup, and its store held open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from connector.desk.desk import Desk
from connector.errors import InputError, SetupError
from connector.run.setup_source import setup_of
from connector.setup import Setup
from connector.store import View, open_store
from console.people import Person
from console.plan_shelf import work_of
from console.runs import Runs
from console.searching import PairSearch
from console.tried import Tried

__all__ = ["FindSetup", "Webstore", "by_name", "opened_webstores"]

# gives a setup by its name, with its secrets or without
FindSetup = Callable[[str, bool], Setup]

# setups change rarely and are read for every page
_FRESH_SECONDS = 2.0


class Webstore:
    """One webstore of the console.

    Attributes:
        name: the setup as the person named it: a file, or a block.
        code: the webstore's code; it does not change while the console runs.
        runs: what this process is carrying out for it.
        search: the search for pairs that it carries out, or has carried out.
        tried: the plans under other rules that somebody has looked at last.
    """

    def __init__(self, name: str, find: FindSetup) -> None:
        self.name = name
        self._find = find
        self._setup = find(name, False)
        self._read = time.monotonic()
        self.code = self._setup.webstore_code
        self.store = open_store(self._setup.store.url)
        self.runs = Runs(self.setup_with_secrets, self._read_plan)
        self.search = PairSearch()
        self.tried = Tried()

    @property
    def setup(self) -> Setup:
        """The setup as it is now, its secrets unresolved.

        Raises:
            SetupError: it is not there any more, cannot work, or became another webstore's or another store's.
        """
        if time.monotonic() - self._read > _FRESH_SECONDS:
            self._setup = self._same(self._find(self.name, False))
            self._read = time.monotonic()
        return self._setup

    def setup_with_secrets(self) -> Setup:
        """The setup as it is now, ready to call both systems; errors as of `setup`."""
        return self._same(self._find(self.name, True))

    def _same(self, setup: Setup) -> Setup:
        if (setup.webstore_code, setup.store.url) != (self.code, self._setup.store.url):
            raise SetupError(
                f"The setup {self.name} is another webstore's by now, or names another store.",
                hint="Start the console again.",
            )
        return setup

    @contextmanager
    def view(self) -> Iterator[View]:
        """What the store knows, at one moment."""
        with self.store.view(self.code) as view:
            yield view

    def desk(self, person: Person, *, with_secrets: bool = False) -> Desk:
        """The desk at which a person works."""
        return Desk(self.setup_with_secrets() if with_secrets else self.setup, self.store, person.name)

    def _read_plan(self, plan_hash: str) -> None:
        with self.view() as view:
            plan = view.plans.kept(plan_hash)
            if plan is not None:
                work_of(view, plan)

    def read_anew(self) -> None:
        """Forget the setup as it was read last: somebody has just changed it."""
        self._read = float("-inf")

    def close(self) -> None:
        """Let what is at work end its batch, and close the store."""
        self.search.close()
        self.runs.close()
        self.store.close()


def by_name(name: str, with_secrets: bool) -> Setup:
    """A setup by its file's name, or its block's; see `setup_of`."""
    return setup_of(Path(name), with_secrets=with_secrets)


def opened_webstores(names: Sequence[str], find: FindSetup = by_name) -> dict[str, Webstore]:
    """The webstores of some setups, by code.

    Raises:
        InputError: none was named, or two are the same webstore.
        SetupError, StoreError: one cannot work.
    """
    found: dict[str, Webstore] = {}
    try:
        for name in dict.fromkeys(names):
            webstore = Webstore(name, find)
            if webstore.code in found:
                webstore.close()
                raise InputError(f"{found[webstore.code].name} and {name} are both of webstore {webstore.code}.")
            found[webstore.code] = webstore
        if not found:
            raise InputError("Which webstore? Give --setup.")
    except BaseException:
        for webstore in found.values():
            webstore.close()
        raise
    return found
