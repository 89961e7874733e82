"""Lists that never end.

A server may say of each page that another one follows: because it is broken, because a plugin ignores where the page was to
begin, or because it invents customers. A run that reads on keeps the lease for ever and says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from connector.errors import AnswerNotUnderstood

__all__ = ["MOST_PAGES", "Endless"]

# of lists that are short by nature: companies, currencies, subscriptions
MOST_PAGES = 1_000
# pages in a row that may bring nobody new: rows that moved while the list was read stand on several
_BARREN = 3
# customers that may be made while a list is read, beyond as many as there were
_NEWCOMERS = 1_000


@dataclass
class Endless:
    """Watches the pages of one list.

    Args:
        name: the system's, as in messages.
    """

    system: str
    name: str
    _total: int | None = None
    _rows: int = 0
    _fruitful: int = 0
    _barren: int = 0

    def page(self, *, fresh: int, total: int | None) -> None:
        """Note a page behind which another one is said to follow.

        Args:
            fresh: rows that did not stand on an earlier page.
            total: how many rows the server says there are; None = it does not say.

        Raises:
            AnswerNotUnderstood: too many pages in a row brought nobody new, or there are far more rows than were announced.
        """
        self._total = total if self._total is None else self._total
        self._rows += fresh
        self._fruitful += fresh > 0
        self._barren = 0 if fresh else self._barren + 1
        # a list that has become shorter is taken up again further ahead, at most at its begin
        if self._barren > _BARREN + self._fruitful:
            raise self._error(f"{self._barren} pages in a row bring nobody new")
        if self._total is not None and self._rows > 2 * self._total + _NEWCOMERS:
            raise self._error(f"it has {self._rows} rows already, where {self._total} were announced")

    def _error(self, why: str) -> AnswerNotUnderstood:
        return AnswerNotUnderstood(
            f"{self.name} sends a list that does not end: {why}. Nothing was concluded from it.",
            hint="A plugin or proxy that ignores which page is asked for does this; `customer-sync check` reads one page.",
            system=self.system,
        )
