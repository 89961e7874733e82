"""Other settings for a plan that only tries something, as people give them: `policies.blank=clear`.

A name is as much of a setting's dotted path as tells it from the others. What is no setting, or cannot change a plan that is made
without asking either system, is refused with the reason; all that is wrong is told at once.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from connector.errors import InputError
from connector.setup.choices import Choice
from connector.setup.reading import Setup, UnresolvedSecrets, problem_of

__all__ = ["DECIDING", "settings_of", "why_not", "with_settings"]

# what a plan depends on besides rule files and customers; a section stands for all that is in it
DECIDING = (
    "synchronization.push_webstore_customers",
    "synchronization.pull_webstore_customers",
    "synchronization.policies",
    "accounts",
    "matching",
    "breakers",
    "approval.required",
    "approval.max_writes",
    "approval.max_creates",
    "templates",
)
_NO_REQUEST = "it says how a system is reached or what is read of it, and here neither is asked"
_OF_RUNS = "it says how and when runs take place, not what they plan"
_WHY: Mapping[str, str] = {
    "webstore_code": "mapping table and extracts are of one webstore",
    "webstore": _NO_REQUEST,
    "business_central": _NO_REQUEST,
    "synchronization.mappings": "other rule files are given by --rules FOLDER",
    "synchronization.max_attempts": "holds are of scheduled runs alone, and this plan is as of a run by hand",
    "synchronization.enabled": "it is about scheduled runs alone, and this plan is as of a run by hand",
    "synchronization.retention_days": "it says how long things are kept, not what is planned",
    "synchronization": _OF_RUNS,
    "approval": "it says how a run waits for its answer, not what is planned",
    "reports": "it says what is shown of runs, not what they plan",
    "extracts": "it says what is kept of runs, not what they plan",
    "store": "mapping table and bases are those of this store",
    "partitions": "it says in how many pieces customers are dealt with; the plan is the same",
    "webhooks": "it is about the receiver of webhooks",
    "console": "it is about the console",
    "metrics": "it is about monitoring",
}


def settings_of(model: type[BaseModel] = Setup, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting by its dotted path, and its type."""
    for name, info in model.model_fields.items():
        kind = info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings_of(kind, f"{path}{name}.")
        else:
            yield f"{path}{name}", kind


def why_not(path: str) -> str:
    """Why a setting cannot be tried; "" if it can."""
    if _below(path, DECIDING):
        return ""
    return next(why for place, why in _WHY.items() if _below(path, (place,)))


def _below(path: str, places: Sequence[str]) -> bool:
    return any(path == place or path.startswith(f"{place}.") for place in places)


def with_settings(setup: Setup, given: Sequence[str]) -> Setup:
    """A setup with other settings.

    Args:
        given: `NAME=VALUE` each; a value as TOML writes it, quotes may be left out, a list may be `a,b`.

    Raises:
        InputError: with everything that is wrong: names that are none, are not clear, stand twice or cannot be tried, and
            values that the setting cannot have, with the nearest ones.
    """
    kinds = dict(settings_of())
    problems: list[str] = []
    wanted: dict[str, Any] = {}
    for text in given:
        name, is_value, value = text.partition("=")
        path, problem = _path(name.strip(), kinds)
        if not is_value:
            problem = f"{text.strip() or 'a blank'}: write NAME=VALUE, such as policies.blank=clear"
        elif path in wanted:
            problem = f"{name.strip()}: {path} is given twice"
        if problem:
            problems.append(problem)
            continue
        found, problem = _value(value.strip(), kinds[path])
        problems += [f"{path}: {problem}"] if problem else []
        wanted[path] = found
    changed = setup
    if wanted and not problems:
        document = setup.model_dump()
        for path, found in wanted.items():
            *sections, name = path.split(".")
            place = document
            for section in sections:
                place = place[section]
            place[name] = found
        try:
            changed = Setup.model_validate(document, context={"environ": UnresolvedSecrets()})
        except ValidationError as error:
            problems = [problem_of(item) for item in error.errors(include_url=False, include_input=False)]
    if problems:
        raise InputError(
            "These settings cannot be tried; nothing was planned:",
            problems=problems,
            hint="docs/setup.md names all settings, customer-sync plan --help shows examples.",
        )
    return changed


def _path(name: str, kinds: Mapping[str, Any]) -> tuple[str, str]:
    """The path that a name means, and what is wrong with it ("" = nothing)."""
    said = name.casefold().replace("-", "_")
    found = [path for path in kinds if path == said] or [path for path in kinds if path.endswith(f".{said}")]
    if len(found) == 1:
        why = why_not(found[0])
        return found[0], f"{found[0]}: it cannot change this plan: {why}" if why else ""
    if found:
        return "", f"{name}: it may mean {', '.join(found)}; write one of them"
    inside = [path for path in kinds if said and f".{said}." in f".{path}" and not why_not(path)]
    if inside:
        return "", f"{name}: it is a section; name one of its settings: {', '.join(inside)}"
    names = {short: path for path in kinds for short in (path.rpartition(".")[2], path) if not why_not(path)}
    near = list(dict.fromkeys(names[one] for one in difflib.get_close_matches(said, names, 3, 0.5)))
    return "", f"{name or 'a blank name'}: there is no such setting{_nearest(near)}"


def _nearest(near: Sequence[str]) -> str:
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _value(text: str, kind: Any) -> tuple[Any, str]:
    """A value as the setting takes it, and what is wrong with it ("" = nothing)."""
    kinds = get_args(kind) if get_origin(kind) in {Union, UnionType} else (kind,)
    if type(None) in kinds and text.casefold() in {"", "none"}:
        return None, ""
    choices = [choice for one in kinds for choice in _choices(one)]
    if get_origin(kinds[0]) is tuple:
        return _list(text, choices)
    if choices:
        return _choice(text, choices)
    if not text:
        return None, "it needs a value"
    words = {"yes": True, "true": True, "on": True, "no": False, "false": False, "off": False}
    if bool in kinds and text.casefold() in words:
        return words[text.casefold()], ""
    return _toml(text), ""


def _choices(kind: Any) -> tuple[str, ...]:
    """What a setting, or each entry of its list, can be; () = anything of its kind."""
    if isinstance(kind, type) and issubclass(kind, Choice):
        return tuple(str(choice) for choice in kind)
    if get_origin(kind) is Literal:
        return get_args(kind)
    return _choices(get_args(kind)[0]) if get_origin(kind) is tuple else ()


def _choice(text: str, choices: Sequence[str]) -> tuple[Any, str]:
    said = {choice.casefold(): choice for choice in choices}
    plain = str(_toml(text)).strip().casefold()
    if plain in said:
        return said[plain], ""
    near = [said[one] for one in difflib.get_close_matches(plain, said, 2, 0.5)]
    return None, f"{text or 'a blank'} is none of {', '.join(choices)}{_nearest(near)}"


def _list(text: str, choices: Sequence[str]) -> tuple[Any, str]:
    read = _toml(text)
    entries = read if isinstance(read, list) else [part.strip() for part in text.split(",") if part.strip()]
    if not choices:
        return entries, ""
    found = [_choice(str(entry), choices) for entry in entries]
    twice = sorted({entry for entry, _ in found if entry is not None and [e for e, _ in found].count(entry) > 1})
    problems = [problem for _, problem in found if problem] + [f"{entry} is given twice" for entry in twice]
    return [entry for entry, _ in found], "; ".join(problems)


def _toml(text: str) -> Any:
    """A value as TOML writes it; what is none is the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
