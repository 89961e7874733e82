"""Reading a setup: a TOML file, or the document of a Block; refused with all its problems at once."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import Field, ValidationError, model_validator

from connector.errors import SetupError
from connector.setup.connections import BusinessCentralConnection, Section, WebstoreConnection
from connector.setup.console import ConsoleSettings
from connector.setup.metrics import MetricsSettings
from connector.setup.secrets import anchored
from connector.setup.sections import (
    Accounts,
    Approval,
    Breakers,
    Extracts,
    Matching,
    PartitionSettings,
    Reports,
    StoreSettings,
    Synchronization,
    Template,
)
from connector.setup.toml_files import document_in
from connector.setup.webhooks import Webhooks

__all__ = ["Setup", "UnresolvedSecrets", "load_setup", "parse_setup", "problem_of"]


class Setup(Section):
    """The WooCommerce Connector Setup of one webstore."""

    webstore_code: str = Field(
        pattern=r"^[a-z0-9][a-z0-9_-]{0,29}$",
        description="Short name of this webstore: lower-case letters, digits, - and _. "
        "Never change it: mappings belong to it.",
    )
    webstore: WebstoreConnection
    business_central: BusinessCentralConnection
    synchronization: Synchronization = Field(default_factory=Synchronization)
    accounts: Accounts = Field(default_factory=Accounts)
    matching: Matching = Field(default_factory=Matching)
    breakers: Breakers = Field(default_factory=Breakers)
    approval: Approval = Field(default_factory=Approval)
    reports: Reports = Field(default_factory=Reports)
    extracts: Extracts = Field(default_factory=Extracts)
    store: StoreSettings = Field(default_factory=StoreSettings)
    partitions: PartitionSettings = Field(default_factory=PartitionSettings)
    webhooks: Webhooks = Field(default_factory=Webhooks)
    console: ConsoleSettings = Field(default_factory=ConsoleSettings)
    metrics: MetricsSettings = Field(default_factory=MetricsSettings)
    templates: tuple[Template, ...] = Field(
        default=(), description="Defaults for customers created in Business Central."
    )

    @model_validator(mode="after")
    def _templates_differ(self) -> Setup:
        keys = [(template.country.upper(), template.state.upper()) for template in self.templates]
        doubled = sorted({f"country {c or '(all)'} state {s or '(all)'}" for c, s in keys if keys.count((c, s)) > 1})
        if doubled:
            raise ValueError(f"two templates for the same place: {', '.join(doubled)}")
        return self

    @model_validator(mode="after")
    def _hears_of_changes(self) -> Setup:
        if self.synchronization.hours_between_full_reads and not self.webhooks.public_url:
            raise ValueError(
                "synchronization.hours_between_full_reads needs webhooks: without them nobody tells of edits in the webstore. "
                "Set webhooks.public_url, or leave it at 0"
            )
        return self


# before the name of a variable that is not resolved; no secret begins like this
_STANDS_FOR = "value-of-"


class UnresolvedSecrets(Mapping[str, str]):
    """An environment in which every variable seems to be set: for work that needs no secret, or will resolve it elsewhere."""

    def __getitem__(self, key: str) -> str:
        return f"{_STANDS_FOR}{key}"

    def stands_in(self, value: str) -> bool:
        """Whether a value is one of these, and says nothing."""
        return value.startswith(_STANDS_FOR)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def load_setup(path: Path, environ: Mapping[str, str] | None = None) -> Setup:
    """Read a TOML setup file; relative paths in it count from the file's folder.

    Args:
        environ: where `env:NAME` is looked up; None = this process's environment.

    Raises:
        SetupError: the file is missing, is not TOML, or says something that cannot work; lists every problem.
    """
    document = document_in(path)
    return parse_setup(document, origin=str(path), folder=path.resolve().parent, environ=environ)


def parse_setup(
    document: Mapping[str, Any], *, origin: str, folder: Path | None = None, environ: Mapping[str, str] | None = None
) -> Setup:
    """Make a Setup of a document (of a TOML file or of a Block).

    Args:
        origin: what the document is called in messages.
        folder: what relative paths (SQLite file, CA file, files of secrets) count from; None leaves them as they are.
        environ: where `env:NAME` is looked up; None = this process's environment.

    Raises:
        SetupError: with every problem, each as `section.field: what is wrong`.
    """
    context = {"environ": os.environ if environ is None else environ, "folder": folder}
    try:
        setup = Setup.model_validate(document, context=context)
    except ValidationError as error:
        problems = [problem_of(item) for item in error.errors(include_url=False, include_input=False)]
        raise SetupError(
            f"The setup {origin} has {len(problems)} problem{'s' * (len(problems) != 1)}:", problems=problems
        ) from None
    return setup if folder is None else _anchored(setup, folder)


def problem_of(item: Any) -> str:
    """What pydantic found wrong, as `section.field: what is wrong`."""
    where = ".".join(str(part) for part in item["loc"]) or "setup"
    what = str(item["msg"]).removeprefix("Value error, ")
    if item["type"] == "string_pattern_mismatch":
        what = f"does not fit; {_meaning(item['loc'])}"
    if item["type"] == "missing":
        what = "is missing"
    if item["type"] == "extra_forbidden":
        what = "is not a setting; check its spelling and its section"
    return f"{where}: {what}"


def _meaning(loc: tuple[int | str, ...]) -> str:
    """What the setting is, in the words of its description."""
    model: Any = Setup
    said = ""
    for part in loc:
        found = getattr(model, "model_fields", {}).get(part)
        if found is not None:
            said, model = found.description or said, next(iter(get_args(found.annotation)), found.annotation)
    return f"it is: {said}"


def _anchored(setup: Setup, folder: Path) -> Setup:
    """Relative paths of a file mean the file's folder, wherever the command is started."""
    url = setup.store.url
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != prefix and not url.startswith((prefix + "/", prefix + ":memory:")):
        url = prefix + str(folder / url.removeprefix(prefix))
    changes: dict[str, Any] = {"store": setup.store.model_copy(update={"url": url})}
    for section in ("webstore", "business_central"):
        connection = getattr(setup, section)
        named = {name: getattr(connection, name, None) for name in ("verify_tls", "client_certificate")}
        changes[section] = connection.model_copy(
            update={name: folder / path for name, path in named.items() if isinstance(path, Path)}
        )
    reports = setup.reports.folder
    if reports is not None and not reports.is_absolute():
        changes["reports"] = setup.reports.model_copy(update={"folder": folder / reports})
    if not setup.extracts.folder.is_absolute():
        changes["extracts"] = setup.extracts.model_copy(update={"folder": folder / setup.extracts.folder})
    parts = setup.partitions.folder
    if "://" not in parts and not Path(parts).is_absolute():
        changes["partitions"] = setup.partitions.model_copy(update={"folder": str(folder / parts)})
    for section, name in (("webhooks", "secret"), ("metrics", "token")):
        own_section = getattr(setup, section)
        reference = anchored(getattr(own_section, name), folder)
        changes[section] = own_section.model_copy(update={name: reference})
    own = setup.synchronization.mappings
    if own is not None and not own.is_absolute():
        changes["synchronization"] = setup.synchronization.model_copy(update={"mappings": folder / own})
    return setup.model_copy(update=changes)
