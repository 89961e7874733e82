"""Metadata and typed properties go round like texts do: once, and never again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from connector.core.customer import Direction, FieldRule, FieldRules
from connector.core.merge import FieldPolicy
from connector.rules import load_rules
from tests.property import texts
from tests.property.pairs import Pairs
from tests.property.servers import Company, Shop

SHIPPED = load_rules()


def rule(field: str, path: str, name: str, normalizer: str, *directions: Direction, **more: Any) -> FieldRule:
    return FieldRule(field, path, name, frozenset(directions or Direction), "", "", "", 255, normalizer, **more)


OWN = (
    rule("number", "meta:bc_customer_number", "number", "code", Direction.PUSH),
    rule("liable", "meta:liable", "taxLiable", "boolean"),
    rule("credit", "meta:credit", "creditLimit", "decimal"),
    rule("blocked", "meta:blocked", "blocked", "option", options=("Ship", "Invoice", "All")),
    rule("since", "meta:since", "website", "date"),
    rule("delivery", "shipping.phone", "phoneNumber", "text", Direction.PULL),
)
NAMES = tuple(r for r in SHIPPED.fields.rules if r.field in {"name", "email"})
RULES = replace(SHIPPED, fields=FieldRules((*NAMES, *OWN), cultures=SHIPPED.fields.cultures))

values = st.one_of(
    st.sampled_from(
        ("", "1", "0", "true", "no", "1.50", "01500", "-0.0", "1e3", "All", "ship", "2026-01-31", "2026-02-30")
    ),
    st.integers(-(10**16), 10**16),
    st.booleans(),
    texts.any_text,
)
keys = st.sampled_from(("liable", "credit", "blocked", "since", "bc_customer_number", "other"))
metadata = st.lists(
    st.fixed_dictionaries({"key": keys, "value": values}), max_size=5, unique_by=lambda item: item["key"]
)
properties = st.fixed_dictionaries(
    {},
    optional={
        "number": st.sampled_from(("C1", "C2")),
        "taxLiable": st.booleans(),
        "creditLimit": st.one_of(st.integers(0, 10**9), st.decimals(0, 10**9, places=2).map(float)),
        "blocked": st.sampled_from(("_x0020_", " ", "Ship", "All")),
        "website": st.one_of(st.sampled_from(("", "2026-01-31", "2025-12-24T10:00:00")), texts.any_text),
    },
)
policies = st.builds(
    FieldPolicy,
    conflict=st.sampled_from(("ask", "business-central", "webstore")),
    first_link=st.sampled_from(("ask", "business-central", "webstore")),
    blank=st.sampled_from(("keep", "clear")),
    drift=st.just("withhold"),
)


@settings(max_examples=settings.default.max_examples // 2)
@given(metadata, properties, policies, st.lists(st.one_of(metadata, properties), max_size=3))
def test_typed_fields_are_settled_after_every_synchronisation(
    meta: list[dict[str, Any]], company: dict[str, Any], policy: FieldPolicy, edits: list[Any]
) -> None:
    shop = Shop({"id": 0, "email": "ann@x.example", "first_name": "Ann", "meta_data": meta})
    both = Pairs(
        [shop], [Company({"id": "0", "displayName": "Ann", "email": "ann@x.example", **company})], RULES, policy
    )
    for edit in [None, *edits]:
        if isinstance(edit, dict):
            both.companies[0].record |= edit
        elif edit:
            both.shops[0].put({"meta_data": edit})
        first = both.synchronize()
        records = both.records()
        assert both.synchronize().writes == ()
        assert both.records() == records
        number = next((m["value"] for m in both.shops[0].record["meta_data"] if m["key"] == "bc_customer_number"), "")
        if policy.conflict == policy.first_link == "business-central" and not (edits or first.quarantined):
            assert number.upper() == both.companies[0].record["number"]
