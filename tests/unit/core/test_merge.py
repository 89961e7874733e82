"""The decision table, row by row, and its laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.core.customer import Direction, FieldRule
from connector.core.merge import (
    FieldPolicy,
    FieldValues,
    Gates,
    Situation,
    Verdict,
    WentBack,
    merge_field,
    situations,
)

ASK = FieldPolicy(conflict="ask", first_link="ask", blank="keep", drift="withhold")
OPEN = (True, True)


def decided(
    webstore: str,
    business_central: str,
    base: tuple[str | None, str | None],
    policy: FieldPolicy = ASK,
    gates: tuple[bool, bool] = OPEN,
    newer: int = 0,
    back: tuple[bool, bool] = (False, False),
) -> Verdict:
    """The verdict about one field of one pair; base, gates and back are (webstore, Business Central) and (push, pull)."""
    column = lambda value: pa.array([value], type=pa.large_string())  # noqa: E731 - four columns of one value
    merge = merge_field(
        FieldValues(column(webstore), column(business_central), column(base[0]), column(base[1])),
        policy,
        Gates(np.array([gates[0]]), np.array([gates[1]])),
        np.array([newer], dtype=np.int8),
        WentBack(webstore=np.array([back[0]]), business_central=np.array([back[1]])),
    )
    return Verdict(int(merge.verdict[0]))


@pytest.mark.parametrize(
    ("sentence", "webstore", "business_central", "base", "verdict"),
    [
        ("nobody changed anything", "a", "a", ("a", "a"), Verdict.NONE),
        ("an accepted difference stays accepted", "a", "b", ("a", "b"), Verdict.NONE),
        ("only Business Central changed", "a", "b", ("a", "a"), Verdict.PUSH),
        ("only the webstore changed", "b", "a", ("a", "a"), Verdict.PULL),
        ("both changed to the same value", "b", "b", ("a", "a"), Verdict.AGREE),
        ("both changed differently", "b", "c", ("a", "a"), Verdict.CONFLICT),
        ("newly linked and equal", "a", "a", (None, None), Verdict.AGREE),
        ("newly linked, the webstore is blank", "", "a", (None, None), Verdict.PUSH),
        ("newly linked, Business Central is blank", "a", "", (None, None), Verdict.PULL),
        ("newly linked and different", "a", "b", (None, None), Verdict.CONFLICT),
        ("cleared in Business Central", "a", "", ("a", "a"), Verdict.KEPT),
        ("cleared in the webstore", "", "a", ("a", "a"), Verdict.KEPT),
        ("cleared on both sides", "", "", ("a", "a"), Verdict.AGREE),
        ("cleared in Business Central, changed in the webstore", "b", "", ("a", "a"), Verdict.PULL),
        ("cleared in the webstore, changed in Business Central", "", "b", ("a", "a"), Verdict.PUSH),
        ("an accepted difference, then Business Central changed", "a", "c", ("a", "b"), Verdict.PUSH),
        ("half a base is no base", "a", "b", ("a", None), Verdict.CONFLICT),
        ("the other half of a base is none either", "a", "b", (None, "a"), Verdict.CONFLICT),
    ],
)
def test_the_decision_table(
    sentence: str, webstore: str, business_central: str, base: tuple[str | None, str | None], verdict: Verdict
) -> None:
    assert decided(webstore, business_central, base) is verdict, sentence


@pytest.mark.parametrize(("policy", "verdict"), [("business-central", Verdict.PUSH), ("webstore", Verdict.PULL)])
def test_a_conflict_policy_decides_a_conflict(policy: str, verdict: Verdict) -> None:
    assert decided("b", "c", ("a", "a"), replace(ASK, conflict=policy)) is verdict


@pytest.mark.parametrize(("newer", "verdict"), [(1, Verdict.PULL), (-1, Verdict.PUSH), (0, Verdict.CONFLICT)])
def test_the_value_that_was_seen_later_wins_and_unknown_times_ask(newer: int, verdict: Verdict) -> None:
    assert decided("b", "c", ("a", "a"), replace(ASK, conflict="newest"), newer=newer) is verdict


@pytest.mark.parametrize("back", [(True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    ("w", "c", "base"), [("b", "a", "a"), ("a", "b", "a"), ("b", "c", "a"), ("", "a", "a"), ("a", "", "a")]
)
def test_what_changed_in_a_record_that_went_back_is_asked(w: str, c: str, base: str, back: tuple[bool, bool]) -> None:
    changed_in_it = (back[0] and w != base) or (back[1] and c != base)
    verdict = decided(w, c, (base, base), replace(ASK, blank="clear"), back=back)
    assert (verdict is Verdict.CONFLICT) == (changed_in_it or (w, c) == ("b", "c"))


def test_newest_does_not_decide_a_first_link() -> None:
    assert decided("b", "c", (None, None), replace(ASK, conflict="newest"), newer=1) is Verdict.CONFLICT


@pytest.mark.parametrize(("policy", "verdict"), [("business-central", Verdict.PUSH), ("webstore", Verdict.PULL)])
def test_a_first_link_policy_decides_differences_of_newly_linked_customers(policy: str, verdict: Verdict) -> None:
    assert decided("b", "c", (None, None), replace(ASK, first_link=policy)) is verdict


def test_the_clear_policy_passes_a_cleared_value_on() -> None:
    clear = replace(ASK, blank="clear")
    assert decided("a", "", ("a", "a"), clear) is Verdict.PUSH
    assert decided("", "a", ("a", "a"), clear) is Verdict.PULL
    assert decided("b", "", ("a", "a"), clear) is Verdict.CONFLICT


def test_a_closed_gate_withholds_and_does_not_forget() -> None:
    assert decided("a", "b", ("a", "a"), gates=(False, True)) is Verdict.PUSH_WITHHELD
    assert decided("b", "a", ("a", "a"), gates=(True, False)) is Verdict.PULL_WITHHELD


def test_drift_overwrite_lets_the_open_side_win() -> None:
    overwrite = replace(ASK, drift="overwrite")
    assert decided("b", "a", ("a", "a"), overwrite, gates=(True, False)) is Verdict.PUSH
    assert decided("a", "b", ("a", "a"), overwrite, gates=(False, True)) is Verdict.PULL
    assert decided("a", "b", ("a", "a"), overwrite, gates=(False, False)) is Verdict.PUSH_WITHHELD
    assert decided("b", "a", ("a", "a"), overwrite, gates=(False, False)) is Verdict.PULL_WITHHELD


def test_drift_overwrite_never_overwrites_with_a_blank_that_is_to_be_kept() -> None:
    overwrite = replace(ASK, drift="overwrite")
    assert decided("a", "", (None, None), overwrite, gates=(True, False)) is Verdict.PULL_WITHHELD
    assert decided("a", "", (None, None), replace(overwrite, blank="clear"), gates=(True, False)) is Verdict.PUSH
    assert decided("", "a", (None, None), overwrite, gates=(False, True)) is Verdict.PUSH_WITHHELD
    assert decided("", "a", (None, None), replace(overwrite, blank="clear"), gates=(False, True)) is Verdict.PULL


def test_a_field_that_travels_one_way_closes_the_other_gate() -> None:
    rule = FieldRule("phone", "billing.phone", "phoneNumber", frozenset({Direction.PULL}), "", "", "", 30, "phone")
    gates = Gates(np.array([True, False]), np.array([True, True])).of_field(rule)
    assert gates.push.tolist() == [False, False]
    assert gates.pull.tolist() == [True, True]


keys = st.sampled_from(["", "a", "b", "c"])
bases = st.one_of(st.none(), keys)
policies = st.builds(
    FieldPolicy,
    conflict=st.sampled_from(["ask", "business-central", "webstore", "newest"]),
    first_link=st.sampled_from(["ask", "business-central", "webstore"]),
    blank=st.sampled_from(["keep", "clear"]),
    drift=st.sampled_from(["withhold", "overwrite"]),
)
MIRROR = {
    Verdict.PUSH: Verdict.PULL,
    Verdict.PULL: Verdict.PUSH,
    Verdict.PUSH_WITHHELD: Verdict.PULL_WITHHELD,
    Verdict.PULL_WITHHELD: Verdict.PUSH_WITHHELD,
}
MIRROR_POLICY = {"business-central": "webstore", "webstore": "business-central"}


@given(keys, keys, bases, bases, policies, st.booleans(), st.booleans(), st.sampled_from([-1, 0, 1]))
def test_exchanging_the_sides_exchanges_the_verdict(
    w: str, c: str, base_w: str | None, base_c: str | None, policy: FieldPolicy, push: bool, pull: bool, newer: int
) -> None:
    mirrored = replace(
        policy,
        conflict=MIRROR_POLICY.get(policy.conflict, policy.conflict),
        first_link=MIRROR_POLICY.get(policy.first_link, policy.first_link),
    )
    verdict = decided(w, c, (base_w, base_c), policy, (push, pull), newer)
    other = decided(c, w, (base_c, base_w), mirrored, (pull, push), -newer)
    blanks = (w == "" and c != "") or (c == "" and w != "")
    if not (blanks and base_w is None and base_c is None):
        assert other is MIRROR.get(verdict, verdict)


@given(keys, keys, bases, bases, policies, st.booleans(), st.booleans())
def test_after_the_write_nothing_is_left_to_do(
    w: str, c: str, base_w: str | None, base_c: str | None, policy: FieldPolicy, push: bool, pull: bool
) -> None:
    verdict = decided(w, c, (base_w, base_c), policy, (push, pull))
    if verdict is Verdict.PUSH:
        w = c
    elif verdict is Verdict.PULL:
        c = w
    if verdict in {Verdict.PUSH, Verdict.PULL, Verdict.AGREE}:
        base_w, base_c = w, c
    again = decided(w, c, (base_w, base_c), policy, (push, pull))
    assert again not in {Verdict.PUSH, Verdict.PULL, Verdict.AGREE}


@given(keys, keys, keys, keys, policies, st.booleans(), st.booleans(), st.sampled_from([-1, 0, 1]))
def test_no_policy_and_no_gate_takes_the_past_for_an_edit(
    w: str, c: str, base_w: str, base_c: str, policy: FieldPolicy, push: bool, pull: bool, newer: int
) -> None:
    verdict = decided(w, c, (base_w, base_c), policy, (push, pull), newer, back=(True, False))
    assert verdict is not Verdict.PULL or w == base_w
    assert verdict in {Verdict.NONE, Verdict.AGREE, Verdict.CONFLICT} or w == base_w


@given(keys, keys, bases, bases, policies)
def test_a_write_never_replaces_a_value_that_only_the_other_side_changed(
    w: str, c: str, base_w: str | None, base_c: str | None, policy: FieldPolicy
) -> None:
    verdict = decided(w, c, (base_w, base_c), policy)
    if base_w is not None and base_c is not None:
        assert not (verdict is Verdict.PUSH and c == base_c and not (w == "" and policy.blank == "keep"))
        assert not (verdict is Verdict.PULL and w == base_w and not (c == "" and policy.blank == "keep"))


@pytest.mark.parametrize(
    ("webstore", "business_central", "base", "words"),
    [
        ("a", "b", "ab", "neither side changed"),
        ("b", "b", "aa", "both sides hold the same value"),
        ("a", "b", "aa", "only Business Central changed"),
        ("b", "a", "aa", "only the webstore changed"),
        ("b", "c", "aa", "both sides changed, differently"),
        ("", "a", None, "newly linked, blank in the webstore"),
        ("a", "", None, "newly linked, blank in Business Central"),
        ("a", "b", None, "newly linked, both set and different"),
        ("a", "", "aa", "only Business Central changed: it was cleared"),
        ("", "a", "aa", "only the webstore changed: it was cleared"),
        ("b", "", "aa", "both sides changed, Business Central was cleared"),
        ("", "b", "aa", "both sides changed, the webstore was cleared"),
    ],
)
def test_what_happened_to_a_field_is_told_in_words(
    webstore: str, business_central: str, base: str | None, words: str
) -> None:
    w, c, base_w, base_c = (
        pa.array([value], type=pa.large_string()) for value in (webstore, business_central, *(base or [None, None]))
    )
    (situation,) = situations(FieldValues(w, c, base_w, base_c)).tolist()
    assert Situation(situation).words == words


def test_columns_are_decided_row_by_row() -> None:
    column = lambda *values: pa.array(values, type=pa.large_string())  # noqa: E731
    values = FieldValues(column("a", "b", ""), column("a", "a", "x"), column("a", "a", None), column("a", "a", None))
    assert situations(values).tolist() == [
        Situation.UNCHANGED,
        Situation.WEBSTORE_CHANGED,
        Situation.NEW_WEBSTORE_BLANK,
    ]


def a_rule(**policies: object) -> FieldRule:
    """A text field that travels both ways and leaves its policies to the setup, but for the given ones."""
    rule = FieldRule(
        field="city", webstore="billing.city", business_central="city", directions=frozenset(Direction), conflict="",
        first_link="", blank="", max_length=30, normalizer="text",
    )  # fmt: skip
    return replace(rule, **policies)  # type: ignore[arg-type]


SETUP = FieldPolicy(conflict="newest", first_link="webstore", blank="clear", drift="overwrite")


def test_a_field_without_policies_of_its_own_takes_the_setups() -> None:
    assert FieldPolicy.of(a_rule(), SETUP) == SETUP


def test_a_fields_own_policies_go_first() -> None:
    own = a_rule(conflict="webstore", first_link="ask", blank="keep")
    assert FieldPolicy.of(own, SETUP) == FieldPolicy("webstore", "ask", "keep", "overwrite")


@pytest.mark.parametrize("direction", list(Direction))
def test_a_field_that_travels_one_way_closes_the_other_gate_and_opens_none(direction: Direction) -> None:
    one_way = a_rule(directions=frozenset({direction}))
    gates = Gates(np.array([True, False]), np.array([True, False])).of_field(one_way)
    assert gates.push.tolist() == [direction is Direction.PUSH, False]
    assert gates.pull.tolist() == [direction is Direction.PULL, False]


@pytest.mark.parametrize("cleared", ["webstore", "business_central"])
@pytest.mark.parametrize(
    ("conflict", "newer", "verdict"),
    [
        ("ask", 1, Verdict.CONFLICT),
        ("business-central", 1, Verdict.PUSH),
        ("webstore", -1, Verdict.PULL),
        ("newest", 1, Verdict.PULL),
        ("newest", -1, Verdict.PUSH),
        ("newest", 0, Verdict.CONFLICT),
    ],
)
def test_a_cleared_and_a_changed_side_are_a_conflict_when_clearing_counts(
    cleared: str, conflict: str, newer: int, verdict: Verdict
) -> None:
    policy = replace(ASK, blank="clear", conflict=conflict)
    webstore, business_central = ("", "b") if cleared == "webstore" else ("b", "")
    assert decided(webstore, business_central, ("a", "a"), policy, newer=newer) is verdict
