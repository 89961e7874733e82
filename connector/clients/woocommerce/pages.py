"""The complete list of webstore customers, read in pages that overlap, so that a shifting list loses nobody.

WooCommerce pages by position. When a customer of a page already read is deleted, everybody behind moves up, and whoever
stood first on the next page is never seen, in every order (measured). So every page begins with the last row of the one
before it. The list is in order of id; a page that begins at or before the last id that was handed on contains everybody
behind it. A page that does not begin there is asked for again further ahead, until it does. So whoever is in the list
during the whole read is handed on exactly once, whatever is deleted or inserted meanwhile, and although pages are asked for
side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from connector.clients.endless import Endless
from connector.clients.results import Census, Consume, Progress, Records
from connector.clients.woocommerce.api import PAGE
from connector.clients.woocommerce.refusals import id_of
from connector.errors import PremiseBroken

__all__ = ["Page", "PagedRead", "read_each"]


@dataclass(frozen=True)
class Page:
    """Up to PAGE rows from a position of the list. `rows` is None when the webstore sent something that is no list."""

    offset: int
    rows: list[Any] | None
    total: int | None

    @property
    def end(self) -> int:
        """The position behind the page."""
        return self.offset + len(self.rows or ())


@dataclass
class PagedRead:
    """One complete read.

    Args:
        fetch: reads the page at a position; called from several threads.
        keep: gets the customers of each page, in order of id.
        ahead: pages that are asked for before they are needed.
    """

    fetch: Callable[[int], Page]
    keep: Consume
    threads: Executor
    ahead: int
    on_progress: Progress | None = None
    _asked: dict[int, Future[Page]] = field(default_factory=dict)
    _step: int = PAGE - 1
    _last_id: int = 0
    _gap_is_known: bool = False
    _rows: int = 0
    _pages: int = 0
    _requests: int = 0
    _rereads: int = 0
    _totals: set[int] = field(default_factory=set)
    _watermark: str | None = None
    _unreadable: dict[int, str] = field(default_factory=dict)
    _endless: Endless = field(default_factory=lambda: Endless("webstore", "The webstore"))

    def run(self) -> Census:
        """Read everybody.

        Raises:
            RemoteTrouble, RemoteRefused, AnswerNotUnderstood: a page could not be had; what came before was handed on.
            PremiseBroken: the list is not in order of id.
        """
        try:
            page = self._again_if_no_list(self._fetch_now(0))
            if page.rows and page.total is not None and len(page.rows) < min(page.total, PAGE):
                self._step = max(1, len(page.rows) - 1)  # a plugin allows fewer rows to a page
            seen, fresh = 0, self._take(page)
            while not self._is_last(page, fresh):
                self._endless.page(fresh=self._rows + len(self._unreadable) - seen, total=page.total)
                seen = self._rows + len(self._unreadable)
                latest = page.total
                page = self._joined(self._page_at(self._next(page), latest), latest)
                fresh = self._take(page)
        finally:
            self._forget_asked()
        return self._census()

    def _is_last(self, page: Page, fresh: int) -> bool:
        if page.rows is not None and not fresh and len(page.rows) <= self._step:
            return True  # it begins at or before the last id and nothing stands behind, whatever the total says
        if page.total is None:
            return page.rows is None or not fresh
        return page.offset + max(len(page.rows or ()), self._step) >= page.total

    def _next(self, page: Page) -> int:
        """Where the next page begins: at the last row of this one. Without a total nobody knows whether it is full."""
        return max(page.end - 1, 0) if page.total is None else page.offset + self._step

    def _page_at(self, offset: int, total: int | None) -> Page:
        for number in range(self.ahead):
            later = offset + number * self._step
            if later not in self._asked and (number == 0 or (total is not None and later + 1 < total)):
                self._requests += 1
                self._asked[later] = self.threads.submit(self.fetch, later)
        return self._again_if_no_list(self._asked.pop(offset).result())

    def _fetch_now(self, offset: int) -> Page:
        self._requests += 1
        return self.fetch(offset)

    def _again_if_no_list(self, page: Page) -> Page:
        if page.rows is not None:
            return page
        self._rereads += 1
        return self._fetch_now(page.offset)

    def _joined(self, page: Page, total_before: int | None) -> Page:
        """The page, or one further ahead that joins what was handed on."""
        back = 1
        if total_before is not None and page.total is not None:
            back = max(back, total_before - page.total)
        while not self._joins(page):
            self._forget_asked()
            self._rereads += 1
            page = self._again_if_no_list(self._fetch_now(max(0, page.offset - back)))
            back *= 2
        return page

    def _joins(self, page: Page) -> bool:
        if page.rows is None or self._gap_is_known or page.offset == 0:
            return True
        first = next((identifier for identifier in map(_id_of, page.rows) if identifier is not None), None)
        return first is not None and first <= self._last_id

    def _forget_asked(self) -> None:
        for future in self._asked.values():
            future.cancel()
        self._asked.clear()

    def _take(self, page: Page) -> int:
        """Hand on the customers of the page that were not handed on before; how many they were."""
        self._pages += 1
        if page.total is not None:
            self._totals.add(page.total)
        fresh: Records = []
        rows = page.rows or []
        ids = [_id_of(row) for row in rows]
        _check_order(ids)
        if page.rows is None:
            # its first row was the last of the page before, its last one will be the first of the next
            start, end = page.offset + (page.offset > 0 and not self._gap_is_known), page.offset + self._step
            for position in range(start, end if page.total is None else min(end, page.total)):
                self._unreadable.setdefault(position, "a page is no list")
        for index, (row, identifier) in enumerate(zip(rows, ids, strict=True)):
            if identifier is None:
                self._unreadable.setdefault(page.offset + index, _why_unreadable(row))
            elif identifier > self._last_id:
                fresh.append(row)
                self._last_id = identifier
            elif index and identifier == ids[index - 1]:
                self._unreadable.setdefault(page.offset + index, "the same account stands twice in the list")
        # behind a row without an id nobody can tell where the list goes on
        self._gap_is_known = page.rows is None or (len(ids) > 0 and ids[-1] is None)
        for record in fresh:
            modified = record.get("date_modified_gmt")
            if isinstance(modified, str) and modified > (self._watermark or ""):
                self._watermark = modified
        if fresh:
            self.keep(fresh)
            self._rows += len(fresh)
        if self.on_progress:
            self.on_progress(self._rows, page.total or self._rows)
        return len(fresh)

    def _census(self) -> Census:
        count = self._rows + len(self._unreadable)
        announced = min(max(count, min(self._totals)), max(self._totals)) if self._totals else None
        return Census(
            rows=self._rows,
            announced=announced,
            pages=self._pages,
            requests=self._requests,
            rereads=self._rereads,
            watermark=self._watermark,
            unreadable=len(self._unreadable),
            reasons=tuple(sorted(set(self._unreadable.values()))),
        )


def read_each(
    roles: Sequence[str],
    read: Callable[[str, Consume, Progress | None], Census],
    keep: Consume,
    on_progress: Progress | None,
) -> Census:
    """Read one list after the other as if they were one: an account that several of them show is handed on once.

    Args:
        read: reads the complete list of a role.

    Returns:
        One census of all lists; those who stand in several count once.
    """
    if len(roles) == 1:
        return read(roles[0], keep, on_progress)
    seen: set[int] = set()
    again = 0

    def keep_new(records: Records) -> None:
        nonlocal again
        new = [record for record in records if record["id"] not in seen]
        again += len(records) - len(new)
        seen.update(record["id"] for record in new)
        if new:
            keep(new)

    found: list[Census] = []
    for role in roles:
        before = len(seen)

        def tell(done: int, total: int, before: int = before) -> None:
            if on_progress:
                on_progress(before + done, before + total)

        found.append(read(role, keep_new, tell))
    announced = [census.announced for census in found]
    return Census(
        rows=len(seen),
        announced=None if None in announced else sum(count or 0 for count in announced) - again,
        pages=sum(census.pages for census in found),
        requests=sum(census.requests for census in found),
        rereads=sum(census.rereads for census in found),
        watermark=max((census.watermark for census in found if census.watermark), default=None),
        unreadable=sum(census.unreadable for census in found),
        reasons=tuple(sorted({reason for census in found for reason in census.reasons})),
    )


def _check_order(ids: list[int | None]) -> None:
    known = [identifier for identifier in ids if identifier is not None]
    if any(later < earlier for earlier, later in pairwise(known)):
        raise PremiseBroken(
            "The webstore does not list its customers in order of id, so a complete read cannot be proved.",
            hint="A plugin changes the order of the customers' list; switch it off for the REST API.",
            system="webstore",
        )


def _id_of(row: Any) -> int | None:
    return id_of(row) if isinstance(row, dict) else None


def _why_unreadable(row: Any) -> str:
    if not isinstance(row, dict):
        return f"a row is no object but {type(row).__name__}"
    return "a row has no id" if row.get("id") is None else "a row's id is no positive whole number"
