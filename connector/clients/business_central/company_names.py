"""Which company a setup means: by id, name or display name, in any spelling."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from connector.clients.business_central.odata import SYSTEM, is_guid
from connector.clients.results import Record
from connector.errors import SetupError

__all__ = ["chosen_company"]


def chosen_company(wanted: str, companies: Sequence[Record]) -> str:
    """The id of the company that is called so, by id, name or display name; exactly so, or else in another spelling.

    Raises:
        SetupError: none is, or several are; lists the ones there are.
    """
    key = _same(wanted)
    for spelling, sought in ((str, wanted), (_same, key)):
        for name in ("id", "name", "displayName"):
            found = [company for company in companies if spelling(str(company.get(name) or "")) == sought]
            if len(found) == 1 and is_guid(str(found[0].get("id"))):
                return str(found[0]["id"])
    names = sorted(str(company.get("name") or company.get("displayName") or company.get("id")) for company in companies)
    called = (_same(str(company.get(name) or "")) for company in companies for name in ("name", "displayName"))
    several = key in called
    raise SetupError(
        f"Several companies of Business Central are called {wanted!r}; use the id."
        if several
        else f"Business Central has no company {wanted!r}.",
        hint=f"There are: {', '.join(names) or 'none that this login may see'}.",
        system=SYSTEM,
    )


def _same(name: str) -> str:
    """A name or id without what differs in spelling only: letter case, blanks, braces, composed and decomposed letters."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name)).strip().strip("{}").casefold()
