"""Who the customers of pairs are, in the few words that a page shows beside each other."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from connector.desk.both_sides import BothSides, Card, read_both
from connector.desk.customer_list import lines_of
from connector.desk.waiting_pairs import PossiblePair
from connector.errors import RemoteRefused, RemoteTrouble
from connector.store import View
from console.page import Page

__all__ = ["names_of", "sides_of"]


def sides_of(page: Page, pairs: Sequence[PossiblePair]) -> tuple[BothSides, str]:
    """Both customers of each pair: as the directory has them, and whoever is not in it as the systems have them now.

    Returns:
        And why some are missing, in words; "" = whoever is missing is not there.
    """
    with page.webstore.view() as view:
        sides = _in_directory(page, view, pairs)
    bc_ids = {pair.bc_id for pair in pairs} - sides.business_central.keys()
    accounts = {pair.webstore_id for pair in pairs} - sides.webstore.keys()
    if not bc_ids and not accounts:
        return sides, ""
    try:
        found = read_both(page.webstore.setup_with_secrets(), bc_ids, accounts)
    except (RemoteTrouble, RemoteRefused) as error:
        return sides, f"Some names cannot be shown: {error.message}"
    both = ({**sides.business_central, **found.business_central}, {**sides.webstore, **found.webstore})
    return replace(found, business_central=both[0], webstore=both[1]), ""


def _in_directory(page: Page, view: View, pairs: Sequence[PossiblePair]) -> BothSides:
    if view.directory.read_at is None:
        return BothSides({}, {})
    keys = [key for pair in pairs for key in (pair.bc_id, f"woo:{pair.webstore_id}")]
    lines = lines_of(view, page.webstore.setup, keys)
    return BothSides(
        {one.bc_id: Card(one.bc_number, one.bc_name, one.bc_place, one.bc_email) for one in lines if one.bc_name},
        {
            one.webstore_id: Card(
                f"woo:{one.webstore_id}", one.webstore_name, one.webstore_place, one.webstore_email, one.username
            )
            for one in lines
            if one.webstore_id is not None and (one.webstore_name or one.webstore_email)
        },
    )


def names_of(page: Page, view: View, bc_ids: Collection[str]) -> dict[str, str]:
    """The names of some Business Central customers, as far as the store knows them."""
    return {one.bc_id: one.bc_name for one in lines_of(view, page.webstore.setup, sorted(bc_ids)) if one.bc_name}
