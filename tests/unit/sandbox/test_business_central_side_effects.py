"""A value that enters a field changes others: the answer is not what was sent."""

from running_company import ZEROS, refusal, running_company

from sandbox.business_central.app import ConfigurationTemplate


def _address(customer: dict) -> tuple[str, str, str, str]:
    return customer["country"], customer["postalCode"], customer["city"], customer["state"]


def test_a_new_country_clears_city_postal_code_and_state(cronus):
    customer = cronus.create(country="NO", postalCode="7777", city="Namsos", state="Trøndelag")
    assert _address(cronus.patch(customer, country="ES").json()) == ("ES", "", "", "")


def test_a_country_for_a_customer_without_one_clears_nothing(cronus):
    customer = cronus.create(postalCode="7777", city="Namsos")
    assert _address(cronus.patch(customer, country="NO").json()) == ("NO", "7777", "Namsos", "")


def test_the_same_country_again_clears_nothing(cronus):
    customer = cronus.create(country="NO", city="Namsos")
    assert _address(cronus.patch(customer, country="no").json()) == ("NO", "", "Namsos", "")


def test_a_company_that_requires_countries_keeps_the_rest_of_the_address():
    with running_company(country_required_in_addresses=True) as company:
        customer = company.create(country="NO", postalCode="7777", city="Namsos")
        assert _address(company.patch(customer, country="ES").json()) == ("ES", "7777", "Namsos", "")


def test_a_known_post_code_overwrites_city_state_and_country(cronus):
    customer = cronus.create(country="NO", city="Namsos", state="Trøndelag", postalCode="02108")
    assert _address(customer) == ("US", "02108", "Boston", "Massachusetts")


def test_what_follows_the_post_code_in_the_body_stays(cronus):
    customer = cronus.create(postalCode="5003", city="Bergen sentrum", state="Vestland")
    assert _address(customer) == ("NO", "5003", "Bergen sentrum", "Vestland")


def test_an_unknown_post_code_changes_nothing_else_and_is_upper_cased(cronus):
    assert _address(cronus.create(city="Galway", postalCode=" h91 e2k3 ")) == ("", "H91 E2K3", "Galway", "")


def test_of_several_cities_with_a_post_code_the_first_wins(cronus):
    assert _address(cronus.create(country="BE", city="Bruxelles", postalCode="1000")) == ("BE", "1000", "Brussel", "")


def test_a_country_behind_a_post_code_of_another_country_clears_the_address(cronus):
    assert _address(cronus.create(postalCode="5003", city="Bergen", country="SE")) == ("SE", "", "", "")


def test_codes_are_trimmed_and_upper_cased_and_texts_stay(cronus):
    customer = cronus.create(number="ß1", city=" Bergen ", country=" el ", taxRegistrationNumber="el123456789")
    assert (customer["city"], customer["country"]) == (" Bergen ", "EL")
    assert customer["number"] == "ß1"  # one character stays one
    assert customer["taxRegistrationNumber"] == "EL123456789"
    assert refusal(cronus.patch(customer, taxRegistrationNumber=" el123456789 "))[0] == 400  # a text


def test_a_currency_is_known_by_code_and_by_id_and_the_local_one_is_blank_inside(cronus):
    dollar = cronus.reference("currencies", "USD")["id"]
    by_code = cronus.create(currencyCode="usd")
    assert (by_code["currencyId"], by_code["currencyCode"]) == (dollar, "USD")
    by_id = cronus.create(currencyId=dollar)
    assert (by_id["currencyId"], by_id["currencyCode"]) == (dollar, "USD")
    for local in ({"currencyCode": "GBP"}, {"currencyCode": ""}, {"currencyId": ZEROS}):
        answer = cronus.patch(cronus.create(currencyCode="USD"), **local).json()
        assert (answer["currencyId"], answer["currencyCode"]) == (ZEROS, "GBP")


def test_a_currency_behind_the_id_of_another_one_is_refused(cronus):
    dollar = cronus.reference("currencies", "USD")["id"]
    assert cronus.create(currencyCode="EUR", currencyId=dollar)["currencyCode"] == "USD"  # the later one wins
    assert cronus.create(currencyId=ZEROS, currencyCode="EUR")["currencyCode"] == "EUR"
    sent = {"displayName": "Kari", "currencyId": dollar, "currencyCode": "EUR"}
    status, code, text = refusal(cronus.session.post(cronus.customers, json=sent))
    assert (status, code) == (400, "Application_DialogException")
    assert text == "The currency values do not match to a specific Currency."


def test_a_tax_area_brings_its_name_and_zeros_clear_it(cronus):
    area = cronus.reference("taxAreas", "EU")
    customer = cronus.create(taxAreaId=area["id"])
    assert customer["taxAreaDisplayName"] == area["displayName"] == "Customers and vendors in EU"
    cleared = cronus.patch(customer, taxAreaId=ZEROS).json()
    assert (cleared["taxAreaId"], cleared["taxAreaDisplayName"]) == (ZEROS, "")


def test_a_direct_debit_method_fills_blank_payment_terms_only(cronus):
    method = cronus.reference("paymentMethods", "DIRDEBIT")["id"]
    week, month = (cronus.reference("paymentTerms", code)["id"] for code in ("7 DAYS", "30 DAYS"))
    assert cronus.create(paymentMethodId=method)["paymentTermsId"] == week
    assert cronus.create(paymentTermsId=month, paymentMethodId=method)["paymentTermsId"] == month


def test_a_customer_blocked_for_privacy_reasons_stays_blocked(cronus):
    made = cronus.store.people_create({"displayName": "Kari Lie", "blocked": "All", "privacyBlocked": True})
    customer = cronus.session.get(f"{cronus.customers}({made})").json()
    assert refusal(cronus.patch(customer, blocked="_x0020_"))[1] == "Application_DialogException"
    assert cronus.patch(customer, blocked="All").status_code == 200


def test_unblocked_is_written_with_the_name_on_the_wire_or_a_space(cronus):
    customer = cronus.create(blocked="Ship")
    for blank in (" ", "_x0020_"):
        customer = cronus.patch(cronus.patch(customer, blocked="All").json(), blocked=blank).json()
        assert customer["blocked"] == "_x0020_"


def test_vat_numbers_are_checked_by_the_formats_of_the_country_also_when_the_country_changes(cronus):
    customer = cronus.create(country="GB", taxRegistrationNumber="GB123456789")
    status, code, text = refusal(cronus.patch(customer, country="DE"))
    assert (status, code) == (400, "Application_DialogException")
    assert "Country/Region Code DE" in text
    assert refusal(cronus.patch(customer, taxRegistrationNumber="12"))[0] == 400
    assert cronus.patch(customer, country="NO").json()["taxRegistrationNumber"] == "GB123456789"


def test_without_a_country_the_number_is_checked_by_the_companys(cronus):
    for body in ({}, {"country": "DE"}):  # the country comes too late
        sent = {"displayName": "Kari", "taxRegistrationNumber": "DE123456789", **body}
        assert "Country/Region Code GB" in refusal(cronus.session.post(cronus.customers, json=sent))[2]
    customer = cronus.create(country="DE", taxRegistrationNumber="DE123456789")
    assert "Country/Region Code GB" in refusal(cronus.patch(customer, country=""))[2]


def test_a_wrong_number_of_long_ago_may_be_repeated(cronus):
    made = cronus.store.people_create({"displayName": "Kari", "country": "DE", "taxRegistrationNumber": "12"})
    customer = cronus.session.get(f"{cronus.customers}({made})").json()
    assert cronus.patch(customer, taxRegistrationNumber="12", city="Ulm").json()["city"] == "Ulm"


def test_a_post_code_of_several_countries_is_first_that_of_the_customers_own(cronus):
    cronus.store.references.put_post_code(code="1000", city="Aalborg", county="", country="AA")
    cronus.store.references.put_post_code(code="1000", city="Sofia", county="", country="BG")
    assert _address(cronus.create(country="BG", postalCode="1000")) == ("BG", "1000", "Sofia", "")
    assert _address(cronus.create(country="NO", postalCode="1000"))[0] == "AA"


def test_semicolons_around_emails_are_stored_and_not_checked(cronus):
    for email in ("a@b.de;", ";a@b.de"):
        assert cronus.create(email=email)["email"] == email
    assert refusal(cronus.patch(cronus.create(), email="a@b.de;;c@d.de"))[1] == "Application_DialogException"


def test_blanks_are_a_name(cronus):
    assert cronus.create(displayName="   ")["displayName"] == "   "


def test_a_length_counts_utf_16_units_and_a_currency_is_cut(cronus):
    assert cronus.create(displayName="😀" * 50)["displayName"] == "😀" * 50
    for sent, code in (
        ({"displayName": "😀" * 51}, "Application_StringExceededLength"),
        ({"displayName": "K", "currencyCode": "USDUSDUSDUS"}, "Application_DialogException"),
    ):
        assert refusal(cronus.session.post(cronus.customers, json=sent))[1] == code


def test_a_template_fills_what_was_not_sent(cronus):
    templates = (
        ConfigurationTemplate({"city": "Athens", "salespersonCode": "JO"}, {"country": "EL"}),
        ConfigurationTemplate({"city": "Elsewhere", "creditLimit": 500, "displayName": "Nobody"}),
    )
    with running_company(templates=templates, default_salesperson="HR") as company:
        greek, other = company.create(country="el", salespersonCode="LT"), company.create(country="NO")
    assert (greek["city"], greek["salespersonCode"], greek["creditLimit"]) == ("Athens", "LT", 0)
    assert (other["city"], other["creditLimit"], other["displayName"]) == ("Elsewhere", 500, "Kari Lie")
    assert other["salespersonCode"] == "HR"


def test_a_template_that_sets_the_post_code_does_not_move_a_sent_city(cronus):
    with running_company(templates=(ConfigurationTemplate({"postalCode": "5003"}),)) as company:
        assert _address(company.create(city="Namsos")) == ("NO", "5003", "Namsos", "")
