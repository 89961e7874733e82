"""A complete read of the webstore's list, while people delete and add customers between its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connector.clients.results import Census
from connector.clients.woocommerce.pages import Page, PagedRead
from connector.errors import AnswerNotUnderstood, PremiseBroken


@dataclass
class Shop:
    """A list of customers by position, as WooCommerce has it. `before` is called before each page is answered."""

    rows: list[Any]
    per_page: int = 100
    before: Callable[[int, int], None] = lambda _number, _offset: None
    announces: bool = True
    offsets: list[int] = field(default_factory=list)

    def page(self, offset: int) -> Page:
        self.before(len(self.offsets), offset)
        self.offsets.append(offset)
        return Page(offset, self.rows[offset : offset + self.per_page], len(self.rows) if self.announces else None)


def customers(count: int, first: int = 1) -> list[Any]:
    return [{"id": number, "date_modified_gmt": None} for number in range(first, first + count)]


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    # one thread keeps the order of the requests, and so what happens between them, the same in every run
    with ThreadPoolExecutor(1) as pool:
        yield pool


def read(shop: Any, threads: ThreadPoolExecutor, ahead: int = 4) -> tuple[list[int], Census]:
    ids: list[int] = []
    census = PagedRead(shop.page, lambda page: ids.extend(row["id"] for row in page), threads, ahead).run()
    return ids, census


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 198, 199, 200, 1000])
def test_everybody_is_handed_on_once_in_order_of_id(threads: ThreadPoolExecutor, count: int) -> None:
    shop = Shop(customers(count))
    ids, census = read(shop, threads)
    assert ids == list(range(1, count + 1))
    assert (census.rows, census.announced, census.rereads, census.unreadable) == (count, count, 0, 0)
    assert len(shop.offsets) == max(1, -(-(count - 1) // 99)) == census.pages == census.requests


@pytest.mark.parametrize("ahead", [1, 4])
@pytest.mark.parametrize("deleted", [1, 3, 98, 150])
def test_deletions_on_pages_already_read_hide_nobody(threads: ThreadPoolExecutor, deleted: int, ahead: int) -> None:
    shop = Shop(customers(1000))

    def before(number: int, _offset: int) -> None:
        if number == 5:
            del shop.rows[10 : 10 + deleted]

    shop.before = before
    ids, census = read(shop, threads, ahead)
    assert len(ids) == len(set(ids))
    assert {row["id"] for row in shop.rows} <= set(ids)
    assert census.rows == census.announced
    assert census.rereads >= 1


def test_a_deletion_and_an_insertion_that_keep_the_total_are_noticed(threads: ThreadPoolExecutor) -> None:
    shop = Shop(customers(500))

    def before(number: int, _offset: int) -> None:
        if number == 2:
            del shop.rows[0]
            shop.rows.extend(customers(1, 501))

    shop.before = before
    ids, census = read(shop, threads, ahead=1)
    assert ids == list(range(1, 502))
    assert census.rereads >= 1


def test_customers_who_come_during_the_read_are_seen_at_the_end(threads: ThreadPoolExecutor) -> None:
    shop = Shop(customers(300))

    def before(number: int, _offset: int) -> None:
        if number == 1:
            shop.rows.extend(customers(250, 301))

    shop.before = before
    ids, census = read(shop, threads, ahead=1)
    assert ids == list(range(1, 551))
    assert census.announced == census.rows == 550


def test_the_last_rows_vanish_before_their_page_is_read(threads: ThreadPoolExecutor) -> None:
    shop = Shop(customers(205))

    def before(number: int, _offset: int) -> None:
        if number == 2:
            del shop.rows[0:10]

    shop.before = before
    ids, _ = read(shop, threads, ahead=1)
    assert set(range(11, 206)) <= set(ids)


@settings(max_examples=150, deadline=None)
@given(
    st.integers(0, 60),
    st.integers(1, 4),
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["delete", "insert", "middle"]), st.integers(0, 10_000)),
        max_size=12,
    ),
)
def test_whoever_is_there_all_the_time_is_handed_on_exactly_once(
    count: int, ahead: int, events: list[tuple[int, str, int]]
) -> None:
    """Pages of 5 rows, so that a few dozen customers make many pages."""
    shop = Shop([{"id": 2 * number} for number in range(1, count + 1)], per_page=5)
    always = {row["id"] for row in shop.rows}

    def before(number: int, _offset: int) -> None:
        for when, what, which in events:
            if when != number:
                continue
            if what == "delete" and shop.rows:
                always.discard(shop.rows.pop(which % len(shop.rows))["id"])
            elif what == "insert":
                shop.rows.append({"id": max([row["id"] for row in shop.rows], default=0) + 2})
            elif what == "middle":  # somebody becomes a customer who was a subscriber
                known = {row["id"] for row in shop.rows}
                shop.rows.append({"id": next(n for n in range(which * 2 % 121 + 1, 10**6, 2) if n not in known)})
                shop.rows.sort(key=lambda row: row["id"])

    shop.before = before
    with ThreadPoolExecutor(1) as pool:
        ids, census = read(shop, pool, ahead)
    assert ids == sorted(set(ids))
    assert always <= set(ids)
    assert census.rows == len(ids)


def test_a_shop_that_does_not_announce_a_total_is_read_to_its_end(threads: ThreadPoolExecutor) -> None:
    for count in (0, 7, 100, 350):
        ids, census = read(Shop(customers(count), announces=False), threads)
        assert ids == list(range(1, count + 1))
        assert census.announced is None


def test_a_plugin_that_allows_fewer_rows_to_a_page_loses_nobody(threads: ThreadPoolExecutor) -> None:
    shop = Shop(customers(230), per_page=50)
    ids, census = read(shop, threads)
    assert ids == list(range(1, 231))
    assert census.announced == 230


def test_a_cache_that_gives_the_first_page_for_every_page_does_not_pass_for_a_complete_read(
    threads: ThreadPoolExecutor,
) -> None:
    rows = customers(100)

    class Cached:
        def page(self, offset: int) -> Page:
            return Page(offset, rows, 1000)

    with pytest.raises(AnswerNotUnderstood, match="does not end"):
        read(Cached(), threads)


def test_a_total_that_is_far_too_high_ends_the_read_and_shows(threads: ThreadPoolExecutor) -> None:
    rows = customers(250)

    class Boasting:
        def page(self, offset: int) -> Page:
            return Page(offset, rows[offset : offset + 100], 100_000)

    ids, census = read(Boasting(), threads)
    assert ids == list(range(1, 251))
    assert census.announced == 100_000


def test_rows_without_an_id_are_counted_with_their_reasons_and_stop_nobody(threads: ThreadPoolExecutor) -> None:
    rows = customers(250)
    for position, row in {
        3: {"id": None},
        40: {"id": "41"},
        98: "broken",
        99: {"id": True},
        200: {},
        249: None,
    }.items():
        rows[position] = row
    ids, census = read(Shop(rows), threads)
    assert len(ids) == 244 == census.rows
    assert census.unreadable == 6
    assert census.announced == 250
    assert "a row has no id" in census.reasons
    assert any("no object" in reason for reason in census.reasons)


def test_a_shop_full_of_rows_without_ids_ends(threads: ThreadPoolExecutor) -> None:
    ids, census = read(Shop([{"name": "x"}] * 450), threads)
    assert ids == []
    assert census.unreadable == census.announced == 450


def test_a_page_that_is_no_list_is_asked_for_again(threads: ThreadPoolExecutor) -> None:
    shop = Shop(customers(300))
    broken = {99}

    class Odd:
        def page(self, offset: int) -> Page:
            page = shop.page(offset)
            if offset in broken:
                broken.clear()
                return Page(offset, None, page.total)
            return page

    ids, census = read(Odd(), threads)
    assert ids == list(range(1, 301))
    assert census.rereads == 1


def test_a_page_that_stays_no_list_counts_as_unreadable_rows(threads: ThreadPoolExecutor) -> None:
    shop = Shop(customers(300))

    class Odd:
        def page(self, offset: int) -> Page:
            page = shop.page(offset)
            return Page(offset, None, page.total) if offset == 99 else page

    ids, census = read(Odd(), threads)
    assert len(ids) + census.unreadable == 300 == census.announced
    assert census.unreadable == 98
    assert census.reasons == ("a page is no list",)


def test_a_shop_that_answers_no_list_at_all_ends(threads: ThreadPoolExecutor) -> None:
    class Odd:
        def __init__(self, total: int | None) -> None:
            self.total = total

        def page(self, offset: int) -> Page:
            return Page(offset, None, self.total)

    _, census = read(Odd(500), threads)
    assert census.unreadable == 500
    _, census = read(Odd(None), threads)
    assert census.rows == 0
    assert census.unreadable > 0


def test_the_same_account_twice_in_the_list_is_handed_on_once_and_noted(threads: ThreadPoolExecutor) -> None:
    rows = customers(50)
    rows.insert(20, dict(rows[19]))
    ids, census = read(Shop(rows), threads)
    assert ids == list(range(1, 51))
    assert census.reasons == ("the same account stands twice in the list",)


def test_a_list_in_another_order_is_refused(threads: ThreadPoolExecutor) -> None:
    with pytest.raises(PremiseBroken, match="in order of id"):
        read(Shop(list(reversed(customers(30)))), threads)


def test_the_watermark_is_the_latest_modification_and_null_dates_are_left_out(threads: ThreadPoolExecutor) -> None:
    rows = customers(3)
    rows[1]["date_modified_gmt"] = "2026-01-02T00:00:00"
    rows[2]["date_modified_gmt"] = "2025-01-02T00:00:00"
    assert read(Shop(rows), threads)[1].watermark == "2026-01-02T00:00:00"


def test_a_page_that_cannot_be_had_ends_the_read_with_its_error(threads: ThreadPoolExecutor) -> None:
    shop = Shop(customers(1000))

    def before(number: int, _offset: int) -> None:
        if number == 3:
            raise ConnectionError("gone")

    shop.before = before
    with pytest.raises(ConnectionError):
        read(shop, threads)


def test_progress_tells_rows_and_total(threads: ThreadPoolExecutor) -> None:
    told: list[tuple[int, int]] = []
    shop = Shop(customers(250))
    PagedRead(shop.page, lambda _page: None, threads, 2, lambda done, total: told.append((done, total))).run()
    assert told == [(100, 250), (199, 250), (250, 250)]
