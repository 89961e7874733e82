"""Who the customers of pairs are, in the few words that a page shows beside each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from connector.desk.both_sides import BothSides, read_both
from connector.desk.waiting_pairs import PossiblePair
from connector.errors import RemoteRefused, RemoteTrouble
from connector.store import View
from console.page import Page

__all__ = ["names_of", "sides_of"]


def sides_of(page: Page, pairs: Sequence[PossiblePair]) -> tuple[BothSides, str]:
    """Both customers of each pair, and why some are missing, in words; "" = whoever is missing is not there."""
    bc_ids, accounts = {pair.bc_id for pair in pairs}, {pair.webstore_id for pair in pairs}
    if not pairs:
        return BothSides({}, {}), ""
    try:
        return read_both(page.webstore.setup_with_secrets(), bc_ids, accounts), ""
    except (RemoteTrouble, RemoteRefused) as error:
        return BothSides({}, {}), f"Names cannot be shown: {error.message}"


def names_of(page: Page, view: View, bc_ids: Collection[str]) -> dict[str, str]:
    """The names of some Business Central customers, as far as the store knows them."""
    return {bc_id: row.name for bc_id, row in view.mapping.rows_by_bc_id(bc_ids).items() if row.name}
