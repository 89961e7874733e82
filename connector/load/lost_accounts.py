"""Ids of accounts that the webstore lost and has given out again.

After a restored backup WordPress counts on from there: the next account gets an id to which a row of the mapping table still
leads. An answer that an account was created under an id proves that whoever had it before is gone; the same proves an account
whose user name and registration are not those that were linked. The row is unlinked then, so that the new account can be
linked to its own customer. Nobody is created for the one who lost it: that is for a person to say.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from connector.load.bases import is_another_account
from connector.run.run import Run
from connector.store import View, Work

__all__ = ["free_ids", "is_lost"]


def free_ids(run: Run, work: Work, newcomers: Mapping[int, str], relinked: Collection[str] = ()) -> None:
    """Unlink the customers whose accounts are gone, since their ids belong to accounts that were created now.

    Args:
        newcomers: id of a created account → number of the customer that it was created for.
        relinked: Business Central ids that get another account in the same moment.
    """
    for webstore_id, row in work.mapping.rows_by_webstore_id(newcomers).items():
        if row.bc_id in relinked:
            continue
        work.mapping.unlink(row.bc_id)
        run.warnings.append(
            f"{row.bc_number} was linked to woo:{webstore_id}, an account that is gone: the webstore has given its id to the new "
            f"account of {newcomers[webstore_id]}. Was it restored from a backup? {row.bc_number} is not linked any more; "
            f"customer-sync mapping tick {row.bc_number} has an account made for it."
        )


def is_lost(view: View, record: Mapping[str, Any]) -> bool:
    """Whether the account that is linked under this record's id was another one, by its user name and registration."""
    webstore_id = int(record["id"])
    row = view.mapping.row(webstore_id=webstore_id)
    if row is None:
        return False
    return is_another_account(view.bases.marks(row.bc_id, webstore_id), record)
