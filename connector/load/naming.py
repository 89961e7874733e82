"""What people hand over by name or by hash: refused when it is empty, malformed, unknown or ambiguous, wherever it is given.

An empty text is what a script hands over when the step before it failed. It never means "everybody" or "the new plan".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import pandas as pd

from connector.core.approval import Approved
from connector.core.naming import Found, Keys, Who, find
from connector.errors import InputError
from connector.store import View, plan_prefix

__all__ = ["checked_wish", "found_in_mapping", "keys_left_out", "names_given", "pairs_read", "unknown_left_out"]

_PAIR = re.compile(r"(.*\S)\s*=\s*(?:woo:)?(\d+)", re.IGNORECASE | re.ASCII)


def checked_wish(approved_plan: str | None, leave_out: Sequence[str]) -> None:
    """Refuse at once what can never be carried out, before anything is read.

    Args:
        approved_plan: a hash or its beginning; None = not given.
        leave_out: customers of that plan that are not to be written.

    Raises:
        InputError: the hash is empty or none, a name is blank, or there is no plan to leave somebody out of.
    """
    if approved_plan is not None:
        plan_prefix(approved_plan)
    names_given(leave_out, "Nothing was written: customers to leave out need names.", may_be_nobody=True)
    if leave_out and approved_plan is None:
        raise InputError(
            "Customers can be left out of a plan only, and none was named. Nothing was written.",
            hint="Make one with customer-sync plan, then give its hash (--plan) together with --leave-out.",
        )


def names_given(names: Sequence[str], nothing: str, *, may_be_nobody: bool = False) -> list[str]:
    """The names, without blanks around them, each once.

    Args:
        nothing: begins the refusal: what was not done.

    Raises:
        InputError: there is none, or one is blank.
    """
    stripped = [str(name).strip() for name in names]
    if not all(stripped) or not (stripped or may_be_nobody):
        raise InputError(
            nothing,
            problems=["a blank name means nobody" if stripped else "nobody was named"],
            hint="Give Business Central numbers or ids, or woo:ID.",
        )
    return list(dict.fromkeys(stripped))


def pairs_read(texts: Sequence[str], nothing: str = "Nothing was linked:") -> list[tuple[str, int]]:
    """Pairs as people write them, NUMBER=WEBSTORE-ID (also =woo:ID), each once.

    Raises:
        InputError: naming everything that is no pair.
    """
    found = {text: _PAIR.fullmatch(text.strip()) for text in texts}
    problems = [f"{text.strip() or 'a blank'}: no pair" for text, match in found.items() if match is None]
    if problems or not found:
        raise InputError(nothing, problems=problems, hint="Write NUMBER=WEBSTORE-ID, such as C00010=17.")
    return list(dict.fromkeys((match[1].strip(), int(match[2])) for match in found.values() if match is not None))


def unknown_left_out(approved: Approved, names: Sequence[str]) -> list[str]:
    """What is wrong with names of customers to leave out of a plan, one sentence each; none = all of them are in it."""
    return list(_left_out(approved, names).problems)


def keys_left_out(approved: Approved, names: Sequence[str]) -> Keys:
    """Who is left out of an approved plan.

    Raises:
        InputError: naming every name that is not in the plan, or fits several customers.
    """
    found = _left_out(approved, names)
    if found.problems:
        raise InputError(
            f"Nothing was written: who is to be left out of plan {approved.hash[:12]} is not clear:",
            problems=found.problems,
            hint="Name customers by number, Business Central id or woo:ID as the plan shows them.",
        )
    return found.keys


def _left_out(approved: Approved, names: Sequence[str]) -> Found:
    return find(names, [one.who for one in approved.customers], "not in this plan")


def found_in_mapping(view: View, names: Sequence[str], nothing: str) -> list[Who]:
    """The rows of the mapping table that are meant, one for each name; a customer named twice comes once.

    Raises:
        InputError: naming every name that no row has, or several rows have.
    """
    mapping = view.mapping.current()
    rows = [
        Who(str(bc_id), str(number or ""), None if pd.isna(webstore_id) else int(webstore_id))
        for bc_id, number, webstore_id in zip(
            mapping["bc_id"], mapping["bc_number"], mapping["webstore_id"], strict=True
        )
    ]
    found = find(names_given(names, nothing), rows, "not in the mapping table")
    if found.problems:
        raise InputError(nothing, problems=found.problems, hint="See customer-sync mapping list.")
    return list(dict.fromkeys(who for entries in found.who for who in entries))
