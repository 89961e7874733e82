"""What one process has seen of both systems a moment ago, so that the run that follows in it need not ask again.

A receiver of webhooks starts a run every minute. Who both sides are, and which countries the company has, was asked for the run
before; the records that decided whether a run is needed are the ones that it begins with. None of this is trusted for long, none
of it outlives the process, and no write relies on it: before a write its customer is looked at again (load/recheck.py), or
carries the tag that was seen (`If-Match`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from connector.clients import BusinessCentralClient, KnownCompany
from connector.core.customer import Side
from connector.core.terms import Terms
from connector.setup import Setup
from connector.store.machine_clock import boot_seconds

__all__ = ["RECORDS_SECONDS", "SIDES_SECONDS", "SeenLately"]

# a shop that moves, or a company that is restored, is noticed this much later by runs that webhooks start (and at once by others)
SIDES_SECONDS = 600.0
# as old as the records of a full run are when they are compared, and much younger than those of a long one
RECORDS_SECONDS = 20.0

Record = dict[str, Any]
Form = tuple[Any, ...]


@dataclass
class SeenLately:
    """What was seen of one webstore and its company. For runs of one process that come one after the other.

    Attributes:
        sides_known: the two sides of the run that is open were not asked who they are, but remembered.
    """

    sides_known: bool = False
    _connections: tuple[Any, ...] = ()
    _company: KnownCompany = field(default_factory=KnownCompany)
    _sides_at: float = 0.0
    _terms: Terms | None = None
    _terms_digest: str = ""
    _records: dict[Side, dict[int | str, Record]] = field(default_factory=dict)
    _form: Form = ()
    _records_at: float = 0.0
    _changes_seen: tuple[Form, str] = ((), "")

    def recall_sides(self, setup: Setup, company: BusinessCentralClient) -> bool:
        """Whether both sides told who they are a moment ago, over the same connections; the client then knows the company's id,
        lists and page without asking."""
        self.sides_known = self._sides_are_fresh() and self._connections == _connections(setup)
        if self.sides_known:
            company.known = self._company
        return self.sides_known

    def note_sides(self, setup: Setup, company: BusinessCentralClient) -> None:
        """Both sides have just told who they are. What the client reads of the company later is known from then on, too."""
        self.sides_known, self._sides_at = False, boot_seconds()
        self._connections, self._company = _connections(setup), company.known

    def note_terms(self, terms: Terms, digest: str) -> None:
        """Customers were looked at under these terms; `digest` is that of the rules."""
        self._terms, self._terms_digest = terms, digest

    def terms(self, digest: str) -> Terms | None:
        """The terms under which customers were looked at a moment ago; None when the rules were others, or it is long ago."""
        return self._terms if self._terms_digest == digest and self._sides_are_fresh() else None

    def note_records(self, side: Side, records: Iterable[tuple[int | str, Record]], form: Form) -> None:
        """Keep records that were read just now, by id.

        Args:
            form: from where they are, and which of their properties were asked for.
        """
        if not self._records_are_fresh(form):
            self._records, self._form, self._records_at = {}, form, boot_seconds()
        self._records.setdefault(side, {}).update(records)

    def records(self, side: Side, ids: Iterable[int | str], form: Form) -> dict[Any, Record]:
        """Those of some customers that were read a moment ago in the same form, by id."""
        known = self._records.get(side, {}) if self._records_are_fresh(form) else {}
        return {key: known[key] for key in ids if key in known}

    def note_changes(self, until: str, form: Form) -> None:
        """Business Central's changes were seen until then (ISO 8601), if not all of them: its hooks tell of each as well."""
        self._changes_seen = form, max(until, self.changes_seen_until(form))

    def changes_seen_until(self, form: Form) -> str:
        """The latest change that was seen in the same form; "" = none."""
        return self._changes_seen[1] if self._changes_seen[0] == form else ""

    def forget_records(self) -> None:
        """The next run reads all of its customers."""
        self._records, self._form = {}, ()

    def _sides_are_fresh(self) -> bool:
        return bool(self._company.company) and 0 <= boot_seconds() - self._sides_at < SIDES_SECONDS

    def _records_are_fresh(self, form: Form) -> bool:
        return self._form == form and 0 <= boot_seconds() - self._records_at < RECORDS_SECONDS


def _connections(setup: Setup) -> tuple[Any, ...]:
    return setup.webstore_code, setup.store.url, setup.webstore, setup.business_central
