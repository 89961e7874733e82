"""Pairs of one shape are decided together: just as they would be one by one, in extracts of one piece or of many."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from connector.core import planning, updates
from connector.core.customer import Side
from connector.core.extracts import Extract
from connector.core.merge import FieldPolicy
from connector.core.plan import Plan
from connector.core.shapes import shapes_of
from tests.property.pairs import Pairs
from tests.property.servers import Shop
from tests.property.test_round_trip import accounts, customers, linked, many, pairs, policies

edits = st.lists(
    st.tuples(st.sets(st.integers(0, 5), min_size=1), st.one_of(accounts, customers)), min_size=1, max_size=3
)


class InPieces(Pairs):
    """The same pairs, read in pieces of one record each."""

    def extract(self, side: Side) -> Extract:
        whole = super().extract(side)
        pieces = pa.concat_tables([whole.raw.slice(row, 1) for row in range(whole.raw.num_rows)])
        return Extract(side, pieces, whole.malformed, self.terms)


def one_by_one(both: Pairs) -> Plan:
    """The plan without anything that is found out once for several."""

    def separate(*given: Any) -> Any:
        rows, shapes, which = shapes_of(*given)
        event(f"plain: {any(shape.plain is not None for shape in shapes)}")
        event(f"nobody else: {any(not shape.may_be_another for shape in shapes)}")
        return rows, [replace(shape, plain=None, may_be_another=True) for shape in shapes], which

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "shapes_of", separate)
        patch.setattr(updates, "_depends_on_nothing_else", lambda *_: False)
        pieces = InPieces(both.shops, both.companies, both.rules, both.policy)
        pieces.bases = both.bases
        return pieces.plan()


@many
@given(pairs, policies, edits)
def test_what_is_decided_together_is_what_would_be_decided_one_by_one(
    customers: Any, policy: FieldPolicy, edits: list[tuple[set[int], dict[str, Any]]]
) -> None:
    both = linked(customers, policy)
    assert both.plan() == one_by_one(both)
    both.synchronize()
    for places, edit in edits:
        for row in {place % len(customers) for place in places}:
            if "displayName" in edit:
                said = {name: value for name, value in edit.items() if name != "displayName" or value}
                both.companies[row].record |= said
            else:
                record = both.shops[row].record
                both.shops[row] = Shop({**record, **edit, "billing": record["billing"] | edit.get("billing", {})})
        assert both.plan() == one_by_one(both)
