"""The setup file: complete, or refused with every problem at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connector.errors import SetupError
from connector.setup import Setup, UnresolvedSecrets, load_setup, parse_setup

ENVIRON = {"KEY": "ck_1", "SECRET": "cs_1", "CLIENT": "id", "CLIENT_SECRET": "s3"}
TEXT = """
webstore_code = "main"
[webstore]
url = "https://shop.example"
consumer_key = "env:KEY"
consumer_secret = "env:SECRET"
[business_central]
base_url = "https://api.businesscentral.dynamics.com/v2.0/t/Production/api/v2.0"
company = "CRONUS"
token_url = "https://login.microsoftonline.com/t/oauth2/v2.0/token"
client_id = "env:CLIENT"
client_secret = "env:CLIENT_SECRET"
"""


def loaded(tmp_path: Path, text: str = TEXT, environ: dict[str, str] | None = None) -> Setup:
    file = tmp_path / "setup.toml"
    file.write_text(text, encoding="utf-8")
    return load_setup(file, ENVIRON if environ is None else environ)


def problems(tmp_path: Path, text: str, environ: dict[str, str] | None = None) -> str:
    with pytest.raises(SetupError) as refused:
        loaded(tmp_path, text, environ)
    return str(refused.value)


def test_defaults_write_to_business_central_only_when_asked(tmp_path: Path) -> None:
    setup = loaded(tmp_path)
    assert setup.synchronization.push_webstore_customers == "Mapped Only"
    assert setup.synchronization.pull_webstore_customers == "None"
    assert setup.synchronization.policies.conflict == "ask"
    assert setup.synchronization.max_attempts == 3


def test_secrets_come_from_the_environment_and_are_never_shown(tmp_path: Path) -> None:
    setup = loaded(tmp_path)
    assert setup.webstore.consumer_secret.get_secret_value() == "cs_1"
    assert "cs_1" not in repr(setup)
    assert "cs_1" not in setup.model_dump_json()


@pytest.mark.parametrize(
    ("lines", "page"),
    [
        ("", ("v2.0", "customers", "", "")),
        ('customers_api = ""\ncustomers_entity = ""', ("v2.0", "customers", "", "")),
        ('customers_api = "/api/V2.0/"', ("v2.0", "customers", "", "")),
        ('customers_api = " /contoso/web_shop/v1.0/ "', ("contoso/web_shop/v1.0", "customers", "", "")),
        ('customers_api = "api/contoso/webshop/beta"\ncustomers_entity = "/webCustomers"',
         ("contoso/webshop/beta", "webCustomers", "", "")),
        ('customers_api = "contoso/webshop/v1.0"\nship_to_entity = "shipToAddresses"\nship_to_code = " web "',
         ("contoso/webshop/v1.0", "customers", "shipToAddresses", "WEB")),
    ],
)  # fmt: skip
def test_the_page_of_customers_is_named_however_people_write_it(
    tmp_path: Path, lines: str, page: tuple[str, str, str, str]
) -> None:
    made = loaded(tmp_path, f"{TEXT}\n{lines}\n").business_central
    assert (made.customers_api, made.customers_entity, made.ship_to_entity, made.ship_to_code) == page
    assert made.has_custom_page == (page[:2] != ("v2.0", "customers"))


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('customers_api = "contoso/v1.0"', "business_central.customers_api: 'contoso/v1.0' must be publisher/group/version"),
        ('customers_api = "https://api.example/api/contoso/webshop/v1.0"', "as they stand behind /api/"),
        ('customers_api = "contoso/web shop/v1.0"', "must be publisher/group/version"),
        ('customers_entity = "customers(1)"', "must be one name as it stands in addresses"),
        ('ship_to_entity = "shipToAddresses"\nship_to_code = "WEB"', "API v2.0 has no ship-to addresses"),
        ('customers_api = "c/w/v1.0"\nship_to_entity = "shipToAddresses"', "ship_to_code is missing"),
        ('customers_api = "c/w/v1.0"\nship_to_code = "WEB"', "ship_to_entity is missing"),
        ('customers_api = "c/w/v1.0"\nship_to_entity = "s"\nship_to_code = "LONGER THAN"', "a code of up to 10 characters"),
    ],
)  # fmt: skip
def test_a_page_that_cannot_be_is_refused(tmp_path: Path, lines: str, problem: str) -> None:
    assert problem in problems(tmp_path, f"{TEXT}\n{lines}\n")


def test_a_missing_secret_names_its_variable(tmp_path: Path) -> None:
    assert "webstore.consumer_key: the environment variable KEY is not set" in problems(tmp_path, TEXT, {})


def test_all_problems_are_listed_at_once(tmp_path: Path) -> None:
    text = TEXT.replace("https://shop.example", "http://shop.example").replace('"main"', '"Main Shop"')
    text += '[synchronization]\npush_webstore_customers = "Sometimes"\ncolour = "red"\n'
    said = problems(tmp_path, text)
    for expected in (
        "webstore: url is plain http",
        "webstore_code",
        "push_webstore_customers",
        "colour: is not a setting",
    ):
        assert expected in said


def test_plain_http_is_allowed_to_this_machine_or_explicitly(tmp_path: Path) -> None:
    local = TEXT.replace("https://shop.example", "http://127.0.0.1:8080")
    assert loaded(tmp_path, local).webstore.url == "http://127.0.0.1:8080"
    allowed = TEXT.replace('"https://shop.example"', '"http://shop.example"\nallow_plain_http = true')
    assert loaded(tmp_path, allowed).webstore.url == "http://shop.example"


def test_half_of_an_authentication_is_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, TEXT.replace('client_id = "env:CLIENT"\n', "").replace("token_url", "# token_url"))
    assert "token_url is missing" in said
    assert "client_id is missing" in said
    said = problems(tmp_path, TEXT.replace("token_url", 'auth = "basic"\ntoken_url'))
    assert "username is missing" in said


def test_a_file_that_is_not_toml_says_where(tmp_path: Path) -> None:
    assert "not valid TOML" in problems(tmp_path, "webstore_code = \n")
    assert "line 1" in problems(tmp_path, "webstore_code = \n")


def test_a_missing_file_says_how_to_name_one(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="--setup FILE"):
        load_setup(tmp_path / "nowhere.toml", ENVIRON)


def test_relative_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    setup = loaded(tmp_path, TEXT + '[store]\nurl = "sqlite:///data/store.sqlite"\n')
    assert setup.store.url == f"sqlite:///{tmp_path}/data/store.sqlite"
    assert loaded(tmp_path).store.url.startswith(f"sqlite:///{tmp_path}/")


def test_two_templates_for_one_place_are_refused(tmp_path: Path) -> None:
    said = problems(tmp_path, TEXT + '[[templates]]\ncountry = "DE"\n[[templates]]\ncountry = "DE"\n')
    assert "two templates for the same place" in said


def test_every_field_says_what_it_means() -> None:
    def undocumented(model: Any, path: str = "") -> list[str]:
        found = []
        for name, field in model.model_fields.items():
            nested = field.annotation if hasattr(field.annotation, "model_fields") else None
            if nested is not None:
                found += undocumented(nested, f"{path}{name}.")
            elif not field.description:
                found.append(f"{path}{name}")
        return found

    assert undocumented(Setup) == []


def test_a_document_from_elsewhere_is_named_in_its_problems() -> None:
    with pytest.raises(SetupError, match="The setup Block 'main' has"):
        parse_setup({}, origin="Block 'main'", environ={})


def test_the_folder_of_own_rules_counts_from_the_setups_folder(tmp_path: Path) -> None:
    setup = loaded(tmp_path, TEXT + '[synchronization]\nmappings = "our-rules"\n')
    assert setup.synchronization.mappings == tmp_path / "our-rules"
    assert loaded(tmp_path).synchronization.mappings is None


@pytest.mark.parametrize(("secret", "sign"), [("ck_1\r", "U+000D"), ("ck\u200b_1", "U+200B"), ("ck_1\u00a0", "U+00A0")])
def test_a_character_of_a_secret_that_nobody_sees_is_named_and_the_secret_is_not(
    tmp_path: Path, secret: str, sign: str
) -> None:
    for name, setting in (("KEY", "webstore.consumer_key"), ("CLIENT_SECRET", "business_central.client_secret")):
        told = problems(tmp_path, TEXT, {**ENVIRON, name: secret})
        assert f"{setting}: character " in told
        assert sign in told
        assert "ck" not in told


def test_a_key_with_letters_that_no_header_can_carry_is_refused(tmp_path: Path) -> None:
    assert "webstore.consumer_secret: it holds letters" in problems(tmp_path, TEXT, {**ENVIRON, "SECRET": "cs_€"})


def test_a_file_that_nests_too_deeply_and_a_name_that_no_system_has_are_refused(tmp_path: Path) -> None:
    assert "nests too deeply" in problems(tmp_path, "a = " + "[" * 10_000)
    with pytest.raises(SetupError, match="cannot be read"):
        load_setup(tmp_path / "a\0b.toml", ENVIRON)


COMPANY = "[business_central]\n"
SHOP = "[webstore]\n"


@pytest.mark.parametrize(
    ("section", "line", "said"),
    [
        (SHOP, 'proxy = ""', "webstore.proxy"),
        (SHOP, 'proxy = "enviroment"', "webstore.proxy: it is neither environment"),
        (SHOP, 'proxy = "http://proxy.example:99999"', "webstore.proxy: it is neither environment"),
        (SHOP, 'proxy = "http://proxy.example/path"', "webstore.proxy: it is neither environment"),
        (COMPANY, 'proxy = "socks5://proxy.example:1080"', "business_central.proxy: SOCKS proxies cannot be used"),
        (COMPANY, 'proxy = "ftp://proxy.example"', "business_central.proxy: it is neither environment"),
        (SHOP, 'web_login = "user:word"', "set api_key_as_query_param = true"),
        (SHOP, 'web_login = "word"', "webstore.web_login: it must be USER:PASSWORD"),
        (SHOP, 'headers = { "X Y" = "word" }', "'X Y' is no name of a header"),
        (SHOP, 'headers = { "X-A" = "1", "x-a" = "2" }', "x-a stands twice"),
        (SHOP, 'headers = { Authorization = "Bearer word" }', "web_login"),
        (COMPANY, 'headers = { If-Match = "*" }', "If-Match is set for each request already"),
        (COMPANY, 'headers = { X-A = "env:NOT_THERE" }', "the environment variable NOT_THERE is not set"),
        (COMPANY, 'headers = { X-A = "\u20ac" }', "letters that no header can carry"),
        (COMPANY, 'headers = { X-A = "a\\nb" }', "U+000A"),
        (SHOP, 'rest_prefix = ""', "webstore.rest_prefix: it is what stands between url and wc/v3"),
        (SHOP, 'rest_prefix = "https://shop.example/api"', "webstore.rest_prefix"),
        (SHOP, 'rest_prefix = "../api"', "webstore.rest_prefix"),
        (SHOP, 'rest_prefix = "api?x="', "webstore.rest_prefix"),
        (COMPANY, 'auth = "client-certificate"', "client_certificate is missing"),
        (COMPANY, 'auth = "token-command"', "token_command is missing"),
        (COMPANY, 'auth = "certificate"', "business_central.auth"),
    ],
)
def test_what_stands_before_a_system_is_checked_and_not_shown(
    tmp_path: Path, section: str, line: str, said: str
) -> None:
    told = problems(tmp_path, TEXT.replace(section, f"{section}{line}\n"))
    assert said in told
    assert 'word"' not in told


def test_a_proxy_and_a_prefix_are_taken_as_people_write_them(tmp_path: Path) -> None:
    for written, meant in (
        ("Environment", "environment"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        (" https://user:a%40b@proxy.example/ ", "https://user:a%40b@proxy.example"),
        ("10.1.2.3", "http://10.1.2.3"),
    ):
        proxy = loaded(tmp_path, TEXT.replace(SHOP, f'{SHOP}proxy = "{written}"\n')).webstore.proxy
        assert proxy is not None
        assert proxy.get_secret_value() == meant
    for written, meant in (
        ("/api/", "api"),
        ("index.php/wp-json", "index.php/wp-json"),
        ("/?rest_route=/", "?rest_route="),
        ("/index.php?rest_route=/", "index.php?rest_route="),
    ):
        assert loaded(tmp_path, TEXT.replace(SHOP, f'{SHOP}rest_prefix = "{written}"\n')).webstore.rest_prefix == meant


def test_a_tenant_may_stand_in_the_address_or_beside_it_but_not_two_of_them(tmp_path: Path) -> None:
    at = 'base_url = "https://bc.example:7048/Süd 1/BC/api/v2.0/?tenant=default"\nauth = "basic"\nusername = "u"\npassword = "p"'
    text = TEXT.replace('base_url = "https://api.businesscentral.dynamics.com/v2.0/t/Production/api/v2.0"', at)
    company = loaded(tmp_path, text).business_central
    assert (company.tenant, company.base_url) == ("default", "https://bc.example:7048/Süd 1/BC/api/v2.0/")
    assert loaded(tmp_path, text.replace(COMPANY, f'{COMPANY}tenant = "DEFAULT"\n')).business_central.tenant
    assert "different tenants: default, other" in problems(
        tmp_path, text.replace(COMPANY, f'{COMPANY}tenant = "other"\n')
    )
    assert "query" in problems(tmp_path, text.replace("?tenant=default", "?tenant=default&x=1"))


def test_a_command_or_a_certificate_instead_of_the_secret_says_how_tokens_are_come_by(tmp_path: Path) -> None:
    without = TEXT.replace('client_secret = "env:CLIENT_SECRET"\n', "")
    setup = loaded(tmp_path, without.replace(COMPANY, f'{COMPANY}token_command = "broker token"\n'))
    assert setup.business_central.auth == "token-command"
    setup = loaded(tmp_path, without.replace(COMPANY, f'{COMPANY}client_certificate = "keys/both.pem"\n'))
    assert setup.business_central.auth == "client-certificate"
    assert setup.business_central.client_certificate == tmp_path / "keys" / "both.pem"
    both = loaded(tmp_path, TEXT.replace(COMPANY, f'{COMPANY}token_command = "broker token"\n'))
    assert both.business_central.auth == "client-credentials"


def test_a_setup_without_its_secrets_can_be_looked_at(tmp_path: Path) -> None:
    file = tmp_path / "setup.toml"
    lines = 'proxy = "env:PROXY"\nweb_login = "env:LOGIN"\napi_key_as_query_param = true\nheaders = { X-A = "env:A" }\n'
    file.write_text(TEXT.replace(SHOP, SHOP + lines), encoding="utf-8")
    assert load_setup(file, UnresolvedSecrets()).webstore_code == "main"
