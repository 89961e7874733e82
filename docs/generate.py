"""Writes the reference pages that are made of the code: docs/setup.md, docs/fields.md and docs/commands.md.

    python -m docs.generate            write them
    python -m docs.generate --check    only say which are not current (exit code 1)

What people read in the form, in the help of a command and on these pages is one and the same text.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast, get_args

import typer
from pydantic import BaseModel

from connector.rules import FILES, explain_rules, load_rules
from connector.setup import Setup
from flows.cli import app

__all__ = ["PAGES", "commands", "commands_page", "fields_page", "main", "setup_fields", "setup_page"]

FOLDER = Path(__file__).parent
_NOTE = "<!-- made by python -m docs.generate; edit the code, not this page -->"
_ABOUT_SETUP = """\
A setup says everything about one webstore and its Business Central company. It is a TOML file, or a *WooCommerce Connector
Setup* block on a Prefect server: both have the same fields, and `customer-sync setup push` and `pull` turn one into the other.

- Secrets are written as `env:NAME`: the value is taken from the environment variable NAME when a command starts. Wherever
  `env:NAME` is told below, `file:PATH` works as well: a file that holds nothing but the secret, such as
  `file:/run/secrets/woo_key`, with rights for its readers alone (`chmod 600`). Line ends, blanks and quotes around a secret
  do not count.
- Relative paths count from the folder of the setup file; in a block from that of the project
  ([setups as blocks](prefect.md#setups-as-blocks)).
- An unknown field is refused, and all problems are told at once. `customer-sync check` reads the setup and tests what it says.
- A file is named with `--setup FILE` or the variable `CUSTOMER_SYNC_SETUP`; without either it is `setup.toml`.

The smallest setup has these fields; everything else has a default:

```toml
webstore_code = "shop"

[webstore]
url = "https://shop.example"
consumer_key = "env:WOO_KEY"
consumer_secret = "env:WOO_SECRET"

[business_central]
base_url = "https://api.businesscentral.dynamics.com/v2.0/TENANT/Production/api/v2.0"
company = "CRONUS"
token_url = "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token"
client_id = "env:BC_CLIENT_ID"
client_secret = "env:BC_CLIENT_SECRET"
```"""
_ABOUT_FIELDS = """\
What is mapped to what, as the files of [mappings/](../mappings/README.md) that ship say it. A shop replaces a file by one of
its own; `customer-sync rules check` shows what then counts. ↔ = both directions, → = only to Business Central, ← = only to the
webstore."""
_ABOUT_COMMANDS = """\
Every command but `sandbox` and `demo` takes `--setup` (a file, or the name of a Prefect block; default `setup.toml`, or the
variable `CUSTOMER_SYNC_SETUP`), and nearly every one takes `--json` for programs: they are not repeated below.

| exit code | meaning |
| --- | --- |
| 0 | done |
| 1 | done, but a write was refused or failed |
| 2 | refused: the setup, or what was asked for |
| 3 | stopped: a breaker, the store, or a system that is down |"""


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table."""
    cells = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in [list(columns), ["---"] * len(columns), *cells])


def setup_fields() -> Iterator[tuple[str, str, str, str, str]]:
    """Every field of a setup: section ("" = the top), name, kind, default as TOML says it ("" = needed), meaning."""
    for section, model in _sections(Setup, ""):
        schema = model.model_json_schema()
        for name, shown in schema["properties"].items():
            info = model.model_fields[name]
            if not _is_section(info.annotation) and not _rows_of(info.annotation):
                default = "" if info.is_required() else _toml(info.get_default(call_default_factory=True))
                yield section, name, _kind(shown, schema.get("$defs", {})), default, info.description or ""


def setup_page() -> str:
    """docs/setup.md."""
    fields = list(setup_fields())
    parts = [_NOTE, "# Setup reference", _ABOUT_SETUP]
    for section, model in _sections(Setup, ""):
        own = [field[1:] for field in fields if field[0] == section]
        title = "At the top" if not section else f"`{section}`"
        rows = [(f"`{name}`", kind, default or "**needed**", meaning) for name, kind, default, meaning in own]
        parts += [f"## {title}", _docstring(model), table(("field", "what it is", "default", "meaning"), rows)]
    return "\n\n".join(parts) + "\n"


def fields_page() -> str:
    """docs/fields.md."""
    rules = load_rules()
    shown = explain_rules(rules)
    mapped = [
        (f"`{row['field']}`", f"`{row['webstore']}`", row["direction"], f"`{row['business_central']}`", row["kind"],
         row["policies"], row["notes"])
        for row in shown
    ]  # fmt: skip
    expected = [
        (f"`quality/{suite}.csv`", f"`{expectation.text}`", str(expectation.severity), expectation.reason)
        for suite, expectations in rules.suites.items()
        for expectation in expectations
    ]
    files = [
        (f"`{name}`", ", ".join(f"`{column}`" for column in (*columns.needed, *columns.optional)))
        for name, columns in FILES.items()
    ]
    columns = ("field", "in the webstore", "", "in Business Central", "kind", "own policies", "notes")
    return (
        "\n\n".join(
            [
                _NOTE,
                "# Field reference",
                _ABOUT_FIELDS,
                "## Fields that are mapped",
                table(columns, mapped),
                "## What is expected of the data",
                table(("file", "expected of every record", "else", "why, and what to do"), expected),
                "## Files and their columns",
                table(("file", "columns"), files),
            ]
        )
        + "\n"
    )


def commands() -> Iterator[tuple[str, Any]]:
    """Every command with its words, such as `mapping link`, and typer's object."""
    yield from _commands(typer.main.get_command(app), "")


def commands_page() -> str:
    """docs/commands.md."""
    parts = [_NOTE, "# Commands", _ABOUT_COMMANDS]
    group = ""
    groups = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for words, command in commands():
        first = words.split()[0] if " " in words else ""
        if first and first != group:
            parts += [f"## `{first}`: {groups[first].help}"]
        group = first
        context = typer.Context(command, info_name=f"customer-sync {words}")
        usage = [piece for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
        records = [param.get_help_record(context) or (param.name, "") for param in command.params]
        rows = [(f"`{left}`", right) for left, right in records if not _repeated(right)]
        parts += [f"{'###' if first else '##'} `customer-sync {words}`", *_help(command.help or "")]
        parts += [f"```text\ncustomer-sync {words} {' '.join(usage)}\n```"] if usage else []
        parts += [table(("argument or option", "meaning"), rows)] if rows else []
    return "\n\n".join(parts) + "\n"


PAGES: Mapping[str, Callable[[], str]] = {
    "setup.md": setup_page,
    "fields.md": fields_page,
    "commands.md": commands_page,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or compare them; returns an exit code."""
    only_check = "--check" in (sys.argv[1:] if arguments is None else arguments)
    stale = []
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not only_check:
                path.write_text(text, encoding="utf-8")
    sys.stdout.write(f"{'not current' if only_check else 'written'}: {', '.join(stale) or 'nothing'}\n")
    return 1 if stale and only_check else 0


def _sections(model: type[BaseModel], section: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield section, model
    for name, info in model.model_fields.items():
        inner = info.annotation
        if _is_section(inner):
            yield from _sections(
                cast(type[BaseModel], inner), f"[{section.strip('[]')}.{name}]" if section else f"[{name}]"
            )
        elif row := _rows_of(inner):
            yield f"[[{section.strip('[]')}.{name}]]" if section else f"[[{name}]]", row


def _rows_of(annotation: Any) -> type[BaseModel] | None:
    """The model of a list of tables, such as [[templates]]; None if it is none."""
    (first, *_) = get_args(annotation) or (None,)
    return first if isinstance(first, type) and issubclass(first, BaseModel) else None


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _kind(shown: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    """What a value is, in words, from its JSON schema."""
    if "$ref" in shown:
        return _kind(definitions[shown["$ref"].rpartition("/")[2]], definitions)
    if "enum" in shown:
        kind = " · ".join(f"`{choice}`" if choice else '`""`' for choice in shown["enum"])
    elif "anyOf" in shown:
        kind = " or ".join(_kind(part, definitions) for part in shown["anyOf"] if part.get("type") != "null")
    elif shown["type"] == "array":
        kind = f"list of {_kind(shown['items'], definitions)}"
    elif shown["type"] == "object":
        kind = f"names with {_kind(shown['additionalProperties'], definitions)}s"
    else:
        words = {"integer": "whole number", "number": "number", "boolean": "`true` · `false`", "string": "text"}
        kind = "secret" if shown.get("writeOnly") else "path" if shown.get("format") == "path" else words[shown["type"]]
    return kind + _range(shown)


def _range(shown: Mapping[str, Any]) -> str:
    low, above, high = (shown.get(name) for name in ("minimum", "exclusiveMinimum", "maximum"))
    start = f" above {above:g}" if above is not None else f" from {low:g}" if low is not None else ""
    return f"{start} to {high:g}" if high is not None else start


def _toml(value: Any) -> str:
    """A default as a setup file says it."""
    if value is None:
        return "left out"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Mapping):
        return "`{}`"
    if isinstance(value, int | float):
        return f"`{value:g}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(_quoted(part) for part in value)}]`"
    return f"`{_quoted(value)}`"


def _quoted(value: Any) -> str:
    return f'"{value}"'


def _docstring(thing: Any) -> str:
    lines = [line.strip() for line in (thing.__doc__ or "").strip().splitlines()]
    return "\n\n".join(" ".join(part.split("\n")) for part in "\n".join(lines).split("\n\n"))


def _commands(group: Any, before: str) -> Iterator[tuple[str, Any]]:
    single = [(name, one) for name, one in group.commands.items() if not hasattr(one, "commands")]
    for name, one in sorted(single):
        yield f"{before}{name}", one
    for name, one in sorted(group.commands.items()):
        if hasattr(one, "commands"):
            yield from _commands(one, f"{before}{name} ")


def _repeated(meaning: str) -> bool:
    """Whether an option is one that all commands have."""
    return meaning.startswith(("The setup: a file", "Print JSON for programs"))


def _help(text: str) -> list[str]:
    """The paragraphs of a command's help; its examples as a block."""
    parts = []
    for paragraph in text.strip().split("\n\n"):
        line = " ".join(part.strip() for part in paragraph.splitlines())
        start, colon, examples = line.partition(":")
        if colon and start in {"Example", "Examples"}:
            body = "\n".join(example.strip() for example in examples.split(";"))
            parts.append(f"```sh\n{body}\n```")
        else:
            parts.append(line)
    return parts


if __name__ == "__main__":
    sys.exit(main())
