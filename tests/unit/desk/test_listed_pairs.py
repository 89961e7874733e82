"""The list that somebody has already: numbers, e-mails, names, looked up in both systems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from connector.desk.desk import Desk
from connector.desk.exchange import Imported, import_mapping, names_customers
from connector.store import open_store
from sandbox.server import Running, start
from tests.flows.shop import setup_of

PEOPLE = (
    "00001 b@y.example Ann Lee",
    "10 c@y.example Bo Li",
    "0010 d@y.example Cy Wu",
    "1-2 e@y.example Di Fu",
    "D5 - Bo Li",
)


@pytest.fixture(scope="module")
def systems() -> Iterator[Running]:
    with start(empty=True, seed=1) as running:
        for number, email, first, last in (line.split() for line in PEOPLE):
            who = {"number": number, "displayName": f"{first} {last}", "email": email.strip("-")}
            running.business_central.people_create(who)
        for email, first, last in (
            ("a@x.example", "Ann", "Lee"),
            ("b@x.example", "Bo", "Li"),
            ("c@x.example", "Bo", "Li"),
        ):
            running.webstore.people_create({"email": email, "first_name": first, "last_name": last})
        yield running


@pytest.fixture
def desk(systems: Running, tmp_path: Path) -> Iterator[Desk]:
    setup = setup_of(systems, tmp_path, "shop")
    store = open_store(setup.store.url)
    yield Desk(setup, store, "ann")
    store.close()


def taken(desk: Desk, tmp_path: Path, text: str, *, dry_run: bool = True) -> Imported:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    assert names_customers(path)
    return import_mapping(desk, path, dry_run=dry_run)


@pytest.mark.parametrize(
    "text",
    [
        "bc_number,webstore_id\n00001,3\n",
        "\ufeffNo.;User ID\r\n00001;3.0\r\n",
        "webstore_id\tbc_number\nwoo:3\tB@Y.example\n",
        "BC Number,Webstore ID\nann lee,a@x.example\n",
        "bc_number,E-Mail\n00001,a@x.example\n",
        "name\nAnn Lee\n",
        "bc_id,bc_number,webstore_id\n,00001,3\n",
    ],
)
def test_whoever_is_named_in_any_way_is_linked(desk: Desk, tmp_path: Path, text: str) -> None:
    shown = taken(desk, tmp_path, text).rows
    assert [(row["line"], row["change"], row["bc_number"], row["name"], row["webstore_id"]) for row in shown] == [
        (2, "added", "00001", "Ann Lee", 3)
    ]
    done = taken(desk, tmp_path, text, dry_run=False)
    assert (done.added, done.mapping_version) == (1, 1)
    with desk.view() as view:
        (row,) = view.mapping.rows()
    assert (row["bc_number"], row["webstore_id"], row["webstore_customer"]) == ("00001", 3, True)
    assert taken(desk, tmp_path, text, dry_run=False).unchanged == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("1,3", "1: no such customer in Business Central; a spreadsheet eats zeros and signs of numbers: did it say 00001?"),
        ("02. Jan,3", "a spreadsheet takes it for a date: did it say 1-2?"),
        ("10,3", "10 may be any of 10, 0010: a spreadsheet eats zeros; name the customer by id, e-mail or name"),
        ("C77,3", "C77: no such customer in Business Central"),
        ("Bo Li,3", "Bo Li: several have this name in Business Central (10, D5); name one by number or id"),
        ("00001,99", "woo:99 is not in the webstore"),
        ("00001,", "names no account"),
        (",3", "names no customer"),
        ("00001,Bo Li", "Bo Li: several have this name in the webstore (4, 5); name one by number or id"),
        ("x@z.example,y@z.example", "x@z.example: no such customer in Business Central; y@z.example: no such customer in"),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_is_told_by_line_and_nothing_is_taken(
    desk: Desk, tmp_path: Path, line: str, told: str
) -> None:
    looked = taken(desk, tmp_path, f"bc_number,webstore_id\n0010,4\n{line}\n")
    assert [problem.startswith("line 3: ") and told in problem for problem in looked.problems] == [True]
    assert desk.version() == 0


def test_a_number_beside_the_e_mail_of_somebody_else_links_nobody(desk: Desk, tmp_path: Path) -> None:
    looked = taken(desk, tmp_path, "Nr;E-Mail;woo_id\n00001;e@y.example;3\n00001;B@Y.example;3\n")
    assert looked.problems == ("line 2: 00001 is 00001 Ann Lee, and e@y.example is the e-mail of 1-2",)
