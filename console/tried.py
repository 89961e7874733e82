"""Plans under other rules that were looked at last: made once, and looked at page by page."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from connector.errors import InputError
from connector.extract.kept import kept_of
from connector.planning.what_if import WhatIf
from connector.setup import Setup
from console.guard import RequestRefused

__all__ = ["Trial", "Tried"]

# each has two plans for all customers
_KEPT = 2
# so long somebody waits while another one is made
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Trial:
    """What somebody has tried.

    Attributes:
        settings: other settings; files: names of other rule files.
    """

    found: WhatIf
    by: str
    settings: Sequence[str]
    files: Sequence[str]


class Tried:
    """The trials of one webstore."""

    def __init__(self) -> None:
        self._making = threading.Lock()
        self._trials: OrderedDict[str, Trial] = OrderedDict()

    def make(self, make: Callable[[], Trial]) -> str:
        """Try something, one after the other; gives the name under which it is found.

        Raises:
            InputError: another one takes too long, or it cannot be tried.
            SetupError, StoreError: rules that cannot work; the store cannot be used.
        """
        if not self._making.acquire(timeout=_PATIENCE_SECONDS):
            raise InputError(
                "Somebody else is trying something on this webstore.", hint="Wait a minute, and try again."
            )
        try:
            trial = make()
        finally:
            self._making.release()
        name = secrets.token_urlsafe(9)
        self._trials[name] = trial
        while len(self._trials) > _KEPT:
            self._trials.popitem(last=False)
        return name

    def found(self, name: str, setup: Setup) -> Trial:
        """A trial, as long as the extracts are kept that it was made of: what was erased or removed is shown no longer.

        Raises:
            RequestRefused: it is not there any more.
        """
        trial = self._trials.get(name)
        try:
            if trial is not None and kept_of(setup).folder == trial.found.kept.folder:
                return trial
        except InputError:
            self._trials.clear()
        raise RequestRefused(
            404, "This is not remembered any more, or the customers were read anew since. Try it again."
        )
