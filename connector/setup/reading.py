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

__all__ = ["Setup", "UnresolvedSecrets", "load_setup", "parse_setup", "paths_of", "problem_of"]


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
    changes: dict[str, dict[str, Any]] = {}
    for place, path in paths_of(setup).items():
        section, _, name = place.partition(".")
        whole = f"{_SQLITE}{folder / path}" if place == "store.url" else folder / path
        changes.setdefault(section, {})[name] = str(whole) if place in _TEXTS else whole
    for section, name in (("webhooks", "secret"), ("metrics", "token")):
        changes.setdefault(section, {})[name] = anchored(getattr(getattr(setup, section), name), folder)
    copies = {section: getattr(setup, section).model_copy(update=new) for section, new in changes.items()}
    return setup.model_copy(update=copies)


_SQLITE = "sqlite:///"
# settings that are paths and no `Path`
_TEXTS = frozenset({"store.url", "partitions.folder"})
_PATHS = (
    *("webstore.verify_tls", "business_central.verify_tls", "business_central.client_certificate"),
    *("reports.folder", "extracts.folder", "synchronization.mappings"),
)


def paths_of(setup: Setup, *, relative: bool = True) -> dict[str, Path]:
    """The files and folders that a setup names, by setting (`store.url`: the file of SQLite).

    Args:
        relative: only those that count from some folder.
    """
    found: dict[str, Path] = {}
    for place in _PATHS:
        section, _, name = place.partition(".")
        value = getattr(getattr(setup, section), name)
        if isinstance(value, Path):
            found[place] = value
    url, parts = setup.store.url, setup.partitions.folder
    if url.startswith(_SQLITE) and url != _SQLITE and not url.startswith(f"{_SQLITE}:memory:"):
        found["store.url"] = Path(url.removeprefix(_SQLITE))
    if "://" not in parts:
        found["partitions.folder"] = Path(parts)
    return {place: path for place, path in found.items() if not (relative and path.is_absolute())}
