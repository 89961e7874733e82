"""Lists of the emulated webstore: filters, orders, pages and their links, as a real shop was measured."""

import pytest


def _make(webstore, *emails, **fields) -> list[int]:
    items = [{"email": email, **fields} for email in emails]
    answer = webstore.session.post(f"{webstore.customers}/batch", json={"create": items}).json()
    return [row["id"] for row in answer["create"]]


def _list(webstore, query: str = "", **parameters):
    parameters = {"_fields": "id", **parameters}
    return webstore.session.get(f"{webstore.customers}?{query}", params=parameters)


def _ids(answer) -> list[int]:
    return [row["id"] for row in answer.json()]


@pytest.mark.parametrize("query", ["include=", "include=,", "include=%20", "exclude=", "exclude[]=", "exclude=abc"])
def test_an_empty_list_of_ids_is_no_filter(webstore, query):
    ids = _make(webstore, "a@list.example", "b@list.example")
    assert _ids(_list(webstore, query)) == ids


@pytest.mark.parametrize("query", ["include[]=", "include=0", "include=abc"])
def test_an_id_that_is_no_number_selects_nobody(webstore, query):
    _make(webstore, "a@list.example")
    answer = _list(webstore, query)
    assert (answer.json(), answer.headers["X-WP-Total"]) == ([], "0")


def test_too_many_ids_get_a_page_of_the_web_server(webstore):
    assert _list(webstore, include=",".join(["1234"] * 1000)).status_code == 200
    answer = _list(webstore, include=",".join(["1234"] * 2000))
    assert (answer.status_code, answer.headers["Content-Type"]) == (414, "text/html; charset=utf-8")


def test_a_list_in_the_order_of_include_can_be_reversed_and_paged(webstore):
    a, b, c = _make(webstore, "a@list.example", "b@list.example", "c@list.example")
    wanted = {"include": f"{c},{a},{b},{a}", "orderby": "include"}
    assert _ids(_list(webstore, **wanted)) == [c, a, b]
    assert _ids(_list(webstore, **wanted, order="desc")) == [b, a, c]
    assert _ids(_list(webstore, **wanted, per_page=2, page=2)) == [b]


@pytest.mark.parametrize("value", ["2.5", "", "abc", "true", "10x"])
def test_a_page_size_that_is_no_number_is_refused(webstore, value):
    answer = _list(webstore, per_page=value)
    assert answer.status_code == 400
    assert answer.json()["data"]["params"] == {"per_page": "per_page is not of type integer."}
    assert answer.json()["data"]["details"]["per_page"]["code"] == "rest_invalid_type"


@pytest.mark.parametrize("value", ["0", "-1", "101", "1000"])
def test_a_page_size_out_of_bounds_is_refused(webstore, value):
    message = "per_page must be between 1 (inclusive) and 100 (inclusive)"
    assert _list(webstore, per_page=value).json()["data"]["params"] == {"per_page": message}


def test_page_two_of_an_empty_list_links_back_to_page_zero(webstore):
    answer = _list(webstore, page=2)
    assert (answer.json(), answer.headers["X-WP-TotalPages"]) == ([], "0")
    assert "page=0" in answer.links["prev"]["url"]
    assert "next" not in answer.links


def test_a_page_beyond_the_end_links_back_to_the_last_one(webstore):
    _make(webstore, "a@list.example", "b@list.example", "c@list.example")
    answer = _list(webstore, per_page=2, page=9)
    assert (answer.status_code, answer.json(), answer.headers["X-WP-Total"]) == (200, [], "3")
    assert "page=2" in answer.links["prev"]["url"]


def test_links_repeat_the_whole_query_with_keys_and_secrets(running, webstore):
    _make(webstore, "a@list.example", "b@list.example")
    keys = {"consumer_key": running.consumer_key, "consumer_secret": running.consumer_secret}
    webstore.session.auth = None
    answer = _list(webstore, per_page=1, email="*@list.example", **keys)
    assert f"consumer_secret={running.consumer_secret}" in answer.links["next"]["url"]
    assert "email=%2A%40list.example" in answer.links["next"]["url"]


def test_answers_without_pages_link_to_the_root_of_the_api(webstore):
    assert _list(webstore).links["https://api.w.org/"]["url"] == webstore.root.removesuffix("wc/v3")


@pytest.mark.parametrize(
    ("term", "found"),
    [
        (" ", 3),
        ("*", 3),
        ("0", 3),
        (" ann ", 2),
        ("*ann", 2),
        ("ann*", 2),
        ("a*n", 0),
        ("%", 0),
        ("ANN", 2),
        ("_", 1),
        ("@search", 3),
        ("ann@", 1),
        ("https://search.example", 0),
    ],
)
def test_a_search_looks_at_account_texts_literally(webstore, term, found):
    _make(webstore, "ann@search.example", "ann_b@search.example", "carl@search.example", first_name="Zoë")
    assert len(_list(webstore, search=term).json()) == found


def test_a_search_for_digits_looks_at_the_login_and_the_whole_id(webstore):
    first, second = _make(webstore, "u77@search.example", "carl@search.example")
    assert _ids(_list(webstore, search="77")) == [first]
    assert _ids(_list(webstore, search=str(second))) == [second]


def test_an_email_filter_is_exact_but_for_a_star_in_front(webstore):
    a, b, _ = _make(webstore, "ann@mail.example", "bob@mail.example", "bob@other.example")
    assert _ids(_list(webstore, email="ANN@MAIL.example")) == [a]
    assert _ids(_list(webstore, email="*@mail.example")) == [a, b]
    assert _ids(_list(webstore, email="b*@mail.example")) == []
    for malformed in ("", "ann", " ann@mail.example", "ü@mail.example"):
        assert _list(webstore, email=malformed).json()["data"]["params"] == {"email": "Invalid email address."}


def test_unknown_parameters_are_ignored(webstore):
    ids = _make(webstore, "a@list.example")
    assert _ids(_list(webstore, modified_after="2999-01-01T00:00:00", meta_key="x", meta_value="y")) == ids


def test_an_offset_wins_over_the_page_and_its_sign_is_lost(webstore):
    ids = _make(webstore, "a@list.example", "b@list.example", "c@list.example")
    assert _ids(_list(webstore, offset=-1)) == ids[1:]
    assert _ids(_list(webstore, offset=2, page=1, per_page=1)) == ids[2:]
    assert _ids(_list(webstore, offset=0, page=2, per_page=1)) == ids[1:2]


def test_roles_decide_who_is_listed(running, webstore):
    running.webstore.load(
        [
            {"id": 11, "email": "c@role.example", "username": "c"},
            {"id": 12, "email": "s@role.example", "username": "s", "role": "subscriber"},
            {"id": 13, "email": "e@role.example", "username": "e", "roles": ["editor", "customer"]},
            {"id": 14, "email": "n@role.example", "username": "n", "roles": []},
        ]
    )
    assert _ids(_list(webstore, orderby="id")) == [11, 13]
    assert _ids(_list(webstore, orderby="registered_date", order="desc")) == [13, 11]
    rows = _list(webstore, role="all", orderby="id", _fields="id,role").json()
    assert [row["role"] for row in rows] == ["customer", "subscriber", "editor", "customer"]
    assert _ids(_list(webstore, role="subscriber")) == [12]
    assert _ids(_list(webstore, email="s@role.example")) == []
    assert _ids(_list(webstore, email="s@role.example", role="all")) == [12]
    assert webstore.session.get(f"{webstore.customers}/14").json()["role"] == "customer"


def test_a_customer_whose_username_is_an_email_sorts_by_the_persons_name_once_saved(webstore):
    [mail] = _make(webstore, "m@name.example", username="zz@name.example", first_name="Ann", last_name="Lee")
    [bob] = _make(webstore, "b@name.example", username="bob")
    assert _ids(_list(webstore)) == [bob, mail]
    webstore.session.put(f"{webstore.customers}/{mail}", json={})
    assert _ids(_list(webstore)) == [mail, bob]


def test_fields_are_chosen_per_row_and_an_empty_row_is_a_list(webstore):
    _make(webstore, "a@list.example")
    assert _list(webstore, _fields="nosuch").json() == [[]]
    assert _list(webstore, _fields="billing.city,email").json() == [
        {"email": "a@list.example", "billing": {"city": ""}}
    ]
    assert list(_list(webstore, _fields="billing,billing.city,email").json()[0]) == ["billing"]
    assert list(_list(webstore, _fields="_links.self").json()[0]["_links"]) == ["self"]


def test_what_is_on_the_wire_is_ascii_with_escaped_slashes(webstore):
    _make(webstore, "a@list.example", billing={"city": "Åre/Öst 😀"})
    text = _list(webstore, _fields="billing.city").text
    assert text == '[{"billing":{"city":"\\u00c5re\\/\\u00d6st \\ud83d\\ude00"}}]'
