"""The setup file: complete, or refused with every problem at once."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from connector.errors import SetupError
from connector.setup import MetricsSettings, Setup, UnresolvedSecrets, Webhooks, load_setup, parse_setup

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


@pytest.mark.parametrize("said", ["ray", "Ray"])
def test_a_runner_that_is_gone_is_refused_with_the_one_that_takes_its_place(tmp_path: Path, said: str) -> None:
    told = problems(tmp_path, f'{TEXT}[partitions]\ncount = 4\nrunner = "{said}"\naddress = "ray://head:10001"\n')
    assert "partitions.runner: Ray is not offered any more: write dask" in told


def test_the_address_of_another_cluster_is_refused(tmp_path: Path) -> None:
    text = f'{TEXT}[partitions]\ncount = 4\nrunner = "dask"\naddress = '
    assert "partitions.address: ray:// is no Dask scheduler's" in problems(tmp_path, f'{text}"ray://head:10001"\n')
    for address in ("tcp://head:8786", "head:8786", ""):
        assert loaded(tmp_path, f'{text}"{address}"\n').partitions.address == address


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


@pytest.mark.parametrize("around", ["{}\r", " {}\n", "\ufeff{}\u00a0", '"{}"\r', "'{}'", "“{}”", "\u200b`{}` "])
def test_what_is_wrapped_around_a_secret_is_cut(tmp_path: Path, around: str) -> None:
    setup = loaded(tmp_path, TEXT, {name: around.format(secret) for name, secret in ENVIRON.items()})
    secrets = (setup.webstore.consumer_key, setup.business_central.client_id, setup.business_central.client_secret)
    assert [secret.get_secret_value() for secret in secrets if secret] == ["ck_1", "id", "s3"]
    hooks = Webhooks(secret="env:HOOK")
    assert hooks.resolved_secret({"HOOK": around.format("0123456789abcdef")}) == "0123456789abcdef"


@pytest.mark.parametrize(
    ("secret", "told"),
    [
        ("ck\u200b_1", "character 3 of 5 is U+200B"),
        ("ck_\r\n1", "character 4 of 6 is U+000D"),
        ("ck _1", "it holds a blank or a quotation mark"),
        ("'ck_1", "it holds a blank or a quotation mark"),
        ("' '", "holds nothing but blanks or quotes"),
    ],
)
def test_what_stands_inside_a_secret_is_told_and_the_secret_is_not(tmp_path: Path, secret: str, told: str) -> None:
    said = problems(tmp_path, TEXT, {**ENVIRON, "KEY": secret})
    assert f"webstore.consumer_key: {told}" in said.replace("the environment variable KEY ", "")
    assert "ck" not in said


@pytest.mark.parametrize("text", ["$KEY", "${KEY}", "%KEY%", "$env:KEY", "${{ secrets.KEY }}"])
def test_a_variable_written_as_shells_do_is_told(tmp_path: Path, text: str) -> None:
    assert "webstore.consumer_key: nothing here reads variables of a shell; write env:KEY" in problems(
        tmp_path, TEXT.replace("env:KEY", text)
    )


def test_a_setup_without_secrets_takes_every_reference(tmp_path: Path) -> None:
    assert loaded(tmp_path, TEXT, UnresolvedSecrets()).webstore_code == "main"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8-sig", ""),
        ("utf-16", "is in UTF-16; TOML is UTF-8"),
        ("utf-16-le", "is in UTF-16"),
        ("utf-16-be", "is in UTF-16"),
        ("utf-32", "is in UTF-32"),
        ("cp1252", "line 9 is not UTF-8"),
    ],
)
def test_a_file_as_editors_save_it_is_read_or_told(tmp_path: Path, encoding: str, told: str) -> None:
    file = tmp_path / "setup.toml"
    file.write_bytes(TEXT.replace("CRONUS", "Müller").replace("\n", "\r\n").encode(encoding))
    if told:
        with pytest.raises(SetupError, match=told):
            load_setup(file, ENVIRON)
    else:
        assert load_setup(file, ENVIRON).business_central.company == "Müller"


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("\ufeff[store]", "A byte order mark"),
        ("note = “a”", "TOML knows straight quotation marks"),
        ("note\u00a0= 'a'", "is another sign than a blank"),
        ('note = "C:\\Users\\me"', "put the value in single quotes"),
        ("note = True", "in small letters"),
        ("note = main", "Texts stand in quotes"),
    ],
)
def test_what_only_looks_like_toml_is_told(tmp_path: Path, line: str, hint: str) -> None:
    assert hint in problems(tmp_path, f"{TEXT}\n{line}\n")


@pytest.mark.parametrize("roles", ['"customer, Wholesale"', '["customer", "Wholesale"]'])
def test_several_roles_are_a_list_or_stand_between_commas(tmp_path: Path, roles: str) -> None:
    webstore = loaded(tmp_path, TEXT.replace("[business", f"customer_role_filter = {roles}\n[business")).webstore
    assert webstore.customer_role_filter == ("customer", "Wholesale")
    assert [webstore.takes(role) for role in ("customer", "wholesale", "WHOLESALE", "subscriber")] == [
        True,
        True,
        True,
        False,
    ]


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


KEY_FILE = TEXT.replace("env:KEY", "file:key")
everybody = pytest.mark.skipif(os.name != "posix", reason="rights as POSIX has them")


@pytest.mark.parametrize("written", ["file:{}", "FILE: {}", "file://{}", '"file:{}"', "file:'{}'\n"])
def test_a_secret_may_stand_in_a_file(tmp_path: Path, written: str) -> None:
    secret = tmp_path / "the key"
    secret.write_bytes(b"\xef\xbb\xbfck_file\r\n")
    secret.chmod(0o600)
    hooks = Webhooks(secret=written.format(secret) if written == "file:{}" else f"file:{secret}")
    with pytest.raises(SetupError, match="shorter than 16"):
        hooks.resolved_secret()
    reference = written.format(secret).replace('"', '\\"').replace("\n", "\\n")
    setup = loaded(tmp_path, TEXT.replace("env:KEY", reference))
    assert setup.webstore.consumer_key.get_secret_value() == "ck_file"


def test_a_relative_file_of_a_secret_counts_from_the_setups_folder_and_a_block_needs_a_whole_path(
    tmp_path: Path,
) -> None:
    (tmp_path / "key").write_text("ck_file", encoding="utf-8")
    (tmp_path / "key").chmod(0o600)
    more = '[webhooks]\nsecret = "file:hook"\n[metrics]\ntoken = "file:token"\n'
    setup = loaded(tmp_path, KEY_FILE + more)
    assert setup.webstore.consumer_key.get_secret_value() == "ck_file"
    assert (setup.webhooks.secret, setup.metrics.token) == (f"file:{tmp_path}/hook", f"file:{tmp_path}/token")
    with pytest.raises(
        SetupError, match=r"webstore.consumer_key: key must be a whole path here, such as /run/secrets/key"
    ):
        parse_setup(tomllib.loads(KEY_FILE), origin="block", environ=ENVIRON)
    assert loaded(tmp_path, KEY_FILE.replace("file:key", "file:not there"), UnresolvedSecrets())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        (None, 0o600, "No such file or directory; check the path"),
        (b"ck_file", 0o644, "every user of this machine can read or change"),
        (b"ck_file", 0o602, "every user of this machine can read or change"),
        (b"", 0o600, "is empty; write the secret into it"),
        (b'" "\n', 0o600, "holds nothing but blanks or quotes"),
        (b"x" * 16_385, 0o600, "is larger than 16,384 bytes"),
        ("ck_file".encode("utf-16"), 0o600, "is not UTF-8"),
        (b"ck\nfile", 0o600, "character 3 of 7 is U+000A"),
        (b"env:KEY", 0o600, "holds a reference, not the secret"),
    ],
)
@everybody
def test_a_file_that_cannot_hold_a_secret_is_told_without_what_it_holds(
    tmp_path: Path, content: bytes | None, mode: int, told: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
        (tmp_path / "key").chmod(mode)
    said = problems(tmp_path, KEY_FILE)
    assert "webstore.consumer_key: " in said
    assert told in said
    assert "ck_file" not in said


@everybody
def test_a_pipe_or_a_folder_is_no_file_of_a_secret(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "key", 0o600)
    assert "is no file; name the file" in problems(tmp_path, KEY_FILE)
    assert "is no file; name the file" in problems(tmp_path, KEY_FILE.replace("file:key", "file:."))
    assert "file: needs a path" in problems(tmp_path, KEY_FILE.replace("file:key", "file: "))
    assert "holds a reference, not the secret" in problems(tmp_path, TEXT, {**ENVIRON, "KEY": "file:/run/secrets/key"})


def test_the_token_of_metrics_is_a_long_one_or_none() -> None:
    assert MetricsSettings().resolved_token({}) == ""
    assert MetricsSettings(token="env:TOKEN").resolved_token({"TOKEN": "0123456789abcdef\n"}) == "0123456789abcdef"
    for wrong in ("", "short", "0123456789 abcdef", "0123456789äabcdef"):
        with pytest.raises(SetupError) as refused:
            MetricsSettings(token="env:TOKEN").resolved_token({"TOKEN": wrong})
        assert not wrong or wrong not in str(refused.value)
    with pytest.raises(ValidationError):
        MetricsSettings(token="0123456789abcdef")  # the token itself does not belong into a setup
