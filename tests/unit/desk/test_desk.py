"""Edits by people at desks: who was overtaken is told by whom and why, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from connector.desk import editing, versions
from connector.desk.desk import Desk
from connector.desk.exchange import import_mapping
from connector.desk.forgetting import forget
from connector.errors import Overtaken
from connector.store import MappingRow, Store, open_store
from tests.by_hand import desk_over

IDS = tuple(f"{n:08x}-0000-0000-0000-00000000000a" for n in range(3))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Three linked customers, as version 1."""
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    with desk_over(opened).work("the beginning") as work:
        work.mapping.put([MappingRow(key, f"C{n}", n + 1, True, "x") for n, key in enumerate(IDS)])
    yield opened
    opened.close()


def numbers(store: Store) -> list[str]:
    with store.view("shop") as view:
        return [row["bc_number"] for row in view.mapping.rows()]


def test_of_two_people_who_looked_at_one_version_the_second_is_told_who_came_between(store: Store) -> None:
    ann = desk_over(store, actor="ann", expected_version=1)
    per = desk_over(store, actor="per", expected_version=1)
    assert editing.unlink(ann, ["C0"])["mapping_version"] == 2
    with pytest.raises(Overtaken, match=r"at version 2 by now; .* on version 1\. Nothing was changed") as told:
        editing.unlink(per, ["C1"])
    assert (told.value.problems, told.value.version) == (("version 2 by ann: unlink C0",), 2)
    assert numbers(store) == ["C1", "C2"]
    again = desk_over(store, actor="per", expected_version=told.value.version)
    assert editing.unlink(again, ["C1"])["mapping_version"] == 3


def imported(desk: Desk) -> None:
    file = Path(desk.store._url.database or "").with_name("mapping.csv")
    file.write_text(f"bc_id\n{IDS[0]}\n", encoding="utf-8")
    import_mapping(desk, file, replace_all=True)


EDITS: dict[str, Callable[[Desk], object]] = {
    "untick": lambda desk: editing.untick(desk, ["C1"]),
    "restore": lambda desk: versions.restore_version(desk, 0),
    "import": imported,
    "forget": lambda desk: forget(desk, "C1"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_no_edit_is_made_of_another_version_than_was_looked_at(store: Store, edit: Callable[[Desk], object]) -> None:
    editing.unlink(desk_over(store), ["C0"])
    with store.view("shop") as view:
        before = view.mapping.rows()
    with pytest.raises(Overtaken):
        edit(desk_over(store, expected_version=1))
    with store.view("shop") as view:
        assert (view.mapping.rows(), view.mapping.version(), view.tombstones.all().empty) == (before, 2, True)
    edit(desk_over(store, expected_version=2))


def test_a_desk_that_expects_nothing_edits_the_newest_version(store: Store) -> None:
    editing.unlink(desk_over(store), ["C0"])
    editing.unlink(desk_over(store, actor="per"), ["C1"])
    assert numbers(store) == ["C2"]


def test_of_many_versions_that_came_between_the_newest_are_named(store: Store) -> None:
    for _ in range(6):
        editing.untick(desk_over(store), ["C0"])
        with desk_over(store).work("tick C0") as work:
            work.mapping.tick(IDS[0], "C0")
    with pytest.raises(Overtaken) as told:
        editing.untick(desk_over(store, expected_version=1), ["C1"])
    assert (told.value.problems[0], told.value.problems[-1]) == ("version 13 by ann: tick C0", "and 2 versions before")
    assert len(told.value.problems) == 11


def test_a_version_that_is_not_there_any_more_is_overtaken_too(store: Store) -> None:
    """The store was put back from a backup after the person looked."""
    with pytest.raises(Overtaken, match="at version 1 by now") as told:
        editing.untick(desk_over(store, expected_version=7), ["C1"])
    assert told.value.problems == ()
