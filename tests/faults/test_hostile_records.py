"""Several hundred customers with values that no system should send, in one run: it goes on, and nobody is written unchecked.

A damaged customer is left out with a reason, and nothing of it reaches the other side; hostile texts are only texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from connector.desk.editing import tick
from connector.desk.quarantine import list_quarantine
from sandbox.server import Running, start
from tests.by_hand import by_hand, seen
from tests.flows.shop import Shop

NO_TEXTS: tuple[Any, ...] = (1, 1.5, True, ["x"], {"a": 1}, [], {})
HOSTILE = (
    "a\x00b", "a\ud800b", "x" * 100_000, "\\", "<script>alert(1)</script>", "'; DROP TABLE base; --",
    '=HYPERLINK("http://x.example")', "@SUM(1)", "\u202e\u200b", "1970-13-45T99:99:99", "{{ 7 * 7 }}", "%s%n", "../../etc",
)  # fmt: skip
WEBSTORE_FIELDS = (
    "email", "first_name", "last_name", "role", "username", "date_modified_gmt", "billing",
    *(f"billing/{name}" for name in "company address_1 address_2 city state postcode country phone".split()),
)  # fmt: skip
COMPANY_FIELDS = (
    "number", "displayName", "type", "addressLine1", "addressLine2", "city", "state", "postalCode", "country",
    "phoneNumber", "email", "taxRegistrationNumber", "lastModifiedDateTime", "@odata.etag",
)  # fmt: skip
# an address without anything in it: PHP writes an empty one as a list
BLANK_ADDRESSES = (("billing", {}), ("billing", []), ("billing", {"a": 1}))
GOOD = 10


class Attack:
    """Both systems, with one damaged customer per field and value on each side, and some good ones between them."""

    def __init__(self, running: Running, folder: Path, values: tuple[Any, ...]) -> None:
        self.shop = Shop(running, folder)
        self.webstore: dict[int, tuple[str, Any]] = {}
        self.company: dict[str, tuple[str, Any]] = {}
        for n, damage in enumerate(product(WEBSTORE_FIELDS, values)):
            self.webstore[self.shop.register(f"w{n}@bad.example", f"Ann{n} Lee{n}", city="Oslo")] = damage
        for n, damage in enumerate(product(COMPANY_FIELDS, values)):
            self.company[self.shop.employ(f"c{n}@bad.example", f"Bo{n} Berg{n}", city="Voss")] = damage
        self.good_accounts = [self.shop.register(f"w{n}@good.example", f"Eva{n} Ek{n}") for n in range(GOOD)]
        self.good_customers = [self.shop.employ(f"c{n}@good.example", f"Per{n} Ås{n}") for n in range(GOOD)]
        numbers = [self.shop.number(key) for key in (*self.company, *self.good_customers)]
        by_hand(tick, self.shop.setup, numbers)
        forever = {"count": 1_000_000}
        running.webstore_faults.add(
            "altered-records", records={str(key): nested(*damage) for key, damage in self.webstore.items()}, **forever
        )
        running.business_central_faults.add(
            "altered-records", records={key: nested(*damage) for key, damage in self.company.items()}, **forever
        )

    def reasons(self) -> dict[str, str]:
        """Whom the last run left out, and why."""
        return {str(row["key"]): str(row["reason"]) for row in seen(list_quarantine, self.shop.setup)}

    def emails(self) -> tuple[set[str], set[str]]:
        """Who stands in the webstore and in Business Central, by the e-mail that nobody has altered."""
        return set(self.shop.accounts()), set(self.shop.customers())


def nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split("/")):
        value = {name: value}
    return dict(value)


@pytest.fixture
def sandbox() -> Iterator[Running]:
    with start(empty=True, seed=9) as running:
        yield running


def test_a_value_that_is_no_text_leaves_its_customer_out_with_the_field_as_the_reason(
    sandbox: Running, tmp_path: Path
) -> None:
    attack = Attack(sandbox, tmp_path, NO_TEXTS)
    assert len(attack.webstore) + len(attack.company) >= 200
    summary = attack.shop.sync().summary
    assert (summary.stopped, summary.errors) == ((), ())
    reasons = attack.reasons()
    for key, (field, value) in attack.webstore.items():
        if (
            (field, value) != ("billing", {})
            and (field, value) != ("billing", {"a": 1})
            and (field, value) != ("billing", [])
        ):
            assert field.rpartition("/")[2] in reasons.get(f"woo:{key}", "nothing"), (field, value)
    for bc_id, (field, value) in attack.company.items():
        assert field in reasons.get(f"bc:{bc_id}", reasons.get(attack.shop.number(bc_id), "nothing")), (field, value)
    accounts, customers = attack.emails()
    assert not {f"c{n}@bad.example" for n in range(len(attack.company))} & accounts
    assert (summary.push.created, summary.pull.created) == (GOOD, GOOD + len(BLANK_ADDRESSES))
    blank = {f"w{n}@bad.example" for n, damage in enumerate(attack.webstore.values()) if damage in BLANK_ADDRESSES}
    assert {email for email in customers if email.startswith("w") and email.endswith("@bad.example")} == blank


def test_hostile_texts_are_written_as_texts_or_left_out_with_a_reason(sandbox: Running, tmp_path: Path) -> None:
    attack = Attack(sandbox, tmp_path, HOSTILE)
    assert len(attack.webstore) + len(attack.company) >= 300
    done = attack.shop.sync()
    assert (done.summary.stopped, done.summary.errors) == ((), ())
    for key, reason in attack.reasons().items():
        assert reason.strip(), key
    asked = {key for a in done.plan.ambiguous for key in (*a.webstore_ids, *a.bc_ids)}
    links = attack.shop.links()
    linked = set(links.values())
    reasons = attack.reasons()
    for key, damage in attack.webstore.items():
        assert key in linked or key in asked or f"woo:{key}" in reasons, damage
    for bc_id, damage in attack.company.items():
        known = f"bc:{bc_id}" in reasons or attack.shop.number(bc_id) in reasons
        assert links.get(bc_id) is not None or bc_id in asked or known, damage
    attack.shop.forget_requests()
    again = attack.shop.sync()
    assert (again.summary.stopped, again.plan.writes, attack.shop.writes()) == ((), (), [])


def test_a_row_without_an_id_of_its_own_is_reported_and_holds_up_nobody(sandbox: Running, tmp_path: Path) -> None:
    shop = Shop(sandbox, tmp_path)
    accounts = [shop.register(f"w{n}@twice.example", f"Ann{n} Lee{n}") for n in range(4)]
    customers = [shop.employ(f"c{n}@twice.example", f"Per{n} Ås{n}", ticked=True) for n in range(4)]
    for system, keys in (("webstore", accounts), ("business_central", customers)):
        damage = {str(keys[1]): {"id": keys[0]}, str(keys[2]): {"id": None}}
        faults = getattr(sandbox, f"{system}_faults")
        faults.add("altered-records", path="customers$", records=damage, count=1_000_000)
    # who is in the mapping table is asked for by id when the list does not show them
    for pushed, pulled in ((4, 2), (0, 0)):
        summary = shop.sync().summary
        assert (summary.push.created, summary.pull.created, summary.stopped) == (pushed, pulled, ())
        assert sum("listed 2 customers that nobody can tell apart" in text for text in summary.warnings) == 2
    sandbox.webstore_faults.clear()
    sandbox.business_central_faults.clear()
    shop.settle()
    everybody = {f"{side}{n}@twice.example" for side in "wc" for n in range(4)}
    assert set(shop.accounts()) == set(shop.customers()) == everybody
    assert len(shop.links()) == len(everybody)


def test_a_cycle_of_renames_is_left_out_with_its_reason_and_holds_up_nobody(sandbox: Running, tmp_path: Path) -> None:
    """Three customers pass their e-mails on in a circle: the webstore allows each e-mail once, whatever the order."""
    shop = Shop(sandbox, tmp_path)
    keys = [shop.employ(f"c{n}@circle.example", f"Per{n} Ås{n}", ticked=True) for n in range(4)]
    shop.sync()
    before = shop.accounts()
    for n, key in enumerate(keys[:3]):
        shop.type_in_company(key, email=f"c{(n + 1) % 3}@circle.example")
    shop.type_in_company(keys[3], city="Voss")
    for _ in range(3):
        summary = shop.sync().summary
        assert summary.stopped == ()
    assert shop.account(before["c3@circle.example"])["billing"]["city"] == "Voss"
    now = shop.accounts()
    assert sorted(now) == sorted(before), "nobody lost their account, nobody has two"
    assert summary.quarantined + summary.push.failed + summary.push.held == 3 or now != before, summary
