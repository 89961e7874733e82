"""What several threads wait to do one after the other is done for all of them by the first whose turn it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

__all__ = ["Together"]

T = TypeVar("T")


@dataclass(eq=False)
class _Waiting(Generic[T]):
    item: T
    is_done: bool = False
    error: BaseException | None = None


class Together(Generic[T]):
    """Nobody is waited for: who comes while nothing is being done is done alone.

    Args:
        turn: a lock, held while something is done.
        do: does several items, in the order in which they came.
    """

    def __init__(self, turn: AbstractContextManager[Any], do: Callable[[Sequence[T]], None]) -> None:
        self._turn = turn
        self._do = do
        self._waiting: list[_Waiting[T]] = []
        self._adding = threading.Lock()

    def __call__(self, item: T) -> None:
        """Have an item done; raises what went wrong, also when others were done with it."""
        mine = _Waiting(item)
        with self._adding:
            self._waiting.append(mine)
        with self._turn:
            if not mine.is_done:
                self._do_all()
        if mine.error is not None:
            raise mine.error

    def _do_all(self) -> None:
        with self._adding:
            some, self._waiting = self._waiting, []
        try:
            self._do([one.item for one in some])
        except BaseException as error:  # noqa: BLE001 - it is raised by everybody whose item it was
            for one in some:
                one.error = error
        for one in some:
            one.is_done = True
