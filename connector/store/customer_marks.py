"""What a line of the list of customers can be marked with, and whom each mark means, as SQL.

Filters, counts and the states of a line ask the same conditions, which stand here alone.
"""

# ruff: noqa: S608 - the statements are put together of this module's own constants; values are bound

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "ACCOUNT",
    "CARD",
    "MARKS",
    "NO_ACCOUNT",
    "NO_CARD",
    "OLD_ENOUGH",
    "ROW",
    "TROUBLES",
    "UNLINKED",
    "Gates",
    "keys_of",
]

# what a line can be marked with, the most urgent first
MARKS = ("conflict", "quarantined", "on hold", "gone", "asked", "to push", "to pull", "withheld", "ticked")
# marks of a linked customer who is not as the other side is
TROUBLES = ("conflict", "quarantined", "on hold", "gone", "to push", "to pull", "withheld")
# what the aliases of tables stand for: m a current row of the mapping table, d a card, w an account, both of the directory
ROW = "m.webstore_code = :code AND m.v_to IS NULL"
CARD = "d.webstore_code = :code AND d.system = 'business_central'"
ACCOUNT = "w.webstore_code = :code AND w.system = 'webstore'"
NO_CARD = f"NOT EXISTS (SELECT 1 FROM directory d WHERE d.key = m.bc_id AND {CARD})"
NO_ACCOUNT = f"NOT EXISTS (SELECT 1 FROM directory w WHERE w.key = CAST(m.webstore_id AS TEXT) AND {ACCOUNT})"
# in which the directory may not know a customer though he is there: he was linked after it was read
# the plus keeps SQLite from looking for rows by their version, which nearly all have
OLD_ENOUGH = "+m.v_from <= :version"
UNLINKED = f"NOT EXISTS (SELECT 1 FROM mapping_row m WHERE m.webstore_id = CAST(w.key AS BIGINT) AND {ROW})"
_PAIR = f"mapping_row m WHERE m.bc_id = x.bc_id AND {ROW} AND m.webstore_id = x.webstore_id AND x.webstore_code = :code"
_DECIDED = (
    "EXISTS (SELECT 1 FROM decision a WHERE a.webstore_code = :code AND a.bc_id = x.bc_id AND a.webstore_id = x.webstore_id"
    " AND a.field = x.field AND a.webstore_seen = x.webstore AND a.business_central_seen = x.business_central{take})"
)
_IN_CONFLICT = (
    "EXISTS (SELECT 1 FROM conflict o WHERE o.webstore_code = :code AND o.bc_id = x.bc_id AND o.webstore_id = x.webstore_id"
    " AND o.field = x.field)"
)
_ACCOUNT_OF = "CAST(CASE WHEN x.key LIKE 'woo:%' THEN substr(x.key, 5) ELSE '-1' END AS BIGINT)"
_NOBODYS = f"NOT EXISTS (SELECT 1 FROM mapping_row m WHERE m.webstore_id = {{account}} AND {ROW})"


@dataclass(frozen=True)
class Gates:
    """What the setup makes of a difference.

    Attributes:
        push, pull: the direction is open.
        overwrite: a change on a side that may not be passed on is overwritten by the other side.
        keeps_blanks: a cleared value is not passed on.
    """

    push: bool
    pull: bool
    overwrite: bool = False
    keeps_blanks: bool = True

    def mark_of(self, system: str) -> str:
        """What becomes of a value of this system that differs from its base."""
        first, second = ("to push", "to pull") if system == "business_central" else ("to pull", "to push")
        opened = {"to push": self.push, "to pull": self.pull}
        return first if opened[first] else second if self.overwrite and opened[second] else "withheld"


def keys_of(mark: str, account: bool, gates: Gates, among: str = "") -> str:
    """A statement that gives the keys of the lines with a mark, each once; "" = no line of this kind can have it."""
    arms = _account_arms(mark) if account else _card_arms(mark, gates)
    keys = [f"SELECT {key} AS key FROM {source}{f' AND {key} IN {among}' if among else ''}" for key, source in arms]
    # UNION makes each key stand once, also with a single arm
    return " UNION ".join(keys if len(keys) != 1 else [keys[0].replace("SELECT", "SELECT DISTINCT", 1)])


def _card_arms(mark: str, gates: Gates) -> list[tuple[str, str]]:
    """(key, FROM … WHERE …) of the lines that have a Business Central id."""
    if mark in {"quarantined", "on hold"}:
        x = "quarantine x" if mark == "quarantined" else "hold x"
        held = "" if mark == "quarantined" else " AND x.on_hold"
        linked = f"x.webstore_code = :code{held} AND m.webstore_id = {_ACCOUNT_OF} AND {ROW}"
        return [
            ("substr(x.key, 4)", f"{x} WHERE x.webstore_code = :code{held} AND x.key LIKE 'bc:%'"),
            ("m.bc_id", f"{x}, mapping_row m WHERE {linked}"),
        ]
    if mark == "conflict":
        return [("x.bc_id", f"conflict x, {_PAIR} AND NOT {_DECIDED.format(take='')}")]
    if mark == "asked":
        free = (
            f"NOT EXISTS (SELECT 1 FROM mapping_row m WHERE m.bc_id = x.bc_id AND {ROW} AND m.webstore_id IS NOT NULL)"
        )
        account = _NOBODYS.format(account="x.webstore_id")
        return [
            ("x.bc_id", f"suggestion x WHERE x.webstore_code = :code AND x.state = 'open' AND {free} AND {account}")
        ]
    if mark == "gone":
        account = f"m.webstore_id IS NOT NULL AND {NO_ACCOUNT}"
        return [
            ("m.bc_id", f"mapping_row m WHERE {ROW} AND {OLD_ENOUGH} AND {missing}") for missing in (NO_CARD, account)
        ]
    if mark == "ticked":
        return [("m.bc_id", f"mapping_row m WHERE {ROW} AND m.webstore_id IS NULL AND m.webstore_customer")]
    return _difference_arms(mark, gates)


def _account_arms(mark: str) -> list[tuple[str, str]]:
    """The same of accounts that are linked to nobody; their key is the Webstore ID as text."""
    if mark in {"quarantined", "on hold"}:
        x = "quarantine x" if mark == "quarantined" else "hold x"
        held = "" if mark == "quarantined" else " AND x.on_hold"
        mine = f"x.webstore_code = :code{held} AND x.key LIKE 'woo:%' AND {_NOBODYS.format(account=_ACCOUNT_OF)}"
        return [("substr(x.key, 5)", f"{x} WHERE {mine}")]
    if mark == "asked":
        card = (
            f"NOT EXISTS (SELECT 1 FROM mapping_row m WHERE m.bc_id = x.bc_id AND {ROW} AND m.webstore_id IS NOT NULL)"
        )
        mine = f"x.webstore_code = :code AND x.state = 'open' AND {card} AND {_NOBODYS.format(account='x.webstore_id')}"
        return [("CAST(x.webstore_id AS TEXT)", f"suggestion x WHERE {mine}")]
    return []


def _difference_arms(mark: str, gates: Gates) -> list[tuple[str, str]]:
    """Values that differ from their base, and conflicts that are decided, by what becomes of them."""
    conditions = []
    passed = "x.value <> ''" if gates.keeps_blanks else "x.value = x.value"
    for system in ("business_central", "webstore"):
        becomes = gates.mark_of(system)
        fine = f"{passed} AND m.webstore_customer" if becomes == "to push" else passed
        if becomes == mark:
            conditions.append(f"x.system = '{system}'" + ("" if mark == "withheld" else f" AND {fine}"))
        elif mark == "withheld":
            conditions.append(f"x.system = '{system}' AND NOT ({fine})")
    arms = [("x.bc_id", f"change x, {_PAIR} AND NOT {_IN_CONFLICT} AND ({' OR '.join(conditions)})")]
    takes = {"to push": "'business-central', 'value'", "to pull": "'webstore', 'value'"}
    opened = {"to push": gates.push, "to pull": gates.pull}
    for direction, take in takes.items():
        if mark == (direction if opened[direction] else "withheld"):
            arms.append(("x.bc_id", f"conflict x, {_PAIR} AND {_DECIDED.format(take=f' AND a.take IN ({take})')}"))
    return arms if conditions else arms[1:]
