"""What is taken for genuine, and what is read out of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connector.webhooks.genuine import client_state, fingerprint, is_signed, same_text, signature
from connector.webhooks.reading import Refused, is_ping, read_business_central, read_woocommerce

SECRET = "0123456789abcdef"
STATE = client_state(SECRET, "shop")
GUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
COMPANY = "api/v2.0/companies(aaaaaaaa-4f89-11d3-9a0c-0305e82c3301)"


def headers(body: bytes, **more: str) -> dict[str, str]:
    told = {"signature": signature(body, SECRET), "topic": "customer.updated", "id": "2", "delivery-id": "d1", **more}
    return {f"x-wc-webhook-{name.replace('_', '-')}": value for name, value in told.items()}


def notification(**more: Any) -> dict[str, Any]:
    return {
        "subscriptionId": "s1", "clientState": STATE, "expirationDateTime": "2026-11-28T00:00:00Z",
        "resource": f"{COMPANY}/customers({GUID})", "changeType": "updated",
        "lastModifiedDateTime": "2026-11-25T00:00:00.123Z", **more,
    }  # fmt: skip


def bundle(*notifications: Any) -> bytes:
    return json.dumps({"value": list(notifications)}).encode()


def test_the_signature_is_the_one_that_woocommerce_makes() -> None:
    # printf '{"id":17}' | openssl dgst -sha256 -hmac 0123456789abcdef -binary | base64
    assert signature(b'{"id":17}', SECRET) == "rnU9oD9gRgFgku5/8ehHQQEZuIw+Z7uTI1VbN3k8ADE="


def test_one_changed_byte_makes_a_delivery_forged() -> None:
    body = b'{"id":17}'
    assert is_signed(body, signature(body, SECRET), SECRET)
    assert not is_signed(body + b" ", signature(body, SECRET), SECRET)
    assert not is_signed(body, signature(body, SECRET), SECRET + "x")
    assert not is_signed(body, signature(body, SECRET).lower(), SECRET)


@pytest.mark.parametrize("claimed", ["", " ", "ä", "\udcff", "=" * 44, "x" * 100_000])
def test_odd_signatures_are_forged_and_break_nothing(claimed: str) -> None:
    assert not is_signed(b"{}", claimed, SECRET)


def test_the_client_state_is_not_the_secret_and_differs_between_webstores() -> None:
    assert SECRET not in STATE
    assert client_state(SECRET, "other") != STATE
    assert len(STATE) == 64
    assert same_text(STATE, STATE)


@given(st.lists(st.binary(max_size=5), max_size=4), st.lists(st.binary(max_size=5), max_size=4))
def test_fingerprints_tell_where_parts_end(one: list[bytes], other: list[bytes]) -> None:
    assert (fingerprint(*one) == fingerprint(*other)) == (one == other)


@pytest.mark.parametrize("topic", ["customer.created", "customer.updated", "customer.deleted", "Customer.Updated"])
def test_a_delivery_says_whose_account_changed(topic: str) -> None:
    body = b'{"id":17,"email":"a@b.example"}'
    delivery = read_woocommerce(headers(body, topic=topic), body, SECRET)
    assert [item.key for item in delivery.items] == ["woo:17"]


def test_created_and_updated_of_one_account_are_two_statements() -> None:
    body = b'{"id":17}'
    told = [read_woocommerce(headers(body, topic=t, id=i), body, SECRET)
            for t, i in (("customer.created", "1"), ("customer.updated", "2"))]  # fmt: skip
    assert len({delivery.exact for delivery in told}) == 2
    assert len({delivery.items[0].fingerprint for delivery in told}) == 2


def test_two_accounts_that_are_told_in_one_second_have_one_delivery_id_and_are_two_deliveries() -> None:
    told = [read_woocommerce(headers(body), body, SECRET) for body in (b'{"id":17}', b'{"id":18}')]
    assert len({delivery.exact for delivery in told}) == 2


@pytest.mark.parametrize(
    "topic", ["order.updated", "product.created", "action.woocommerce_add_to_cart", "customer.restored"]
)
def test_what_is_not_about_customers_is_taken_and_left(topic: str) -> None:
    body = b'{"id":17}'
    delivery = read_woocommerce(headers(body, topic=topic), body, SECRET)
    assert (delivery.items, delivery.ignored) == ((), 1)


def test_an_account_that_is_gone_when_its_change_is_delivered_is_left_to_its_deletion() -> None:
    body = b'{"code":"wc_user_invalid_id","message":"Invalid user ID.","data":{"status":404}}'
    assert read_woocommerce(headers(body), body, SECRET).ignored == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"17", b"{", b'{"id":"17"}', b'{"id":true}', b'{"id":0}', b'{"id":-1}', b'{"id":1.5}', b'{"id":null}',
     b'{"id":9007199254740993}', b'{"id":1e300}', b"\xff\xfe", b'{"id":17', b"[" * 5000, b"null"],
)  # fmt: skip
def test_a_signed_body_that_is_no_customer_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused) as refused:
        read_woocommerce(headers(body), body, SECRET)
    assert (refused.value.status, refused.value.counter) == (400, "malformed")


@pytest.mark.parametrize("name", ["topic", "id", "delivery_id"])
def test_a_delivery_without_its_headers_is_malformed(name: str) -> None:
    body = b'{"id":17}'
    with pytest.raises(Refused, match="400"):
        read_woocommerce(headers(body, **{name.replace("_", "-"): ""}), body, SECRET)


def test_who_does_not_know_the_secret_learns_nothing_of_the_body() -> None:
    with pytest.raises(Refused, match="401 forged"):
        read_woocommerce(headers(b"{", signature="x"), b"{", SECRET)


def test_only_what_woocommerce_sends_to_a_new_address_is_a_ping() -> None:
    assert is_ping(b"webhook_id=17")
    assert not any(
        is_ping(body) for body in (b"webhook_id=", b"webhook_id=17&x=1", b"webhook_id=x", b"", b" webhook_id=17")
    )


@pytest.mark.parametrize(
    ("resource", "change", "key"),
    [
        (f"{COMPANY}/customers({GUID})", "updated", f"bc:{GUID}"),
        (f"https://api.bc.example/v2.0/t/e/{COMPANY}/customers({GUID.upper()})", "deleted", f"bc:{GUID}"),
        (f"customers({GUID})", "created", f"bc:{GUID}"),
        (f"{COMPANY}/customers?$filter=lastModifiedDateTime%20gt%202026-11-25T00:00:00.123Z", "collection",
         "since:2026-11-25T00:00:00.123Z"),
        (f"{COMPANY}/customers?%24filter=lastModifiedDateTime gt 2026-11-25T00:00:00Z", "collection",
         "since:2026-11-25T00:00:00Z"),
        (f"{COMPANY}/customers?$filter=odd", "collection", "since:"),
        (f"{COMPANY}/customers", "collection", "since:"),
        (f"{COMPANY}/customers", "updated", ""),
        (f"{COMPANY}/items({GUID})", "updated", ""),
        (f"{COMPANY}/items?$filter=lastModifiedDateTime gt 2026-11-25T00:00:00Z", "collection", ""),
        ("", "updated", ""),
    ],
)  # fmt: skip
def test_a_notification_says_what_changed(resource: str, change: str, key: str) -> None:
    delivery = read_business_central(bundle(notification(resource=resource, changeType=change)), STATE)
    assert [item.key for item in delivery.items] == ([key] if key else [])
    assert delivery.ignored == (not key)


@pytest.mark.parametrize(("name", "taken"), [("webCustomers", True), ("WEBCUSTOMERS", True), ("customers", False)])
def test_over_a_partners_page_its_own_list_is_meant(name: str, taken: bool) -> None:
    api = COMPANY.replace("v2.0", "contoso/webshop/v1.0")
    one = notification(resource=f"{api}/{name}({GUID})", changeType="updated")
    all_of_them = notification(resource=f"{api}/{name}", changeType="collection")
    delivery = read_business_central(bundle(one, all_of_them), STATE, "webCustomers")
    assert [item.key for item in delivery.items] == ([f"bc:{GUID}", "since:"] if taken else [])


def test_of_a_bundle_only_what_has_our_client_state_is_read() -> None:
    old = notification(clientState="of an earlier secret", resource=f"{COMPANY}/customers({GUID[:-1]}2)")
    delivery = read_business_central(bundle(old, notification()), STATE)
    assert ([item.key for item in delivery.items], delivery.forged) == ([f"bc:{GUID}"], 1)


@pytest.mark.parametrize("state", ["", "x", STATE + "x", STATE.upper(), None, 17, ["x"]])
def test_a_bundle_without_our_client_state_is_forged(state: Any) -> None:
    with pytest.raises(Refused, match="401 forged"):
        read_business_central(bundle(notification(clientState=state)), STATE)


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"value":{}}', b'{"value":"x"}', b"[]", bundle("x"), bundle(notification(resource=17)),
     bundle(notification(changeType=None)), bundle(notification(subscriptionId="x" * 5000)),
     bundle(*[{}] * 50_001)],
)  # fmt: skip
def test_a_bundle_of_another_shape_is_malformed(body: bytes) -> None:
    with pytest.raises(Refused, match="400 malformed"):
        read_business_central(body, STATE)


def test_an_empty_bundle_is_fine() -> None:
    assert read_business_central(bundle(), STATE).items == ()


def test_the_same_notification_again_is_the_same_statement_and_a_later_one_is_not() -> None:
    bodies = [
        bundle(notification()),
        bundle(notification()),
        bundle(notification(lastModifiedDateTime="2026-11-25T00:01:00Z")),
    ]
    first, again, later = (read_business_central(body, STATE).items[0].fingerprint for body in bodies)
    assert first == again != later


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    for read in (lambda: read_woocommerce(headers(body), body, SECRET), lambda: read_business_central(body, STATE)):
        try:
            read()
        except Refused as refused:
            assert refused.status in {400, 401}
