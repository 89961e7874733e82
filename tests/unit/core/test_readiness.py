"""The readiness report: what is found in two small systems before they meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from connector.core.customer import Direction
from connector.core.forecast import forecast_of
from connector.core.normalize import email_key
from connector.core.plan import Change, Plan, Standing, Write
from connector.core.readiness_checks import Account, Check, checks_of, tally_of
from tests.unit.core.customers import account, business_central, customer, planned, terms, webstore

WEBSTORE, COMPANY = "webstore", "business_central"


def found(
    accounts: Sequence[Mapping[str, Any]] = (),
    customers: Sequence[Mapping[str, Any]] = (),
    everybody: Sequence[Account] = (),
    role: str = "customer",
    *,
    apart: bool = False,
) -> dict[tuple[str, str], Check]:
    rules = terms()
    wanted = {email_key(one.email) for one in everybody}
    tallies = [
        tally_of(webstore(records, rules) if side == WEBSTORE else business_central(records, rules), rules, wanted)
        for side, whole in ((WEBSTORE, accounts), (COMPANY, customers))
        for records in ([whole[0::2], whole[1::2]] if apart else [whole])
    ]
    checks = checks_of(tallies, rules, accounts=everybody or None, takes={role}.__contains__ if role != "all" else bool)
    return {(check.topic, check.system): check for check in checks}


def test_customers_who_share_an_email_are_named_as_groups() -> None:
    checks = found(
        [account(1, "Ann Lee", "a@x.no"), account(2, "Bo Li", "A@X.no"), account(3, "Cy Wu", "c@x.no")],
        [customer("a", "Ann Lee", "a@x.no"), customer("b", "Ann Lee", "b@x.no;other@x.no")],
    )
    same = checks["same e-mail", WEBSTORE]
    assert (same.count, same.examples) == (2, ("woo:1 = woo:2",))
    assert checks["same e-mail", COMPANY].count == 0
    assert checks["same name", COMPANY].examples == ("N-a = N-b",)
    assert checks["several e-mails", COMPANY].examples == ("N-b",)


@pytest.mark.parametrize(("phone", "count"), [("+47 22 33 44 55", 2), ("123", 0), ("", 0)])
def test_a_phone_number_counts_when_it_is_long_enough(phone: str, count: int) -> None:
    checks = found([account(n, f"N{n} M", f"{n}@x.no", phone=phone, country="NO") for n in (1, 2)])
    assert checks["same phone number", WEBSTORE].count == count


def test_a_company_that_stands_twice_is_found_by_its_vat_number() -> None:
    checks = found(customers=[customer(k, k, taxRegistrationNumber="DE 136 695 976", country="DE") for k in "ab"])
    assert checks["same VAT number", COMPANY].examples == ("N-a = N-b",)


def test_mailboxes_of_a_desk_are_counted() -> None:
    assert (
        found([account(1, "A B", "Info@x.no"), account(2, "C D", "infos@x.no")])["shared mailbox", WEBSTORE].count == 1
    )


def test_gaps_are_counted_on_both_sides() -> None:
    checks = found([account(1, "Ann Lee", "a@x.no")], [customer("a", "Ann", country="NO")])
    assert (checks["no country", WEBSTORE].count, checks["no country", COMPANY].count) == (1, 0)
    assert (checks["no email", WEBSTORE].count, checks["no email", COMPANY].count) == (0, 1)


def test_a_country_that_the_company_lacks_is_named() -> None:
    checks = found([account(1, "A B", "a@x.no", country="FR"), account(2, "C D", "c@x.no", country="GR")])
    assert checks["unknown country", WEBSTORE].examples == ("woo:1",)
    assert "FR" in checks["unknown country", WEBSTORE].words


def test_a_text_that_is_no_state_of_its_country_is_found() -> None:
    checks = found(
        [account(1, "A B", "a@x.no", country="US", state="Nowhere"), account(2, "C D", country="US", state="CA")]
    )
    assert checks["unknown state", WEBSTORE].examples == ("woo:1",)


def test_too_long_and_refused_values_are_counted_by_field() -> None:
    checks = found(
        [account(1, "A B", "a@x.no", city="x" * 31), account(2, "C D", "c@x.no", phone="call me", country="NO")]
    )
    assert checks["too long", WEBSTORE].examples == ("woo:1",)
    assert "(city 1)" in checks["too long", WEBSTORE].words
    assert checks["refused value", WEBSTORE].examples == ("woo:2",)


@pytest.mark.parametrize(
    ("value", "topic"), [("a\x07b", "control characters"), ("a\ufffdb", "damaged characters"), ("a\\b", "backslashes")]
)
def test_characters_that_do_not_survive_are_found(value: str, topic: str) -> None:
    assert found([account(1, "A B", "a@x.no", city=value)])[topic, WEBSTORE].count == 1


def test_a_record_that_is_no_customer_is_counted() -> None:
    assert found([{**account(1, "A B"), "email": 5}])["not readable", WEBSTORE].count == 1


def test_accounts_of_other_roles_are_found_where_they_matter() -> None:
    everybody = [Account(1, "customer", "a@x.no"), Account(2, "shop_manager", "B@x.no"), Account(3, "editor", "z@x.no")]
    checks = found(customers=[customer("b", "Bo", "b@x.no")], everybody=everybody)
    assert checks["account of another role", WEBSTORE].examples == ("woo:2 (shop_manager)",)
    assert checks["role cannot be written", WEBSTORE].count == 0
    assert found(everybody=everybody, role="all")["role cannot be written", WEBSTORE].count == 2


def test_no_value_of_a_customer_is_in_the_report() -> None:
    checks = found(
        [account(n, "Secret Person", "secret@x.no", phone="+47 99999999", city="Secretcity") for n in (1, 2)]
    )
    assert not any("ecret" in str(check) or "9999" in str(check) for check in checks.values())


def test_partitions_find_what_all_customers_together_show() -> None:
    accounts = [
        account(n, f"N{n // 2} M", f"p{n // 2}@x.no", country="FR" if n % 2 else "GR", city="x" * (n + 22))
        for n in range(1, 21)
    ]
    customers = [
        customer(f"k{n}", "Ann Lee", f"p{n % 3}@x.no;q@x.no", phoneNumber="call me" * (n % 2)) for n in range(9)
    ]
    assert found(accounts, customers, apart=True) == found(accounts, customers)
    assert len(found(accounts, customers)["same e-mail", WEBSTORE].examples) == 5


def write(direction: Direction, operation: str, key: int) -> Write:
    return Write(direction, operation, f"c{key}", f"N{key}", key, "", (Change("city", "a", "b", "a", ""),), {}, {})


def test_the_forecast_counts_customers_calls_and_minutes() -> None:
    writes = [write(Direction.PUSH, "create", n) for n in range(120)] + [
        write(Direction.PULL, "update", n) for n in range(250)
    ]
    conflict = Standing("conflict", None, "c1", "N1", 1, "city", None, "a", "b", "")
    plan = Plan(writes=tuple(writes), standing=(conflict,))
    forecast = forecast_of(plan, reading_calls=10, reading_seconds=6, accounts=1000)
    assert (forecast.account_mails, forecast.updated_in_business_central, forecast.asked) == (120, 250, 1)
    # 3 batches and 10 pages of look-ups, 3 batches
    assert forecast.calls == 10 + 3 + 10 + 3
    assert forecast.minutes == pytest.approx((6 + 250 * 0.15) / 60, abs=0.05)


def test_the_forecast_of_an_empty_plan_is_the_reading_alone() -> None:
    forecast = forecast_of(planned([], []), reading_calls=2, reading_seconds=0.5, accounts=0)
    assert (forecast.calls, forecast.minutes, forecast.linked) == (2, 0.0, 0)
