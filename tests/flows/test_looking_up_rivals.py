"""A selected run asks for those who share evidence with its customers, and decides what a run that has read everybody decides."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.clients.business_central import lookup
from connector.core.plan import Plan
from sandbox.server import Running
from tests.flows.conftest import emptied
from tests.flows.shop import Shop
from tests.flows.test_webhooks import deliver, listening
from tests.hypothesis_profiles import share

LONG_AGO = "2020-01-01T00:00:00Z"
VAT = "NO918273645"


@pytest.fixture
def busy(shop: Shop) -> Shop:
    """A webstore of three pages and a company of some customers, after a run over all of them that has created nobody."""
    shop.change(pull_webstore_customers="Mapped Only")
    for n in range(250):
        shop.register(f"p{n}@old.example", f"Person{n} Family{n}", postcode="0150")
        shop.employ(f"c{n}@old.example", f"Other{n} Family{n}", lastModifiedDateTime=LONG_AGO)
    shop.employ("last@old.example", "Last Nameless")
    shop.sync()
    shop.change(pull_webstore_customers="All")
    shop.forget_requests()
    return shop


def pages(shop: Shop) -> tuple[int, int]:
    """How many pages of all customers were read, of the webstore and of Business Central."""
    webstore = [e for e in shop.running.webstore_log.reads() if "orderby=id" in e.query and "role=customer" in e.query]
    lists = [e for e in shop.running.business_central_log.reads() if e.path.endswith("/customers")]
    return len(webstore), len([e for e in lists if "filter" not in e.query])


def requests(shop: Shop) -> tuple[int, int]:
    """How many requests were made but those that write, of the webstore and of Business Central."""
    return len(shop.running.webstore_log.reads()), len(shop.running.business_central_log.reads())


def test_one_new_registrant_takes_look_ups_and_no_page(busy: Shop) -> None:
    account = busy.register("kari@new.example", "Kari Nordmann", phone="+47 40000001", postcode="0150")
    busy.forget_requests()
    done = busy.sync(f"woo:{account}")
    assert done.summary.pull.created == 1
    assert pages(busy) == (0, 0)
    # who the shop is, the account twice; the company, its countries, the filters, what changed, and the look before the write
    assert requests(busy) == (3, 5)


def test_a_company_that_refuses_look_ups_is_read_whole_and_nobody_is_doubled(
    busy: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = busy.employ("Kari@New.example", "Nordmann, Kari", lastModifiedDateTime=LONG_AGO)
    account = busy.register("kari@new.example", "Kari Nordmann")
    monkeypatch.setattr(lookup, "any_of", lambda *_: ["folded(displayName) eq 'kari'"])
    done = busy.sync(f"woo:{account}")
    assert busy.links()[customer] == account and done.summary.pull.created == 0
    assert any("refused a look-up" in warning for warning in done.summary.warnings)


def test_a_hook_of_one_new_registrant_takes_look_ups_and_no_page(busy: Shop) -> None:
    with listening(busy) as receiver:
        busy.register("kari@new.example", "Kari Nordmann", postcode="0150")
        busy.forget_requests()
        deliver(busy)
        receiver.quiet()
    assert "kari@new.example" in busy.customers()
    assert pages(busy) == (0, 0)


def test_whoever_is_there_by_his_e_mail_is_linked_by_look_ups(busy: Shop) -> None:
    customer = busy.employ("Kari@New.example", "Nordmann, Kari", lastModifiedDateTime=LONG_AGO)
    account = busy.register("kari@new.example", "Kari Nordmann")
    busy.forget_requests()
    busy.sync(f"woo:{account}")
    assert busy.links()[customer] == account
    assert pages(busy) == (0, 0)


def test_a_shared_vat_number_takes_the_webstore_and_not_business_central(busy: Shop) -> None:
    """Only all accounts tell whether a second one has the number, and then neither is linked."""
    card = {"taxRegistrationNumber": "918 273 645 MVA", "phoneNumber": "+47 40000001", "type": "Company"}
    busy.employ("post@nord.example", "Nord AS", lastModifiedDateTime=LONG_AGO, **card)
    company = {"company": "Nord AS", "country": "NO", "phone": "+47 40000001"}
    several = [
        busy.running.webstore.people_create(
            {"email": f"{n}@new.example", "billing": company, "meta_data": [{"key": "vat_number", "value": VAT}]}
        )
        for n in range(2)
    ]
    busy.forget_requests()
    done = busy.sync(f"woo:{several[0]}", dry_run=True)
    assert pages(busy) == (3, 0)
    (asked,) = done.plan.ambiguous
    assert asked.webstore_ids == tuple(several)
    busy.running.webstore.people_delete(several[1])
    assert [match.webstore_id for match in busy.sync(f"woo:{several[0]}").plan.links] == [several[0]]


HIDDEN = {
    "an address with a character that nobody sees": ("k\u200bari@new.example", "Kari\u00a0Nordmann", ""),
    "full-width letters": ("ｋａｒｉ@new.example", "Ｋari Nordmann", ""),
    "one of several addresses": ("kari@new.example ; office@new.example", "Nordmann, Kari", ""),
    "several names in the order of ledgers": ("", "Nordmann, Kari Anna Maria Sofie", ""),
    "a name with a no-break space": ("", "Kari\u00a0Nordmann", ""),
    "a VAT number with hyphens": ("", "Kari Nordmann", "NO-918-273-645"),
    "another name and a VAT number with an ending": ("", "Kari Nordmann Holding", "918.273.645 MVA"),
}


@pytest.mark.parametrize("spelled", HIDDEN.values(), ids=HIDDEN)
def test_a_customer_of_long_ago_whom_no_plain_filter_finds_is_no_duplicate(
    shop: Shop, spelled: tuple[str, str, str]
) -> None:
    email, name, vat = spelled
    known = {"postalCode": "0150", "phoneNumber": "40000001", "lastModifiedDateTime": LONG_AGO}
    shop.employ(email, name, taxRegistrationNumber=vat, **known)
    shop.employ("last@old.example", "Last Nameless")
    shop.sync()
    first, _, last = ("Kari Anna Maria Sofie Nordmann" if "Sofie" in name else "Kari Nordmann").rpartition(" ")
    billing = {"country": "NO", "phone": "+47 40000001", "postcode": "0150"}
    meta = [{"key": "vat_number", "value": VAT}] if vat else []
    account = shop.running.webstore.people_create(
        {"email": "kari@new.example", "first_name": first, "last_name": last, "billing": billing, "meta_data": meta}
    )
    shop.forget_requests()
    selected, whole = shop.sync(f"woo:{account}", dry_run=True).plan, shop.sync(dry_run=True).plan
    assert fate(selected, account) == fate(whole, account)
    assert fate(selected, account)[0] in {"linked", "asked"}
    assert pages(shop)[1] == 1  # that of the run over all


def test_a_customer_who_was_changed_since_the_last_run_over_all_is_seen(shop: Shop) -> None:
    """Plain when everybody was read, and spelled in a way since then that no filter finds."""
    customer = shop.employ("kari@new.example", "Kari Nordmann", lastModifiedDateTime=LONG_AGO)
    shop.employ("last@old.example", "Last Nameless")
    shop.sync()
    shop.type_in_company(customer, email="kari@new.example\u200b", displayName="Kari\u00a0Nordmann")
    account = shop.register("kari@new.example", "Kari Nordmann")
    shop.forget_requests()
    shop.sync(f"woo:{account}")
    assert shop.links()[customer] == account
    assert pages(shop) == (0, 0)


def test_two_who_come_at_the_same_time_with_one_vat_number_are_one_customer(shop: Shop) -> None:
    """A run over all asks about both. A selected run makes the one that was selected, and then everybody asks about the other."""
    shop.employ("last@old.example", "Last Nameless")
    shop.sync()
    company = {"company": "Nord AS", "country": "NO"}
    one, other = (
        shop.running.webstore.people_create(
            {"email": f"{n}@new.example", "billing": company, "meta_data": [{"key": "vat_number", "value": VAT}]}
        )
        for n in range(2)
    )
    for key in (one, other):
        shop.sync(f"woo:{key}")
    shop.sync()
    assert [c for c in shop.customers() if c.endswith("new.example")] == ["0@new.example"]


def test_a_shared_name_and_phone_number_takes_the_webstore_and_names_all_in_question(shop: Shop) -> None:
    shop.employ("k@old.example", "Kari Nordmann", phoneNumber="40000001", lastModifiedDateTime=LONG_AGO)
    shop.employ("last@old.example", "Last Nameless")
    shop.sync()
    accounts = [shop.register(f"{n}@new.example", "Kari Nordmann", phone="+47 40000001") for n in range(2)]
    shop.forget_requests()
    selected = shop.sync(f"woo:{accounts[0]}", dry_run=True).plan
    assert pages(shop) == (1, 0)
    assert [one.webstore_ids for one in selected.ambiguous] == [tuple(accounts)]


def test_before_the_first_run_over_all_business_central_is_read_and_the_webstore_is_not(shop: Shop) -> None:
    for n in range(3):
        shop.register(f"p{n}@old.example", f"Person{n} Family{n}")
        shop.employ(f"c{n}@old.example", f"Other{n} Family{n}")
    shop.employ("k\u200bari@new.example", "Kari Nordmann")
    account = shop.register("kari@new.example", "Kari Nordmann")
    shop.forget_requests()
    done = shop.sync(f"woo:{account}")
    assert len(done.plan.links) == 1
    assert pages(shop) == (0, 1)


# worlds

PEOPLE = ("Anna Berg", "Bjørn Ødegård", "Kari Strauss")
_count = itertools.count()
_NAME_LOOKS = (
    str, str, str.upper, lambda t: f"\u200b{t}", lambda t: t.replace(" ", "\u00a0"), lambda t: f"{t} ",
    lambda t: ", ".join(reversed(t.split(" "))), lambda t: t.replace("ss", "ß"),
)  # fmt: skip
_EMAIL_LOOKS = (
    str, str, str.upper, lambda t: f"{t};office@x.example", lambda t: f"office@x.example, {t}", lambda t: f"{t}\u200b",
    lambda t: t.replace("a", "ａ").replace("@", "＠"),
)  # fmt: skip
_VAT_LOOKS = (
    str, lambda t: t[2:], lambda t: f"{t[2:5]} {t[5:8]} {t[8:]} MVA", lambda t: f"NO-{t[2:]}", lambda t: f"{t}\u200b", str.lower,
)  # fmt: skip
_PHONE_LOOKS = (str, lambda t: f"+47 {t}", lambda t: f"0047{t}", lambda t: f"{t[:3]} {t[3:]}")
_NUMBERS = ("NO918273645", "NO974760673")


@st.composite
def _somebody(draw: st.DrawFn) -> dict[str, str]:
    """One who shares with others what he has; the texts are those of a customer card, and plain ones of an account."""
    name = draw(st.sampled_from(PEOPLE))
    email = draw(st.sampled_from(("", "anna@x.example", "bjorn@x.example", "info@x.example")))
    vat = draw(st.sampled_from(("", "", "", *_NUMBERS)))
    phone = draw(st.sampled_from(("", "40000001", "40000002")))
    place = draw(st.sampled_from(("", "0150", "5003")))
    return {
        "name": name, "email": email, "vat": vat, "phone": phone, "postcode": place,
        "card_name": draw(st.sampled_from(_NAME_LOOKS))(name),
        "card_email": draw(st.sampled_from(_EMAIL_LOOKS))(email) if email else "",
        "card_vat": draw(st.sampled_from(_VAT_LOOKS))(vat) if vat else "",
        "card_phone": draw(st.sampled_from(_PHONE_LOOKS))(phone) if phone else "",
    }  # fmt: skip


CROWD = st.lists(_somebody(), max_size=4)
WORLDS = st.fixed_dictionaries(
    {"accounts": CROWD, "cards": CROWD, "new accounts": st.lists(_somebody(), min_size=1, max_size=4), "new cards": CROWD,
     "ticked": st.integers(0, 2)}
)  # fmt: skip


@pytest.fixture(scope="module")
def worlds(systems: Running, tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Iterator[Any]:
    """Makes shops without customers."""

    def made() -> Shop:
        emptied(systems)
        return Shop(systems, tmp_path_factory.mktemp("world"), store=empty_store)

    yield made


def register(shop: Shop, one: dict[str, str]) -> int | None:
    """An account; no two have one e-mail."""
    email = one["email"]
    if not email or email in shop.accounts():
        email = f"{next(_count)}@y.example"
    first, _, last = one["name"].partition(" ")
    billing = {"country": "NO", "phone": one["phone"], "postcode": one["postcode"]}
    record = {"email": email, "first_name": first, "last_name": last, "billing": billing}
    meta = [{"key": "vat_number", "value": one["vat"]}] if one["vat"] else []
    return shop.running.webstore.people_create({**record, "meta_data": meta})


def employ(shop: Shop, one: dict[str, str], *, since: str = "", ticked: bool = False) -> str:
    more = {"lastModifiedDateTime": since} if since else {}
    return shop.employ(
        one["card_email"], one["card_name"], ticked=ticked, phoneNumber=one["card_phone"], postalCode=one["postcode"],
        taxRegistrationNumber=one["card_vat"], **more,
    )  # fmt: skip


def fate(plan: Plan, key: int | str) -> tuple[str, Any]:
    """What becomes of an unmapped customer."""
    for match in plan.links:
        if key in (match.webstore_id, match.bc_id):
            return "linked", (match.webstore_id, match.bc_id, match.rung, dict(match.evidence))
    made = [w for w in plan.writes if w.operation == "create" and key in (w.webstore_id, w.bc_id)]
    if made:  # who is created may be what somebody else is asked about
        return "created", dict(made[0].payload)
    for one in plan.ambiguous:
        if key in (*one.webstore_ids, *one.bc_ids):
            return ("several" if re.search("to be created share it$", one.reason) else "asked"), None
    return "nothing", None


@share(0.15, smallest=False)
@given(world=WORLDS)
def test_whatever_others_have_a_selected_run_decides_as_a_run_over_all(worlds: Any, world: dict[str, Any]) -> None:
    """Somebody in Business Central has been there since long ago, spelled in any way; others have come since the last run."""
    shop: Shop = worlds()
    for one in world["cards"]:
        employ(shop, one, since=LONG_AGO)
    for one in world["accounts"]:
        register(shop, one)
    shop.employ("last@old.example", "Last Nameless")
    shop.sync()
    accounts = [register(shop, one) for one in world["new accounts"]]
    ticked = [employ(shop, one, ticked=n < world["ticked"]) for n, one in enumerate(world["new cards"])][
        : world["ticked"]
    ]
    whole = shop.sync(dry_run=True).plan
    for key in (*accounts, *ticked):
        assert key is not None
        name = f"woo:{key}" if isinstance(key, int) else key
        selected, full = fate(shop.sync(name, dry_run=True).plan, key), fate(whole, key)
        if full[0] == "several":
            # who else comes at the same time is no business of a selected run: the others are asked about when he is there
            assert selected[0] in {"created", "asked"}
        else:
            assert selected == full, (key, world)
