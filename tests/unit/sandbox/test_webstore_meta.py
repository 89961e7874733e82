"""Meta data of customers in the emulated webstore: found by key or id, kept as text, partly hidden."""

import pytest


@pytest.fixture
def customer(webstore):
    rows = [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]
    record = {"email": "ann@meta.example", "password": "x", "meta_data": rows}
    made = webstore.session.post(webstore.customers, json=record).json()
    return f"{webstore.customers}/{made['id']}", {row["key"]: row["id"] for row in made["meta_data"]}


@pytest.fixture
def put(webstore, customer):
    def send(*rows):
        answer = webstore.session.put(customer[0], json={"meta_data": list(rows)}).json()
        return {row["key"]: row["value"] for row in answer["meta_data"]}

    return send


def test_a_row_is_found_by_its_id_and_may_get_another_key(webstore, customer, put):
    url, ids = customer
    assert put({"id": ids["a"], "key": "renamed", "value": "9"}) == {"renamed": "9", "b": "2"}
    assert webstore.session.get(url).json()["meta_data"][0]["id"] == ids["a"]


def test_an_unknown_id_makes_a_new_row_in_place_of_the_one_with_the_key(webstore, customer, put):
    url, ids = customer
    assert put({"id": 999_999, "key": "b", "value": "3"}) == {"a": "1", "b": "3"}
    assert webstore.session.get(url).json()["meta_data"][1]["id"] > ids["b"]
    assert put({"id": 999_999, "key": "c", "value": "4"}) == {"a": "1", "b": "3", "c": "4"}


@pytest.mark.parametrize("row", [{"key": "a", "value": None}, {"key": "a"}])
def test_a_row_without_value_is_deleted(put, row):
    assert put(row) == {"b": "2"}


def test_rows_without_key_are_ignored(customer, put):
    assert put({"id": customer[1]["a"]}, {"value": "x"}, {}, {"key": "", "value": "x"}, {"key": "0", "value": "x"}) == {
        "a": "1",
        "b": "2",
    }


def test_of_one_key_twice_the_last_counts(put):
    assert put({"key": "n", "value": "1"}, {"key": "n", "value": "2"})["n"] == "2"
    assert "n" not in put({"key": "n", "value": "3"}, {"key": "n", "value": None})


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (42, "42"),
        (0, "0"),
        (1.5, "1.5"),
        (1e20, "1.0E+20"),
        (1234567890123456, "1.2345678901235E+15"),
        (True, "1"),
        (False, ""),
        ("a\\b", "a\\b"),
        ("<b> & \u00a0", "<b> & \u00a0"),
        ([1, "a", None, True, 1.0], [1, "a", None, True, 1]),
        ({"0": "a", "1": "b"}, ["a", "b"]),
        ({"1": "a"}, {"1": "a"}),
        ({}, []),
    ],
)
def test_scalars_become_texts_and_arrays_keep_their_inner_types(put, sent, kept):
    assert put({"key": "n", "value": sent})["n"] == kept


@pytest.mark.parametrize("key", ["_bc_customer_id", "wp_x", "my_wp_x", "nickname", "locale", "metaboxhidden_x"])
def test_protected_and_internal_keys_are_never_shown(put, key):
    assert put({"key": key, "value": "1"}) == {"a": "1", "b": "2"}


def test_keys_of_fields_write_the_fields_without_any_filter(webstore, customer):
    rows = [
        {"key": "first_name", "value": "<b>Ann</b>"},
        {"key": "shipping_city", "value": "Oslo"},
        {"key": "paying_customer", "value": "1"},
    ]
    record = webstore.session.put(customer[0], json={"meta_data": rows}).json()
    assert (record["first_name"], record["shipping"]["city"]) == ("<b>Ann</b>", "Oslo")
    assert record["is_paying_customer"] is True
    assert webstore.session.put(customer[0], json={}).json()["first_name"] == "Ann"


def test_meta_data_that_is_no_list_of_objects_is_refused_only_outside_a_batch(webstore, customer):
    for content in ("x", 5, {"a": 1}, ["x"], [None]):
        assert webstore.session.put(customer[0], json={"meta_data": content}).status_code == 400
        item = {"id": customer[0].rpartition("/")[2], "meta_data": content}
        answer = webstore.session.post(f"{webstore.customers}/batch", json={"update": [item]}).json()
        assert len(answer["update"][0]["meta_data"]) == 2
