"""In which order Business Central gets properties that check, clear or overwrite each other."""

from __future__ import annotations

import pytest

from connector.core.business_central_order import cleared_before, companions, in_doubt, in_order, overwritten
from tests.unit.core.customers import RULES

ADDRESS = ("country", "taxRegistrationNumber", "postalCode", "city", "state")
FIELDS = RULES.fields


def test_the_country_stands_before_the_number_that_is_checked_by_it_and_the_post_code_before_the_city() -> None:
    body = {name: name for name in ("state", "taxRegistrationNumber", "city", "displayName", "postalCode", "country")}
    assert tuple(in_order(body)) == ("displayName", *ADDRESS)
    assert in_order(body) == body


def test_a_number_that_is_taken_away_goes_before_the_country_that_would_check_it() -> None:
    assert list(in_order({"country": "DE", "taxRegistrationNumber": ""})) == ["taxRegistrationNumber", "country"]


def test_a_payment_method_stands_before_the_terms_that_it_may_fill_and_a_currency_code_before_an_id() -> None:
    body = {"paymentTermsId": "t", "currencyId": "i", "paymentMethodId": "m", "currencyCode": "EUR"}
    assert list(in_order(body)) == ["currencyCode", "currencyId", "paymentMethodId", "paymentTermsId"]


def test_what_a_change_would_overwrite_travels_along() -> None:
    assert companions(["country"]) == companions(["postalCode"]) == {"country", "postalCode", "city", "state"}
    assert companions(["paymentMethodId"]) == {"paymentTermsId"}
    assert companions(["city", "displayName"]) == frozenset()


def test_what_was_overwritten_all_the_same_is_sent_again_unless_it_changes_others() -> None:
    sent = {"country": "NO", "postalCode": "0150", "city": "Oslo", "state": "", "phoneNumber": "1"}
    assert overwritten(sent, {**sent, "city": "OSLO", "country": "SE", "phoneNumber": "2"}) == {"city": "Oslo"}
    assert overwritten(sent, sent) == overwritten(sent, {"id": "1"}) == {}


def test_only_what_stands_beside_its_overwriter_is_in_doubt() -> None:
    assert in_doubt({"postalCode": "1", "city": "", "displayName": ""}) == {"city"}
    assert in_doubt({"city": "", "paymentMethodId": "m"}) == frozenset()


@pytest.mark.parametrize(
    ("country", "number", "cleared"),
    [
        (("DE", "SE"), ("DE1", "SE1"), True),
        (("", "SE"), ("GB1", "SE1"), True),
        (("DE", "SE"), ("", "SE1"), False),
        (("DE", "SE"), ("DE1", ""), False),
        (("DE", "SE"), ("DE1", "DE1"), False),
        (("DE", "DE"), ("DE1", "DE2"), False),
    ],
)
def test_only_who_gets_another_country_and_another_number_has_the_old_one_cleared_before(
    country: tuple[str, str], number: tuple[str, str], cleared: bool
) -> None:
    changes = [("country", *country), ("vat_number", *number), ("city", "A", "B")]
    assert cleared_before(changes, FIELDS) == (("taxRegistrationNumber",) if cleared else ())


def test_a_number_alone_needs_nothing_cleared() -> None:
    assert cleared_before([("vat_number", "DE1", "DE2")], FIELDS) == ()
