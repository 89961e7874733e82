"""People of a team: passwords, a trusted proxy, rights, and where a console may listen at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from connector.errors import InputError
from connector.setup import ConsoleSettings, ConsoleUser
from connector.webhooks.serving import Listening
from console.people import People, Person, Right, hashed, is_password
from console.serving import serving
from console.sessions import FormState, Session, Sessions
from tests.console.served import Visitor, console_of
from tests.flows.shop import Shop

PASSWORD = "a long enough pass phrase"


def team(shop: Shop, **more: object) -> None:
    """Ann may approve, Bob may look; both have the same password."""
    users = (
        ConsoleUser.model_validate({"name": "ann", "right": "approve", "password": hashed(PASSWORD)}),
        ConsoleUser.model_validate({"name": "bob", "right": "look", "password": hashed(PASSWORD)}),
    )
    settings = ConsoleSettings.model_validate({"users": users, **more})
    shop.setup = shop.setup.model_copy(update={"console": settings})


def test_a_password_is_known_again_and_nothing_else_is() -> None:
    stored = hashed(PASSWORD)
    assert is_password(PASSWORD, stored) and PASSWORD not in stored
    assert hashed(PASSWORD) != stored
    for wrong in ("", PASSWORD + " ", PASSWORD.upper()):
        assert not is_password(wrong, stored)
    for broken in ("", "scrypt$", "scrypt$!$!", "md5$YWJj$YWJj", stored[:-4]):
        assert not is_password(PASSWORD, broken)


def test_each_right_includes_those_before_it() -> None:
    ann = Person("ann", Right.EDIT)
    assert ann.may(Right.LOOK) and ann.may(Right.EDIT) and not ann.may(Right.APPROVE)


def test_a_team_comes_in_by_names_and_passwords(shop: Shop) -> None:
    team(shop)
    with console_of(shop) as served:
        assert served.console.owner is None
        bob = Visitor(served, enter=False)
        assert "Password" in bob.get("/").text
        assert bob.post("/enter", [("name", "bob"), ("password", "wrong")]).status_code == 403
        assert bob.post("/enter", [("name", "nobody"), ("password", PASSWORD)]).status_code == 403
        page = bob.post("/enter", [("name", "bob"), ("password", PASSWORD)]).text
        assert "bob</bdi>, may look" in page
        assert "/shop/synchronize" not in bob.get("/").text
        token = bob.token("/", "/shop/test")
        assert bob.post("/shop/synchronize", [("token", token)]).status_code == 403
        bob.post("/leave", [])
        assert bob.get("/").status_code == 401
        # the token of an address that was never printed for a team lets nobody in
        assert bob.get(f"/enter?token={served.console.sessions.entry_token}").status_code == 401


def test_who_guesses_passwords_is_stopped(shop: Shop) -> None:
    team(shop)
    with console_of(shop) as served:
        guesser = Visitor(served, enter=False)
        statuses = [guesser.post("/enter", [("name", "ann"), ("password", str(n))]).status_code for n in range(13)]
        assert statuses[0] == 403 and statuses[-1] == 429
        assert guesser.post("/enter", [("name", "ann"), ("password", PASSWORD)]).status_code == 429


def test_a_proxy_names_the_user_and_nobody_else_does(shop: Shop) -> None:
    team(shop, trusted_proxies=("127.0.0.1",), user_header="X-Forwarded-User")
    with console_of(shop) as served:
        ann = Visitor(served, enter=False)
        assert ann.get("/", headers={"X-Forwarded-User": "ann"}).status_code == 200
        assert "may approve" in ann.get("/", headers={"X-Forwarded-User": "ann"}).text
        assert "may look" in ann.get("/", headers={"X-Forwarded-User": "bob"}).text
        assert Visitor(served, enter=False).get("/", headers={"X-Forwarded-User": "eve"}).status_code == 401
    people = People(shop.setup.console)
    assert people.by_proxy("127.0.0.1", {"x-forwarded-user": "ann"}) == Person("ann", Right.APPROVE)
    assert people.by_proxy("10.0.0.9", {"x-forwarded-user": "ann"}) is None


@pytest.mark.parametrize(
    ("host", "more"),
    [("0.0.0.0", {}), ("192.0.2.1", {}), ("::", {}), ("127.0.0.1", {"public_url": "console.example"})],  # noqa: S104
)
def test_strangers_are_not_listened_to_without_names_and_tls(shop: Shop, host: str, more: dict[str, str]) -> None:
    def start(**how: str) -> None:
        with serving(["shop"], Listening(host, 0), find=lambda _name, _secrets: shop.setup, **how):
            raise AssertionError("it listens")

    with pytest.raises(InputError):
        start(**more)
    team(shop)
    with pytest.raises(InputError, match=r"read along|no address"):
        start(**more)


def test_a_proxy_in_front_may_listen_for_a_team(shop: Shop, tmp_path: Path) -> None:
    team(shop)
    with serving(
        ["shop"], Listening("127.0.0.1", 0), public_url="https://console.example", find=lambda _n, _s: shop.setup
    ) as served:
        assert served.address == "https://console.example" and served.console.secure


# sessions


def session() -> Session:
    return Sessions().begin(Person("ann", Right.EDIT))


def test_a_forms_token_counts_once_and_for_its_address_only() -> None:
    ann, bob = session(), session()
    token = ann.form_token("/a")
    assert ann.spend(token, "/b") is FormState.FOREIGN
    assert bob.spend(token, "/a") is FormState.FOREIGN
    assert ann.spend(token, "/a") is FormState.FRESH
    assert ann.spend(token, "/a") is FormState.SENT
    for nonsense in ("", ".", "x.y", token + "0", "zz-zz." + token.partition(".")[2]):
        assert ann.spend(nonsense, "/a") is FormState.FOREIGN


def test_tokens_that_were_forgotten_for_want_of_room_do_not_count_again() -> None:
    ann = session()
    first = ann.form_token("/a")
    assert ann.spend(first, "/a") is FormState.FRESH
    for _ in range(2_100):
        assert ann.spend(ann.form_token("/a"), "/a") is FormState.FRESH
    assert ann.spend(first, "/a") is FormState.SENT


def test_sessions_end_and_are_bounded() -> None:
    now = [0.0]
    sessions = Sessions(lambda: now[0])
    first = sessions.begin(Person("ann", Right.EDIT))
    assert sessions.find(first.id) is first and sessions.find("guessed") is None
    now[0] = 13 * 3600
    assert sessions.find(first.id) is None
    for _ in range(300):
        sessions.begin(Person("ann", Right.EDIT))
    assert len(sessions) == 200


def test_searches_and_selections_have_short_names_and_are_bounded() -> None:
    ann = session()
    name = ann.keep_search("kari@shop.example")
    assert ann.search(name) == "kari@shop.example" and "kari" not in name and session().search(name) == ""
    assert ann.keep_search("") == "" and ann.search("") == ""
    selections = [ann.keep_selection([str(n)]) for n in range(8)]
    assert ann.selection(selections[-1]) == ("7",) and ann.selection(selections[0]) == ()
