"""Addresses: what differs in spelling only does not differ, and what may be shown holds nothing secret."""

from __future__ import annotations

import pytest

from connector.setup.addresses import bare, is_this_machine, joined, same_server, spelled


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Shop.Example/", "HTTPS://shop.example:443"),
        ("http://shop.example:80/Blog//", "http://shop.example/Blog"),
        ("https://bücher.example/s%C3%BCd", "https://xn--bcher-kva.example/su\u0308d/"),
        ("https://shop.example./x", " https://shop.example/x?a=b#c "),
        ("shop.example:443/x", "SHOP.example/x/"),
        ("https://[::1]:443/", "https://[::1]"),
    ],
)
def test_what_differs_in_spelling_only_does_not_differ(one: str, other: str) -> None:
    assert spelled(one) == spelled(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://shop.example", "http://shop.example"),
        ("https://shop.example/Blog", "https://shop.example/blog"),
        ("https://shop.example:8443", "https://shop.example"),
        ("https://www.shop.example", "https://shop.example"),
    ],
)
def test_what_differs_in_more_differs(one: str, other: str) -> None:
    assert spelled(one) != spelled(other)


@pytest.mark.parametrize("text", ["", "http://[half", "https://shop.example:x/", "///", "a b", "https://"])
def test_what_is_no_address_is_taken_as_it_is(text: str) -> None:
    assert isinstance(spelled(text), str)
    assert isinstance(bare(text), str)
    assert not same_server(text, "https://shop.example")
    assert isinstance(joined("https://shop.example/", text), str)


def test_what_is_shown_holds_neither_login_nor_query() -> None:
    assert bare("https://user:word@shop.example:81/a?key=word#word") == "https://shop.example:81/a"
    assert bare("http://[user:word@half?word") == "half"
    assert bare("http://u:word@[::1]:3128") == "http://[::1]:3128"


@pytest.mark.parametrize(
    ("address", "is_here"),
    [
        ("http://LOCALHOST:1", True),
        ("http://127.0.0.2", True),
        ("http://[::1]", True),
        ("http://localhost.", True),
        ("http://127.0.0.1.example", False),
        ("http://10.0.0.1", False),
    ],
)
def test_addresses_of_this_machine_are_known(address: str, is_here: bool) -> None:
    assert is_this_machine(address) == is_here
