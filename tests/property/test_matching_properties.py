"""What must hold of every matching, whoever the customers are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from connector.core.contradictions import contradictions, plainly_the_same
from connector.core.evidence import loose, rung_keys
from connector.core.matching import Candidates, Ladder, match
from connector.core.plain_pairs import match_in_circles
from tests.hypothesis_profiles import share
from tests.unit.core.people import business_central, webstore

People = list[dict[str, Any]]
LADDERS = st.builds(
    Ladder,
    link=st.sampled_from([("vat", "email"), ("email",), ("email", "phone_name", "name_postcode"), ()]),
    suggest=st.sampled_from([("phone_name", "name_postcode"), ("name",), ()]),
)
# few values, so that customers share them all the time
PERSON = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["", "Ann Lee", "Ann Lie", "Bo Dahl", "Dahl AS"]),
        "email": st.sampled_from(["", "a@x", "b@x", "ann.lee@x", "info@x"]),
        "phone": st.sampled_from(["", "22334455", "+47 22 33 44 55", "22334456"]),
        "country": st.sampled_from(["", "NO", "SE"]),
        "postcode": st.sampled_from(["", "0150"]),
        "address_1": st.sampled_from(["", "Storgata 5"]),
        "vat": st.sampled_from(["", "", "911111112", "NO922222223"]),
        "linked": st.booleans(),
        "wanted": st.booleans(),
    }
)
EVERYBODY = st.tuples(st.lists(PERSON, max_size=7), st.lists(PERSON, max_size=7))
REJECTED = st.frozensets(st.tuples(st.sampled_from("ABCDEFG"), st.integers(1, 7)), max_size=6)


def sides(left: People, right: People, *, turned: bool = False) -> tuple[Candidates, Candidates]:
    numbered = [{"key": key, **person} for key, person in enumerate(left, start=1)]
    lettered = [{"key": key, **person} for key, person in zip("ABCDEFG", right, strict=False)]
    step = -1 if turned else 1
    return webstore(*numbered[::step]), business_central(*lettered[::step])


def free(people: People, keys: Any) -> set[Any]:
    return {key for key, person in zip(keys, people, strict=False) if not person["linked"]}


@share(2)
@given(EVERYBODY, LADDERS, REJECTED)
def test_nobody_is_matched_twice_or_when_linked_or_rejected_or_waiting(
    everybody: tuple[People, People], ladder: Ladder, rejected: frozenset[tuple[str, int]]
) -> None:
    found = match(*sides(*everybody), ladder=ladder, rejected=rejected)
    left, right = [m.webstore_id for m in found.matches], [m.bc_id for m in found.matches]
    assert len(left) == len(set(left)) == len(set(right))
    assert set(left) <= free(everybody[0], range(1, 8))
    assert set(right) <= free(everybody[1], "ABCDEFG")
    assert not {(m.bc_id, m.webstore_id) for m in found.matches} & rejected
    assert not set(left) & found.waiting_webstore
    assert not set(right) & found.waiting_business_central
    assert all(m.rung in ladder.link and m.rung in m.evidence for m in found.matches)
    assert found.waiting_webstore <= free(everybody[0], range(1, 8))
    assert found.waiting_business_central <= free(everybody[1], "ABCDEFG")


@share(1)
@given(EVERYBODY, LADDERS, REJECTED)
def test_the_order_of_the_customers_does_not_matter(
    everybody: tuple[People, People], ladder: Ladder, rejected: frozenset[tuple[str, int]]
) -> None:
    straight = match(*sides(*everybody), ladder=ladder, rejected=rejected)
    assert straight == match(*sides(*everybody, turned=True), ladder=ladder, rejected=rejected)


@share(2)
@given(EVERYBODY, LADDERS)
def test_whoever_shares_evidence_is_matched_or_waits_and_is_never_created(
    everybody: tuple[People, People], ladder: Ladder
) -> None:
    left, right = sides(*everybody)
    found = match(left, right, ladder=ladder)
    settled = found.waiting_webstore | {m.webstore_id for m in found.matches}
    for field in {"email", "vat"} & set(ladder.rungs):
        others = set(right.evidence[field].to_pylist()) - {""}
        for row, key in enumerate(left.evidence["webstore_id"].to_pylist()):
            asks = left.wanted[row] and not left.linked[row]
            if asks and left.evidence[field][row].as_py() in others:
                assert key in settled


@share(1)
@given(EVERYBODY, LADDERS)
def test_customers_for_whom_nobody_waits_raise_no_question(everybody: tuple[People, People], ladder: Ladder) -> None:
    quiet = tuple([{**person, "wanted": False} for person in people] for people in everybody)
    found = match(*sides(*quiet), ladder=ladder)
    assert not found.matches
    assert not found.ambiguities


@share(1)
@given(EVERYBODY)
def test_one_more_customer_with_the_same_evidence_never_makes_a_link(everybody: tuple[People, People]) -> None:
    people, others = everybody
    before = {(m.webstore_id, m.bc_id) for m in match(*sides(people[:6], others)).matches}
    twins = [*people[:6], *[{**person, "linked": True} for person in people[:1]]]
    after = {(m.webstore_id, m.bc_id) for m in match(*sides(twins, others)).matches}
    assert {pair for pair in after - before if pair[0] == 1} == set()


@share(2)
@given(st.lists(st.tuples(PERSON, PERSON), min_size=1, max_size=20), st.sampled_from(["vat", "email", "name"]))
def test_what_is_seen_of_whole_columns_is_what_is_seen_of_each_pair(
    people: list[tuple[dict[str, Any], dict[str, Any]]], rung: str
) -> None:
    left = webstore(*({**one, "key": n} for n, (one, _) in enumerate(people)))
    right = business_central(*({**other, rung: one[rung], "key": str(n)} for n, (one, other) in enumerate(people)))
    plainly = plainly_the_same(rung, left.evidence, right.evidence)
    for n in np.flatnonzero(plainly).tolist():
        assert contradictions(rung, left.values(n), right.values(n)) == {}


def circles(both: tuple[Candidates, Candidates], rungs: tuple[str, ...]) -> tuple[pa.Array, pa.Array]:
    """The lowest number of those with whom each customer shares evidence, directly or through others."""
    evidence = pa.concat_tables([loose(side.evidence.drop_columns(side.evidence.column_names[0])) for side in both])
    circle = list(range(evidence.num_rows))
    for _ in circle:
        for rung in rungs:
            keys = rung_keys(evidence, rung).to_pylist()
            lowest = {key: min(c for c, k in zip(circle, keys, strict=True) if k == key) for key in keys if key}
            circle = [lowest.get(key, own) for key, own in zip(keys, circle, strict=True)]
    size = both[0].evidence.num_rows
    return pa.array(circle[:size], pa.int32()), pa.array(circle[size:], pa.int32())


@share(6)
@given(
    st.tuples(st.lists(PERSON, max_size=3), st.lists(PERSON, max_size=3)),
    st.one_of(LADDERS, st.just(Ladder(("email", "vat"), ("phone_name",)))),
    st.frozensets(st.tuples(st.sampled_from("ABC"), st.integers(1, 3)), max_size=3),
)
def test_who_is_alone_with_another_one_is_matched_as_among_all(
    everybody: tuple[People, People], ladder: Ladder, rejected: frozenset[tuple[str, int]]
) -> None:
    both = sides(*everybody)
    known = circles(both, ("email", *ladder.rungs))
    found = match_in_circles(*both, known, ladder=ladder, rejected=rejected, made=lambda _ids, _fields: ())
    assert found == match(*both, ladder=ladder, rejected=rejected)
