"""Edits of the mapping table by hand: all of them or none, one version, and nobody by an empty name."""

from __future__ import annotations

from typing import Any

import pytest
from typer.testing import CliRunner

from connector.desk import editing, suggesting, versions
from connector.desk.mapping_list import list_mapping
from connector.errors import InputError
from connector.run.setup_source import named_setups
from flows.cli import app
from tests.by_hand import by_hand, seen
from tests.flows.shop import Shop


def links(shop: Shop) -> dict[str, int | None]:
    return {row["bc_id"]: row["webstore_id"] for row in seen(list_mapping, shop.setup, shop.setup)}


def version(shop: Shop) -> int:
    return len(seen(versions.list_versions, shop.setup))


def unlinked_pair(shop: Shop, number: int) -> tuple[str, int]:
    """Two who could be linked; names that nothing links by itself."""
    customer = shop.employ(f"bc{number}@nord.example", f"Office{number} Person{number}")
    return shop.number(customer), shop.register(f"w{number}@nord.example", f"Web{number} Shopper{number}")


def test_links_of_one_edit_are_one_version_or_none_and_all_problems_are_named(kept: Shop) -> None:
    pairs = [unlinked_pair(kept, number) for number in (1, 2, 3)]
    by_hand(editing.link, kept.setup, pairs[:1], actor="ann")
    (number, _), (other, account), (third, _) = pairs
    before = (version(kept), links(kept))
    wrong = [(other, account), (number, 4711), ("C9999", account), (third, pairs[0][1])]
    with pytest.raises(InputError, match="Nothing was linked") as refused:
        by_hand(editing.link, kept.setup, wrong, actor="ann")
    told = " ".join(refused.value.problems)
    assert all(part in told for part in ("C9999", "woo:4711", f"woo:{pairs[0][1]} is linked to {number}"))
    assert (version(kept), links(kept)) == before
    by_hand(editing.link, kept.setup, [*pairs[1:], pairs[1]], actor="ann")
    assert version(kept) == before[0] + 1
    assert sorted(links(kept).values()) == sorted(account for _, account in pairs)  # type: ignore[type-var]


@pytest.mark.parametrize("wrong", ["two accounts", "two customers"])
def test_one_customer_is_not_linked_to_two(shop: Shop, wrong: str) -> None:
    (first, account), (second, other) = (unlinked_pair(shop, number) for number in (1, 2))
    pairs = [(first, account), (first, other)] if wrong == "two accounts" else [(first, account), (second, account)]
    with pytest.raises(InputError, match="Nothing was linked"):
        by_hand(editing.link, shop.setup, pairs, actor="ann")
    assert (version(shop), shop.links()) == (0, {})


def test_unlinks_of_one_edit_are_one_version_or_none(kept: Shop) -> None:
    pairs = [unlinked_pair(kept, number) for number in (1, 2)]
    by_hand(editing.link, kept.setup, pairs, actor="ann")
    before = version(kept)
    with pytest.raises(InputError, match="Nothing was changed") as refused:
        by_hand(editing.unlink, kept.setup, [pairs[0][0], "C9999", "woo:4711"], actor="ann")
    assert len(refused.value.problems) == 2
    assert (version(kept), len(links(kept))) == (before, 2)
    by_hand(editing.unlink, kept.setup, [pairs[0][0], f"woo:{pairs[0][1]}", f"woo:{pairs[1][1]}"], actor="ann")
    assert (version(kept), links(kept)) == (before + 1, {})


@pytest.mark.parametrize("edit", [editing.unlink, editing.untick, editing.tick])
@pytest.mark.parametrize("names", [[], [""], [" "]])
def test_an_edit_of_nobody_is_refused(shop: Shop, edit: Any, names: list[str]) -> None:
    shop.employ("p1@nord.example", "Person1 Family1", ticked=True, city="Bergen")
    before = (version(shop), shop.remembered().table)
    with pytest.raises(InputError, match="Nothing was"):
        by_hand(edit, shop.setup, names, actor="ann")
    assert (version(shop), shop.remembered().table) == before


def test_a_link_of_nobody_is_refused(shop: Shop) -> None:
    for pairs in ([], [("", 1)]):
        with pytest.raises(InputError, match="Nothing was linked"):
            by_hand(editing.link, shop.setup, pairs, actor="ann")


def test_answers_to_suggestions_are_one_version_or_none(kept: Shop) -> None:
    pairs = [unlinked_pair(kept, number) for number in (1, 2, 3)]
    written = [f"{number}={account}" for number, account in pairs]
    with pytest.raises(InputError, match="Nothing was") as refused:
        by_hand(
            suggesting.answer,
            kept.setup,
            accepted=[written[0], "C9999=1"],
            rejected=[written[1], "C8888=2"],
            actor="ann",
        )
    assert {"C9999", "C8888"} <= {problem.partition(":")[0] for problem in refused.value.problems}
    with pytest.raises(InputError, match="both accepted and rejected"):
        by_hand(suggesting.answer, kept.setup, accepted=written[:1], rejected=written[:1], actor="ann")
    assert (version(kept), links(kept)) == (0, {})
    done = by_hand(suggesting.answer, kept.setup, accepted=written[:2], rejected=written[2:], actor="ann")
    assert (done["accepted"], done["rejected"], version(kept), len(links(kept))) == (2, 1, 1, 2)


def test_a_restore_that_was_shown_does_not_take_back_what_came_meanwhile(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [unlinked_pair(shop, number) for number in (1, 2)]
    by_hand(editing.link, shop.setup, pairs[:1], actor="ann")
    before = links(shop)
    # while ann thinks about the question, bob links somebody
    monkeypatch.setattr(
        "flows.terminal.confirmed",
        lambda _question, **_how: by_hand(editing.link, shop.setup, pairs[1:], actor="bob"),
    )
    token = named_setups.set(lambda _name, _with_secrets: shop.setup)
    try:
        told = CliRunner().invoke(app, ["mapping", "restore", "0", "--setup", "shop"])
    finally:
        named_setups.reset(token)
    assert told.exit_code == 2
    assert "bob" in told.output
    assert len(before) == 1
    assert sorted(links(shop).values()) == sorted(account for _, account in pairs)  # type: ignore[type-var]
