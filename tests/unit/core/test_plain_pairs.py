"""Who is alone with one customer of the other side is matched as the ladder would match him."""

from __future__ import annotations

import pyarrow as pa

from connector.core.matching import Ladder, match
from connector.core.plain_pairs import match_in_circles
from tests.unit.core.people import business_central, person, webstore

CIRCLE = (pa.array([7], pa.int32()), pa.array([7], pa.int32()))


def test_a_pair_is_linked_by_the_strongest_rung_though_only_a_weaker_one_is_plain() -> None:
    shared = {"email": "info@x", "vat": "911111112", "country": "NO", "postcode": "0150", "address_1": "Kai 5"}
    both = webstore(person(1, **shared)), business_central(person("A", **shared))
    ladder = Ladder(("email", "vat"), ())
    found = match_in_circles(*both, CIRCLE, ladder=ladder, rejected=(), made=lambda _ids, _fields: ())
    assert [one.rung for one in found.matches] == ["email"]
    assert found == match(*both, ladder=ladder)
