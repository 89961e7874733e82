"""Whatever a setup, its file and the environment say is understood, or refused by place; a traceback comes out of nothing."""

from __future__ import annotations

import copy
import socket
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from connector.clients import BusinessCentralClient, WooCommerceClient
from connector.clients.business_central import token_command
from connector.clients.transport import Transport
from connector.rules import load_rules
from connector.setup import Setup, load_setup, parse_setup
from connector.store import open_store
from tests import hypothesis_profiles
from tests.property.hostile import anything, changed_bytes, changed_text, refused_or_understood, texts

ENVIRON = {"KEY": "ck_1", "SECRET": "cs_1", "CLIENT": "id", "PASSWORD": "s3", "EMPTY": "", "A=B": "x"}
DOCUMENT: dict[str, Any] = {
    "webstore_code": "main",
    "webstore": {"url": "https://shop.example", "consumer_key": "env:KEY", "consumer_secret": "env:SECRET"},
    "business_central": {
        "base_url": "https://api.example/v2.0/t/Production/api/v2.0",
        "company": "CRONUS",
        "token_url": "https://login.example/t/oauth2/v2.0/token",
        "client_id": "env:CLIENT",
        "client_secret": "env:PASSWORD",
    },
    "store": {"url": "sqlite:///store.sqlite"},
}
TEXT = """\
webstore_code = "main"
[webstore]
url = "https://shop.example"
consumer_key = "env:KEY"
consumer_secret = "env:SECRET"
verify_tls = true
[business_central]
base_url = "https://api.example/v2.0/t/Production/api/v2.0"
company = "CRONUS"
token_url = "https://login.example/t/oauth2/v2.0/token"
client_id = "env:CLIENT"
client_secret = "env:PASSWORD"
timeout_seconds = 30.5
[synchronization]
timezone = "Europe/Berlin"
policies = { conflict = "ask", blank = "keep" }
[store]
url = "sqlite:///store.sqlite"
[[templates]]
country = "DE"
currency = "EUR"
"""


def settings_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every setting of a setup, sections included, by its path."""
    for name, field in model.model_fields.items():
        yield (*path, name)
        for part in parts_of(field.annotation):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from settings_of(part, (*path, name))


def parts_of(annotation: Any) -> Iterator[Any]:
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is not None:
        for inner in typing.get_args(annotation):
            yield from parts_of(inner)
    else:
        yield annotation


SETTINGS = sorted(set(settings_of(Setup)))


@pytest.fixture(scope="module", autouse=True)
def nowhere() -> Iterator[None]:
    """No name leads anywhere, nobody waits, and no text is taken for a program of this machine."""

    def start_nothing(*_: Any, **__: Any) -> Any:
        raise FileNotFoundError(2, "No such file or directory")

    def refuse(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", refuse)
        patch.setattr(token_command.subprocess, "run", start_nothing)
        patch.setattr(Transport, "_wait", lambda *_: None)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any-setup")


def use(setup: Setup, folder: Path) -> None:
    """What commands do first with a setup that was understood."""
    with WooCommerceClient(setup.webstore, retries=0) as shop:
        assert all(finding.what for finding in shop.check())
    with BusinessCentralClient(setup.business_central, retries=0) as company:
        assert all(finding.what for finding in company.check())
    with refused_or_understood():
        load_rules(setup.synchronization.mappings, setup.webstore_code)
    # outside of the folder nothing is to be made
    if setup.store.url.startswith(f"sqlite:///{folder}/") and ".." not in setup.store.url:
        with refused_or_understood("store", "Store", "file", str(folder)):
            open_store(setup.store.url).close()


def put(document: Any, path: tuple[str, ...], value: Any) -> None:
    """Put a value where the path leads; a list on the way (templates) gets one entry."""
    for name in path[:-1]:
        if name == "templates":
            document.setdefault(name, [{"country": "DE"}])
            document = document[name][0]
        else:
            document = document.setdefault(name, {})
    document[path[-1]] = value


@given(path=st.sampled_from(SETTINGS), value=anything)
def test_any_value_of_any_setting(folder: Path, path: tuple[str, ...], value: Any) -> None:
    document = copy.deepcopy(DOCUMENT)
    put(document, path, value)
    with refused_or_understood(path[0]):
        setup = parse_setup(document, origin="setup.toml", folder=folder, environ=ENVIRON)
        use(setup, folder)


@given(name=texts, value=anything, path=st.sampled_from([(), *(p[:-1] for p in SETTINGS if len(p) > 1)]))
def test_any_setting_that_there_is_not(folder: Path, name: str, value: Any, path: tuple[str, ...]) -> None:
    document = copy.deepcopy(DOCUMENT)
    put(document, (*path, name), value)
    with refused_or_understood("setup.toml"):
        parse_setup(document, origin="setup.toml", folder=folder, environ=ENVIRON)


@given(text=changed_text(TEXT))
def test_any_text_of_a_setup_file(folder: Path, text: str) -> None:
    file = folder / "setup.toml"
    file.write_text(text, encoding="utf-8")
    with refused_or_understood(str(file)):
        use(load_setup(file, ENVIRON), folder)


@given(content=changed_bytes(TEXT.encode()))
@hypothesis_profiles.share(0.5)
def test_any_bytes_of_a_setup_file(folder: Path, content: bytes) -> None:
    file = folder / "setup.toml"
    file.write_bytes(content)
    with refused_or_understood(str(file)):
        load_setup(file, ENVIRON)


@pytest.mark.parametrize("text", ["a=" + "[" * 100_000, "a=" + "{b=" * 50_000, "[a]\n" * 3, "a." * 20_000 + "b=1"])
def test_a_setup_file_that_nests_without_end(folder: Path, text: str) -> None:
    file = folder / "setup.toml"
    file.write_text(text, encoding="utf-8")
    with refused_or_understood(str(file)) as refused:
        load_setup(file, ENVIRON)
    assert refused


@given(name=texts)
def test_any_name_of_a_setup_file(folder: Path, name: str) -> None:
    with refused_or_understood("etup"):
        load_setup(folder / name, ENVIRON)


@given(values=st.fixed_dictionaries(dict.fromkeys(("KEY", "SECRET", "CLIENT", "PASSWORD"), texts)))
def test_any_secret_in_the_environment(folder: Path, values: dict[str, str]) -> None:
    with refused_or_understood("consumer_", "client_"):
        use(parse_setup(DOCUMENT, origin="setup.toml", folder=folder, environ=values), folder)
