"""What a run over all customers remembers of Business Central for selected runs: until when it has seen everybody, and whom no
filter finds by what he shares with others (core/spellings.py).

With it, everybody who shares evidence with somebody is found by three questions: the filters, what was changed since, and the few
by id.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import orjson
import pyarrow as pa

from connector.clients import Census
from connector.core.spellings import unaskable
from connector.run.run import Run
from connector.store import View

__all__ = ["OVERLAP_SECONDS", "HiddenCards", "UnaskableCustomers", "company_seen_until", "hidden_cards_of", "remember"]

# raised when core/spellings.py asks in other words: what was remembered for the others says nothing then
_FORM = 1
_NAME = "unaskable in business_central"
# servers set the time of a change before they commit it: a long import shows what it has changed an hour later
OVERLAP_SECONDS = 3600.0
# reading them one by one would take longer than reading everybody
_MOST = 500


@dataclass(frozen=True)
class HiddenCards:
    """What is known of a company.

    Attributes:
        seen_until: the latest change that the complete read has seen.
        unaskable: ids of those who must be read by id.
    """

    seen_until: str
    unaskable: tuple[str, ...]


@dataclass
class UnaskableCustomers:
    """Collects, page by page, whom no filter finds; no more of them than are of use."""

    ids: set[str] = field(default_factory=set)

    @property
    def too_many(self) -> bool:
        """So many that everybody must be read."""
        return len(self.ids) > _MOST

    def look(self, table: pa.Table) -> None:
        """Look at the customers of a page."""
        if not self.too_many:
            self.ids.update(table["bc_id"].filter(unaskable(table)).to_pylist())


def remember(run: Run, census: Census, found: UnaskableCustomers) -> None:
    """Keep what a complete read has found; of an incomplete one, and of a dry run, nothing is kept."""
    complete = census.announced in {None, census.rows + census.unreadable}
    if run.dry_run or not complete or not census.watermark:
        return
    known = {
        "form": _FORM,
        "company": run.business_central.company_id,
        "seen_until": census.watermark,
        "unaskable": None if found.too_many else sorted(found.ids),
    }
    with run.store.work(run.code) as work:
        work.watermarks.set(_NAME, orjson.dumps(known).decode())


def hidden_cards_of(run: Run) -> HiddenCards | None:
    """What the last run over all customers has remembered; None when Business Central cannot be asked: there was none, or too
    many of its customers must be read by id, or it was another company."""
    with run.store.view(run.code) as view:
        text = view.watermarks.get(_NAME)
    known = orjson.loads(text) if text else {}
    if known.get("form") != _FORM or known["company"] != run.business_central.company_id:
        return None
    return None if known["unaskable"] is None else HiddenCards(known["seen_until"], tuple(known["unaskable"]))


def company_seen_until(view: View) -> str | None:
    """The latest change that the last complete read of Business Central has seen; None = there was none."""
    text = view.watermarks.get(_NAME)
    return orjson.loads(text)["seen_until"] if text else None
