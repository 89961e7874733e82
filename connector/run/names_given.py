"""What people hand over by name or by hash: refused when it is empty, malformed, unknown or ambiguous, wherever it is given.

An empty text is what a script hands over when the step before it failed. It never means "everybody" or "the new plan".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from connector.clients import BusinessCentralClient
from connector.core.approval import Approved
from connector.core.customer_references import Found, Keys, Kind, Who, find, read_name
from connector.core.normalize import clean_code
from connector.errors import InputError
from connector.store import View, plan_prefix

__all__ = [
    "checked_wish",
    "find_run",
    "found_in_mapping",
    "keys_left_out",
    "names_given",
    "pairs_read",
    "records_named",
    "unknown_left_out",
]

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
    """The names, without blanks around them and characters that nobody sees, each once.

    Args:
        nothing: begins the refusal: what was not done.

    Raises:
        InputError: there is none, or one is blank.
    """
    stripped = [clean_code(str(name)) for name in names]
    if not all(stripped) or not (stripped or may_be_nobody):
        raise InputError(
            nothing,
            problems=["a blank name means nobody" if stripped else "nobody was named"],
            hint="Give Business Central numbers or ids, or woo:ID.",
        )
    return list(dict.fromkeys(stripped))


def find_run(view: View, run_id: str) -> str:
    """The id of the run that is meant.

    Args:
        run_id: the id or its beginning.

    Raises:
        InputError: it is empty, or no run, or several, begin like this.
    """
    wanted = run_id.strip()
    if not wanted:
        raise InputError("Which run? Its id is empty.", hint="Give its id or the beginning: customer-sync runs list.")
    found = view.runs.beginning(wanted)
    if len(found) != 1:
        what = "There is no run" if not found else "Several runs begin with"
        raise InputError(f"{what} {wanted}.", hint="See customer-sync runs list.")
    return found[0]


def pairs_read(texts: Sequence[str], nothing: str = "Nothing was linked:") -> list[tuple[str, int]]:
    """Pairs as people write them, NUMBER=WEBSTORE-ID (also =woo:ID, and id or e-mail for the number), each once.

    Raises:
        InputError: naming everything that is no pair.
    """
    found = {text: _PAIR.fullmatch(clean_code(text)) for text in texts}
    problems = [f"{text.strip() or 'a blank'}: no pair" for text, match in found.items() if match is None]
    if problems or not found:
        raise InputError(nothing, problems=problems, hint="Write NUMBER=WEBSTORE-ID, such as C00010=17.")
    return list(dict.fromkeys((match[1].strip(), int(match[2])) for match in found.values() if match is not None))


def records_named(company: BusinessCentralClient, names: Iterable[str]) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Business Central customers by what people call them: number, id, or e-mail.

    Returns:
        Name as given → record; and one sentence for each name that no customer has, or several have.
    """
    read = {name: read_name(name) for name in names}

    def of(kind: Kind) -> list[str]:
        return sorted({named.value for named in read.values() if named.kind is kind})

    numbers, ids, emails = of(Kind.NUMBER), of(Kind.ID), of(Kind.EMAIL)
    found: dict[tuple[Kind, str], list[dict[str, Any]]] = {}
    if numbers:
        found |= {(Kind.NUMBER, key): [record] for key, record in company.customers_by_number(numbers).items()}
    if ids:
        found |= {(Kind.ID, key): [record] for key, record in company.customers_by_id(ids).items()}
    if emails:
        found |= {(Kind.EMAIL, key): records for key, records in company.customers_by_email(emails).items()}
    records, problems = {}, []
    for name, named in read.items():
        fitting = found.get(named, [])
        if len(fitting) == 1:
            records[name] = fitting[0]
        elif fitting:
            these = ", ".join(sorted(str(record.get("number")) for record in fitting))
            problems.append(f"{name} fits several customers in Business Central ({these}); name one by its number")
        else:
            problems.append(f"{name}: no such customer in Business Central")
    return records, problems


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
    where = "not in this plan"
    if approved.unnamed:
        where = f"not among the first {len(approved.customers):,} customers, whom alone so large a plan names"
    return find(names, [one.who for one in approved.customers], where)


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
