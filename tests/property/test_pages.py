"""A page becomes the same columns whoever else stands on it: a record of the wrong shape changes nobody else's row."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core import business_central_customer, webstore_customer
from connector.rules import load_rules
from tests.property.texts import any_text

RULES = load_rules().fields
texts = st.one_of(any_text, st.none())
junk = st.one_of(
    texts, st.integers(), st.floats(allow_nan=False), st.booleans(), st.lists(texts, max_size=2), st.just("\ud800"),
    st.dictionaries(st.text(max_size=3), texts, max_size=2),
)  # fmt: skip
seldom = st.integers(0, 19).flatmap(lambda number: junk if number == 0 else texts)


def _accounts() -> st.SearchStrategy[dict[str, Any]]:
    names = ("first_name", "company", "city", "state", "phone")
    billing = st.one_of(st.fixed_dictionaries(dict.fromkeys(names, seldom)), st.sampled_from([None, [], "", {}, 3]))
    meta = st.lists(st.fixed_dictionaries({"key": st.sampled_from(RULES.meta_keys), "value": seldom}), max_size=2)
    known = {"id": st.one_of(st.integers(1, 9), junk), "billing": billing, "meta_data": st.one_of(meta, st.none())}
    return st.fixed_dictionaries({}, optional={**known, **dict.fromkeys(("email", "first_name", "role"), seldom)})


def _customers() -> st.SearchStrategy[dict[str, Any]]:
    names = ("number", "displayName", "city", "email", "@odata.etag", "type")
    return st.fixed_dictionaries(
        {"id": st.one_of(st.text("aB-1", min_size=1), junk)}, optional=dict.fromkeys(names, seldom)
    )


@pytest.mark.parametrize(
    ("module", "records"), [(webstore_customer, _accounts()), (business_central_customer, _customers())]
)
@given(data=st.data())
def test_a_row_is_the_same_alone_and_among_others(module: Any, records: Any, data: st.DataObject) -> None:
    page = data.draw(st.lists(records, max_size=5))
    alone = [module.columns([record], RULES) for record in page]
    together = module.columns(page, RULES)
    assert together.equals(pa.concat_tables([module.schema(RULES).empty_table(), *alone]))


def test_well_shaped_pages_and_others_give_the_same_rows() -> None:
    """Beside a record of the wrong shape everybody is read one by one."""
    account = {"id": 1, "email": "a@x.example", "billing": {"city": "Oslo", "state": None}, "meta_data": []}
    customer = {"id": "A-1", "number": "C1", "displayName": None, "email": "a@x.example"}
    for module, good, bad in (
        (webstore_customer, account, account | {"id": 2, "email": 3}),
        (business_central_customer, customer, customer | {"id": "b", "email": 3}),
    ):
        quick, slow = module.columns([good], RULES), module.columns([good, bad], RULES)
        assert slow.slice(0, 1).equals(quick)
        assert slow["malformed"].to_pylist() == ["", "not a text: email"]
