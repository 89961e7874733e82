"""Lists: pages, the link to the next one, counting, order, selection."""

from urllib.parse import parse_qs, urlsplit

import pytest
from running_company import refusal, running_company


def _fill(company, rows: int) -> None:
    company.store.load([{"number": f"C{n:05d}", "displayName": f"P {n % 3}", "creditLimit": n} for n in range(rows)])


def _walk(company, rows: int, **params: str) -> tuple[list[str], list[str]]:
    """Numbers of all pages and the links that led from one to the next."""
    preference = {"Prefer": f"odata.maxpagesize={rows}"}
    page = company.session.get(company.customers, params=params, headers=preference).json()
    numbers, links = [row["number"] for row in page["value"]], []
    while "@odata.nextLink" in page:
        links.append(page["@odata.nextLink"])
        page = company.session.get(links[-1], headers=preference).json()
        assert page["value"]
        numbers += [row["number"] for row in page["value"]]
    return numbers, links


def test_without_a_wish_everything_up_to_the_maximum_is_one_page(cronus):
    _fill(cronus, 150)
    page = cronus.session.get(cronus.customers).json()
    assert list(page) == ["@odata.context", "value"]
    assert page["@odata.context"] == f"{cronus.base}/$metadata#{cronus.relative}"
    assert [row["number"] for row in page["value"]] == [f"C{n:05d}" for n in range(150)]


def test_an_empty_list_is_a_list(cronus):
    assert cronus.session.get(cronus.customers).json()["value"] == []


@pytest.mark.parametrize(("rows", "links"), [(4, 2), (3, 3), (10, 0), (9, 1), (5, 1)])
def test_pages_hold_every_customer_once_and_the_last_one_has_no_link(cronus, rows, links):
    _fill(cronus, 10)
    numbers, seen = _walk(cronus, rows)
    assert numbers == [f"C{n:05d}" for n in range(10)]
    assert len(seen) == links


def test_the_link_names_the_last_row_of_the_page(cronus):
    _fill(cronus, 3)
    preference = {"Prefer": "odata.maxpagesize=2"}
    page = cronus.session.get(cronus.customers, headers=preference).json()
    assert page["@odata.nextLink"] == f"{cronus.customers}?aid=FIN&$skiptoken={page['value'][-1]['id']}"


def test_the_link_repeats_filter_order_and_selection(cronus):
    _fill(cronus, 9)
    wanted = {"$filter": "displayName eq 'P 1'", "$orderby": "creditLimit desc", "$select": "number", "$count": "true"}
    numbers, links = _walk(cronus, 2, **wanted)
    assert numbers == ["C00007", "C00004", "C00001"]
    repeated = parse_qs(urlsplit(links[0]).query)
    assert {name: repeated[name][0] for name in wanted} == wanted


def test_order_by_several_properties_pages_through_equal_values(cronus):
    _fill(cronus, 10)
    numbers, _ = _walk(cronus, 1, **{"$orderby": "displayName desc,number desc"})
    expected = sorted(range(10), key=lambda n: (n % 3, n), reverse=True)
    assert numbers == [f"C{n:05d}" for n in expected]
    equal, _ = _walk(cronus, 3, **{"$orderby": "displayName"})
    assert equal == [f"C{n:05d}" for n in sorted(range(10), key=lambda n: (n % 3, n))]


def test_texts_are_sorted_as_in_a_dictionary_and_options_by_their_order(cronus):
    names = ["Zorn", "ärzte", "Abel", "_x", "2 B", "abel", "Åse", "bob"]
    options = ["All", "Invoice", "_x0020_", "Ship", "All", "_x0020_", "Ship", "Invoice"]
    rows = [{"displayName": name, "blocked": blocked} for name, blocked in zip(names, options, strict=True)]
    cronus.store.load([{**row, "number": str(place)} for place, row in enumerate(rows)])
    numbers, _ = _walk(cronus, 3, **{"$orderby": "displayName"})
    assert [names[int(number)] for number in numbers] == ["_x", "2 B", "abel", "Abel", "ärzte", "Åse", "bob", "Zorn"]
    numbers, _ = _walk(cronus, 3, **{"$orderby": "blocked desc"})
    assert [options[int(number)] for number in numbers] == ["All"] * 2 + ["Invoice"] * 2 + ["Ship"] * 2 + [
        "_x0020_"
    ] * 2


def test_a_page_of_no_rows_is_no_wish(cronus):
    _fill(cronus, 3)
    assert len(_walk(cronus, 0)[0]) == 3
    assert _walk(cronus, 0)[1] == []


def test_the_count_is_that_of_all_pages(cronus):
    _fill(cronus, 10)
    preference = {"Prefer": "odata.maxpagesize=4"}
    wanted = {"$count": "true", "$filter": "creditLimit ge 3"}
    page = cronus.session.get(cronus.customers, params=wanted, headers=preference).json()
    assert (page["@odata.count"], len(page["value"])) == (7, 4)
    counted = cronus.session.get(f"{cronus.customers}/$count", params={"$filter": "creditLimit ge 3"})
    assert (counted.text, counted.headers["Content-Type"]) == ("7", "text/plain")


def test_top_and_skip_cut_the_list(cronus):
    _fill(cronus, 10)
    numbers, _ = _walk(cronus, 2, **{"$top": "5", "$skip": "3"})
    assert numbers == [f"C{n:05d}" for n in range(3, 8)]
    assert cronus.session.get(cronus.customers, params={"$top": "0"}).json()["value"] == []


def test_selected_properties_come_with_the_etag_in_the_order_of_the_page(cronus):
    customer = cronus.create(creditLimit=5, taxLiable=True)
    wanted = {"$select": "lastModifiedDateTime, taxLiable,creditLimit,id"}
    page = cronus.session.get(cronus.customers, params=wanted).json()
    assert page["@odata.context"].endswith("customers(id,creditLimit,taxLiable,lastModifiedDateTime)")
    names = ["@odata.etag", "id", "creditLimit", "taxLiable", "lastModifiedDateTime"]
    assert page["value"] == [{name: customer[name] for name in names}]
    assert list(page["value"][0]) == names


@pytest.mark.parametrize(
    ("name", "value", "part"),
    [
        ("$select", "number,mobilePhone", "Could not find a property named 'mobilePhone'"),
        ("$orderby", "name", "Could not find a property named 'name'"),
        ("$orderby", "number up", "Syntax error"),
        ("$top", "-1", "non-negative integer"),
        ("$skip", "x", "non-negative integer"),
        ("$count", "yes", "Invalid value 'yes' for $count"),
        ("$count", "TRUE", "Invalid value 'TRUE' for $count"),
        ("$apply", "aggregate($count as n)", "'$apply' is not supported"),
        ("$expand", "orders", "Could not find a property named 'orders'"),
        ("$search", "Kari", "'$search' is not supported"),
    ],
)
def test_options_that_make_no_sense_are_refused(cronus, name, value, part):
    cronus.create()
    status, code, text = refusal(cronus.session.get(cronus.customers, params={name: value}))
    assert (status, code) == (400, "BadRequest")
    assert part in text


def test_a_row_that_goes_while_somebody_pages_does_not_shift_the_list(cronus):
    _fill(cronus, 6)
    preference = {"Prefer": "odata.maxpagesize=2"}
    page = cronus.session.get(cronus.customers, headers=preference).json()
    cronus.store.people_delete(page["value"][0]["id"])
    rest = cronus.session.get(page["@odata.nextLink"], headers=preference).json()["value"]
    assert [row["number"] for row in rest] == ["C00002", "C00003"]


def test_when_the_row_of_the_link_has_gone_the_client_must_start_again(cronus):
    _fill(cronus, 6)
    page = cronus.session.get(cronus.customers, headers={"Prefer": "odata.maxpagesize=2"}).json()
    cronus.store.people_delete(page["value"][-1]["id"])
    assert refusal(cronus.session.get(page["@odata.nextLink"]))[:2] == (400, "SkipTokenIsNoLongerValid")


def test_switched_the_list_goes_on_where_the_gone_row_stood():
    with running_company(vanished_skiptoken="continued") as company:
        _fill(company, 6)
        page = company.session.get(company.customers, headers={"Prefer": "odata.maxpagesize=2"}).json()
        company.store.people_delete(page["value"][-1]["id"])
        rest = company.session.get(page["@odata.nextLink"]).json()["value"]
        assert [row["number"] for row in rest] == [f"C{n:05d}" for n in range(2, 6)]


def test_more_than_the_maximum_of_rows_is_refused_or_capped():
    preference = {"Prefer": "odata.maxpagesize=6"}
    with running_company(maximum_page=5) as company:
        _fill(company, 7)
        assert refusal(company.session.get(company.customers, headers=preference))[0] == 413
        assert _walk(company, 5)[0] == [f"C{n:05d}" for n in range(7)]
        assert len(company.session.get(company.customers, params={"$top": "6"}).json()["value"]) == 5
    with running_company(maximum_page=5, page_above_maximum="cap") as company:
        _fill(company, 7)
        assert len(company.session.get(company.customers, headers=preference).json()["value"]) == 5


def test_the_companys_tables_page_like_customers(cronus):
    url = cronus.customers.replace("/customers", "/countriesRegions")
    preference = {"Prefer": "odata.maxpagesize=200"}
    first = cronus.session.get(url, params={"$count": "true"}, headers=preference).json()
    second = cronus.session.get(first["@odata.nextLink"], headers=preference).json()
    codes = [row["code"] for row in first["value"] + second["value"]]
    assert len(codes) == first["@odata.count"] == len(set(codes))
    assert codes == sorted(codes)
