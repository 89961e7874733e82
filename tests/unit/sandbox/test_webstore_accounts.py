"""New accounts of the emulated webstore: usernames, addresses, what a creation is refused for."""

import pytest


def _create(webstore, **record):
    return webstore.session.post(webstore.customers, json={"email": "new@account.example", **record})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("é", "e"),
        ("Ünï", "Uni"),
        ("Łódź Ørsted Straße", "Lodz Orsted Strase"),
        ("<b>x</b>y", "xy"),
        ("%41bc", "bc"),
        ("a&amp;b", "ab"),
        ("  a \t b ", "a b"),
        ("A@B.c_d-e", "A@B.c_d-e"),
        ("x" * 60, "x" * 60),
        ("0", "new"),
        ("", "new"),
    ],
)
def test_a_given_username_is_cleaned(webstore, given, kept):
    assert _create(webstore, username=given).json()["username"] == kept


@pytest.mark.parametrize("given", ["a#b", "a!b", "o'neil", "a+b", "山田", "…", " ", "a\\b"])
def test_a_username_with_other_characters_is_refused(webstore, given):
    answer = _create(webstore, username=given)
    assert (answer.status_code, answer.json()["code"]) == (400, "registration-error-invalid-username")


def test_a_cleaned_username_is_compared_with_the_existing_ones(webstore):
    _create(webstore, username="Jose")
    for given in ("josé", "JOSE", " jose "):
        answer = _create(webstore, email="other@account.example", username=given)
        assert answer.json()["code"] == "registration-error-username-exists"


@pytest.mark.parametrize("content", [{"username": "x" * 61}, {"email": f"{'l' * 61}@account.example"}])
def test_a_username_of_more_than_60_characters_is_refused(webstore, content):
    assert _create(webstore, **content).json()["code"] == "user_login_too_long"


@pytest.mark.parametrize(
    ("email", "username"),
    [
        ("a+b@account.example", "ab"),
        ("o'neil@account.example", "oneil"),
        ("x..y@account.example", "x..y"),
        ("info@shop.example", "shop.example"),
        ("INFO@shop.example", "info"),
        ("info.x@shop.example", "info.x"),
        ("hello@Shop.Example", "shop.example"),
    ],
)
def test_a_username_is_made_from_the_address(webstore, email, username):
    assert _create(webstore, email=email).json()["username"] == username


def test_a_username_that_is_taken_gets_four_digits_drawn_from_the_seed(running, webstore):
    _create(webstore)
    first = _create(webstore, email="new@other.example").json()["username"]
    running.webstore.clear()
    _create(webstore)
    assert _create(webstore, email="new@other.example").json()["username"] == first
    assert first.startswith("new-") and len(first) == 8


def test_nothing_but_special_characters_give_no_username(webstore):
    assert _create(webstore, email="#!@account.example").json()["code"] == "registration-error-invalid-username"


@pytest.mark.parametrize("field", ["username", "password"])
def test_null_is_refused_for_username_and_password(webstore, field):
    answer = _create(webstore, **{field: None})
    assert answer.json()["data"]["params"] == {field: f"{field} is not of type string."}


@pytest.mark.parametrize("field", ["first_name", "last_name", "billing", "shipping", "meta_data"])
def test_null_counts_as_not_sent_for_everything_else(webstore, field):
    assert _create(webstore, **{field: None}).status_code == 201


@pytest.mark.parametrize("identifier", [5, "5", "abc", {"a": 1}])
def test_a_creation_with_an_id_is_refused(webstore, identifier):
    assert _create(webstore, id=identifier).json()["code"] == "woocommerce_rest_customer_exists"


def test_an_address_in_use_is_named_as_it_was_sent(webstore):
    _create(webstore, email="o'neil@account.example")
    answer = _create(webstore, email="O'NEIL@account.example")
    assert answer.json()["code"] == "registration-error-email-exists"
    assert "with O&#039;NEIL@account.example. Please" in answer.json()["message"]


def test_only_a_generated_password_leaves_its_mark(webstore):
    assert [row["key"] for row in _create(webstore).json()["meta_data"]] == ["default_password_nag"]
    assert _create(webstore, email="b@account.example", password="x").json()["meta_data"] == []


def test_ids_are_not_given_twice(webstore):
    first = _create(webstore).json()["id"]
    webstore.session.delete(f"{webstore.customers}/{first}", params={"force": "true"})
    assert _create(webstore).json()["id"] == first + 1
