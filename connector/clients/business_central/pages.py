"""The complete list of Business Central's customers, or those changed since a moment: page after page, each once.

Pages follow each other by the server's own links, so rows that come or go meanwhile shift nothing. A customer that is
renumbered during the read may come twice; only the first time counts. While a page is handed on, the next one is fetched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from connector.clients.business_central.api import BusinessCentralApi
from connector.clients.business_central.odata import SYSTEM, literal, query
from connector.clients.endless import Endless
from connector.clients.results import Census, Consume, Progress, Record, Records
from connector.errors import AnswerNotUnderstood, InputError, RemoteRefused

__all__ = ["CompanyRead", "changed_since_filter"]

PAGE = 20_000
_RESUMES = 20
_TOKEN_EXPIRED = "SkipTokenIsNoLongerValid"  # noqa: S105 - the name of an error


def changed_since_filter(moment: str, overlap_seconds: float) -> str:
    """The filter for what was modified since a moment, less an overlap.

    Servers set the time before they commit, so a row may become visible late; and the database rounds milliseconds.

    Args:
        moment: ISO 8601, UTC when it names no zone.

    Raises:
        InputError: it is no moment.
    """
    try:
        since = datetime.fromisoformat(moment)
    except ValueError:
        raise InputError(f"{moment!r} is no moment such as 2026-01-31T12:00:00Z.", system=SYSTEM) from None
    since = since.replace(tzinfo=since.tzinfo or UTC).astimezone(UTC) - timedelta(seconds=overlap_seconds)
    return f"lastModifiedDateTime ge {since.strftime('%Y-%m-%dT%H:%M:%S')}.{since.microsecond // 1000:03d}Z"


@dataclass
class CompanyRead:
    """One complete read.

    Args:
        restriction: a filter; "" = all customers.
        select: properties to ask for; None = all.
        from_replica: a copy of the database may answer, which can be a little behind.
    """

    api: BusinessCentralApi
    keep: Consume
    threads: Executor
    restriction: str = ""
    select: Sequence[str] | None = None
    from_replica: bool = False
    page_size: int = PAGE
    on_progress: Progress | None = None
    _seen: set[str] = field(default_factory=set)
    _rows: int = 0
    _pages: int = 0
    _requests: int = 0
    _rereads: int = 0
    _totals: list[int] = field(default_factory=list)
    _watermark: str | None = None
    _last_number: str = ""
    _unreadable: int = 0
    _endless: Endless = field(default_factory=lambda: Endless(SYSTEM, "Business Central"))
    _reasons: set[str] = field(default_factory=set)

    def run(self) -> Census:
        """Read everybody.

        Raises:
            RemoteTrouble, RemoteRefused, AnswerNotUnderstood: a page could not be had; what came before was handed on.
        """
        resumed = 0
        restriction = self.restriction
        while True:
            try:
                self._read(restriction)
                break
            except RemoteRefused as error:
                if error.code != _TOKEN_EXPIRED or resumed >= _RESUMES or not self._last_number:
                    raise
                # the server has forgotten where the list was; it goes on behind the last number
                resumed += 1
                self._rereads += 1
                behind = f"number gt {literal(self._last_number)}"
                restriction = f"{self.restriction} and {behind}" if self.restriction else behind
        if self._totals and self._rows + self._unreadable != self._totals[0]:
            self._count_again()
        return self._census()

    def _options(self, restriction: str) -> dict[str, str]:
        options = {"$orderby": "number", "$count": "true"}
        if self.select is not None:
            options["$select"] = ",".join(dict.fromkeys(["id", "number", "lastModifiedDateTime", *self.select]))
        if restriction:
            options["$filter"] = restriction
        return options

    def _read(self, restriction: str) -> None:
        headers = {"Prefer": f"odata.maxpagesize={self.page_size}"}
        if self.from_replica:
            headers["Data-Access-Intent"] = "ReadOnly"
        seen: set[str] = set()
        address = self.api.customers(self.api.page.path(options=self._options(restriction)))
        page = self._get(address, headers)
        if not self._totals:
            self._note_total(page)
        while True:
            following = self.api.next_address(page, address, seen)
            ahead = self.threads.submit(self._get, following, headers) if following else None
            before = self._rows + self._unreadable
            try:
                self._take(page)
                if following is not None:
                    self._endless.page(fresh=self._rows + self._unreadable - before, total=self._announced)
            except BaseException:
                if ahead is not None:
                    ahead.cancel()
                raise
            if following is None or ahead is None:
                return
            address, page = following, ahead.result()

    @property
    def _announced(self) -> int | None:
        return self._totals[0] if self._totals else None

    def _get(self, address: str, headers: Mapping[str, str]) -> Record:
        self._requests += 1
        return self.api.get(address, headers=headers)

    def _note_total(self, page: Record) -> None:
        count = page.get("@odata.count")
        if str(count).isdecimal():
            self._totals.append(int(str(count)))

    def _take(self, page: Record) -> None:
        """Hand on the customers of the page that were not handed on before."""
        self._pages += 1
        value = page.get("value")
        if not isinstance(value, list):
            if "@odata.nextLink" not in page:
                raise AnswerNotUnderstood("Business Central answered with something that is no list.", system=SYSTEM)
            self._note_unreadable("a page is no list")
            value = []
        fresh: Records = []
        here: set[str] = set()
        for row in value:
            identifier = row.get("id") if isinstance(row, dict) else None
            if not isinstance(identifier, str) or not identifier:
                self._note_unreadable("a row is no object" if not isinstance(row, dict) else "a row has no id")
            elif identifier in here:
                self._note_unreadable("the same customer stands twice in the list")
            elif identifier not in self._seen:
                self._seen.add(identifier)
                fresh.append(self.api.page.whole(row))
            here.add(str(identifier))
        for row in fresh:
            self._note(row)
        if fresh:
            self.keep(fresh)
            self._rows += len(fresh)
        if self.on_progress:
            self.on_progress(self._rows, self._announced or self._rows)

    def _note(self, row: Record) -> None:
        modified, number = row.get("lastModifiedDateTime"), row.get("number")
        # without the Z, for trailing zeros are cut: 22Z is earlier than 22.37Z, but not as a text
        if isinstance(modified, str) and modified.removesuffix("Z") > (self._watermark or "").removesuffix("Z"):
            self._watermark = modified
        if isinstance(number, str):
            self._last_number = number

    def _note_unreadable(self, reason: str) -> None:
        self._unreadable += 1
        self._reasons.add(reason)

    def _count_again(self) -> None:
        """The rows are not as many as were announced: somebody came or went meanwhile, or something is wrong."""
        options: dict[str, Any] = {"$top": "1", "$orderby": "number", "$select": "number", "$count": "true"}
        if self.restriction:
            options["$filter"] = self.restriction
        self._note_total(self._get(self.api.customers(self.api.page.plain_path() + query(options)), {}))

    def _census(self) -> Census:
        count = self._rows + self._unreadable
        announced = min(max(count, min(self._totals)), max(self._totals)) if self._totals else None
        return Census(
            rows=self._rows,
            announced=announced,
            pages=self._pages,
            requests=self._requests,
            rereads=self._rereads,
            watermark=self._watermark,
            unreadable=self._unreadable,
            reasons=tuple(sorted(self._reasons)),
        )
