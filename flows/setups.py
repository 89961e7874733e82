"""Where a setup comes from: a TOML file, or a ConnectorSetup block of the Prefect server; and moving one into the other."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import tomli_w
from prefect.client.orchestration import get_client
from pydantic import ValidationError

from connector.core.counting import counted
from connector.errors import SetupError
from connector.private_files import check_free, write_private
from connector.run.setup_source import setup_in_file
from connector.setup import Setup, UnresolvedSecrets, document_in, load_setup
from connector.setup.reading import paths_of, problem_of
from connector.setup.secrets import anchored, is_reference
from flows.blocks import (
    BUSINESS_CENTRAL_SECRETS,
    WEBSTORE_SECRETS,
    BusinessCentralCredentials,
    ConnectorSetup,
    WooCommerceCredentials,
)
from flows.setup_choice import chosen_name
from flows.setup_paths import is_file, setup_path

__all__ = ["pull_setup", "push_setup", "resolve_setup", "setup_blocks"]

_SECRETS = {"webstore": WEBSTORE_SECRETS, "business_central": BUSINESS_CENTRAL_SECRETS}
# what is a reference in a block, too
_REFERENCES = {"webhooks": ("secret",), "metrics": ("token",)}


def resolve_setup(setup: str | ConnectorSetup | Mapping[str, Any], with_secrets: bool = True) -> Setup:
    """The setup of a file or of a block.

    Args:
        setup: a file's or block's name, a block, or a reference to one as it stands in the parameters of a run.
        with_secrets: False = references to secrets need not lead anywhere.

    Raises:
        SetupError: its name is empty, it is not there, or cannot work.
    """
    if isinstance(setup, str):
        setup_path(setup)
        if is_file(setup):
            return setup_in_file(setup, with_secrets)
    block = setup if isinstance(setup, ConnectorSetup) else load_block(setup)
    return block.setup(None if with_secrets else UnresolvedSecrets())


def load_block(given: str | Mapping[str, Any]) -> ConnectorSetup:
    """A ConnectorSetup block, by its name or by a reference to it.

    Raises:
        SetupError: there is none, or what was saved in it cannot be a setup.
    """
    try:
        block = ConnectorSetup.load(given) if isinstance(given, str) else ConnectorSetup.load_from_ref(given["$ref"])
    except RuntimeError as error:
        if not isinstance(error.__cause__, ValidationError):
            raise
        found = [problem_of(item) for item in error.__cause__.errors(include_url=False, include_input=False)]
        raise SetupError(
            f"The WooCommerce Connector Setup block {chosen_name(given)} has {counted(len(found), 'problem')}:",
            problems=found,
            hint="Correct it in the UI: Blocks, the block, Edit.",
        ) from None
    except ValueError:
        if not isinstance(given, str):
            raise SetupError(
                "The WooCommerce Connector Setup block that was chosen is not there any more.",
                hint="Choose another one in the run's form, or in the schedule's parameters.",
            ) from None
        raise SetupError(
            f"There is no WooCommerce Connector Setup block {given!r}.",
            hint=f"Make one in the UI, or with customer-sync setup push {given}.",
        ) from None
    assert isinstance(block, ConnectorSetup)  # noqa: S101 - load is synchronous outside an event loop
    return block


def setup_blocks() -> list[str]:
    """Names of all ConnectorSetup blocks."""
    slug = ConnectorSetup.get_block_type_slug()
    with get_client(sync_client=True) as client:
        documents = client.read_block_documents_by_type(slug)
    return sorted(str(document.name) for document in documents)


def push_setup(path: Path, name: str) -> tuple[list[str], dict[str, Path]]:
    """Save a setup file as blocks: NAME and its two credential blocks. References (`env:NAME`, `file:PATH`) stay references.

    Relative paths become whole ones, also those that the file leaves as they ship: a block has no folder that they could
    count from.

    Returns:
        The blocks that were saved, and the paths that were made whole, by setting.

    Raises:
        SetupError: the file cannot work.
    """
    made = load_setup(path, UnresolvedSecrets())  # says what is wrong with it
    document = document_in(path)
    whole = paths_of(made, relative=False)
    for place, file in whole.items():
        section, _, key = place.partition(".")
        document.setdefault(section, {})[key] = f"sqlite:///{file}" if place == "store.url" else str(file)
    for section, keys in (*_SECRETS.items(), *_REFERENCES.items()):
        for table, key in _places(document.get(section, {}), keys):
            table[key] = anchored(str(table[key]), path.resolve().parent)  # a block has no folder of its own
    secrets = {section: {key: document[section].pop(key, None) for key in keys} for section, keys in _SECRETS.items()}
    webstore = WooCommerceCredentials(**{k: v for k, v in secrets["webstore"].items() if v})
    company = BusinessCentralCredentials(**{k: v for k, v in secrets["business_central"].items() if v})
    webstore.save(f"{name}-webstore", overwrite=True)
    company.save(f"{name}-business-central", overwrite=True)
    setup = ConnectorSetup(webstore_credentials=webstore, business_central_credentials=company, **document)
    setup.save(name, overwrite=True)
    saved = [f"{block.get_block_type_slug()}/{block._block_document_name}" for block in (webstore, company, setup)]
    return saved, whole


def pull_setup(name: str, path: Path, *, overwrite: bool) -> dict[str, str]:
    """Write a block as a setup file. Secrets are never written: what is no reference becomes one.

    Returns:
        Environment variables that must be set for the file to work: name → which secret goes there.

    Raises:
        InputError: the file exists.
        SetupError: there is no such block.
    """
    check_free(path, overwrite=overwrite)
    block = load_block(name)
    document = block.document()
    needed: dict[str, str] = {}
    for section, keys in _SECRETS.items():
        for table, key in _places(document[section], keys):
            is_header = table is not document[section]
            if _is_secret("" if is_header else key, str(table[key])):
                place = f"{section}.headers.{key}" if is_header else f"{section}.{key}"
                variable = re.sub(r"\W", "_", f"{block.webstore_code}_{place}".upper())
                table[key] = f"env:{variable}"
                needed[variable] = f"{place} of block {name}"
    write_private(path, tomli_w.dumps(document), overwrite=overwrite)
    return needed


def _places(section: dict[str, Any], keys: Iterable[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where the secrets of a section stand: in the section itself, or in a table of it."""
    for key in keys:
        if isinstance(section.get(key), dict):
            yield from ((section[key], name) for name in section[key])
        elif section.get(key):
            yield section, key


def _is_secret(key: str, value: str) -> bool:
    """Whether a value may not be written into a file: a reference may, and so may a proxy without a login."""
    return not is_reference(value) and key != "username" and (key != "proxy" or "@" in value)
