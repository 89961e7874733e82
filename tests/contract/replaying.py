"""Replaying a recorded conversation with a shop: what is sent, what is taken from answers, what is compared.

The format stands in traces/README.md. Everything here is about one scenario and one shop.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

API = "/wp-json/wc/v3"
TIMEOUT_SECONDS = 120
_PLACEHOLDER = re.compile(r"\$\{(?P<name>\w+)(?:\.(?P<index>\d+))?(?:\|(?P<form>s|csv))?\}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_STEP_OF_PATH = re.compile(r"\.(?P<key>[\w-]+)|\[(?P<index>\d+|\*)\]")
_UNKNOWN = "0" * 40


class Unbound(LookupError):
    """A variable that an earlier answer should have given."""


@dataclass
class Shop:
    """A shop and the keys that it accepts; `ro` is None when no read-only key is known."""

    url: str
    rw: tuple[str, str]
    ro: tuple[str, str] | None
    session: requests.Session

    def send(self, recorded: dict[str, Any], variables: dict[str, Any]) -> requests.Response:
        """Send a recorded request with its variables filled in."""
        pairs: list[tuple[str, str]] = []
        for name, value in (recorded.get("query") or {}).items():
            filled = fill(value, variables)
            pairs += [(name, str(each)) for each in (filled if isinstance(filled, list) else [filled])]
        basic, in_query = self._credentials(recorded.get("auth", "rw"))
        if in_query:
            pairs += zip(("consumer_key", "consumer_secret"), in_query, strict=True)
        headers = dict(recorded.get("headers") or {})
        body = None
        if "json" in recorded:
            body = json.dumps(fill(recorded["json"], variables), ensure_ascii=False).encode()
            headers.setdefault("Content-Type", "application/json")
        elif "raw_body" in recorded:
            body = str(fill(recorded["raw_body"], variables)).encode()
        address = f"{self.url}{API}{fill(recorded['path'], variables)}"
        if recorded.get("raw_query"):
            address += f"?{fill(recorded['raw_query'], variables)}"
        return self.session.request(
            recorded["method"],
            address,
            params=pairs,
            data=body,
            headers=headers,
            auth=basic,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )

    def _credentials(self, kind: str) -> tuple[tuple[str, str] | None, tuple[str, str] | None]:
        """(for HTTP Basic authentication, for the query string)."""
        return {
            "rw": (self.rw, None),
            "ro": (self.ro, None),
            "none": (None, None),
            "bad_key": ((f"ck_{_UNKNOWN}", f"cs_{_UNKNOWN}"), None),
            "bad_secret": ((self.rw[0], f"cs_{_UNKNOWN}"), None),
            "query": (None, self.rw),
            "query_bad_secret": (None, (self.rw[0], f"cs_{_UNKNOWN}")),
        }[kind]


@dataclass
class Differences:
    """Where answers differ from the recording, in words; empty lists mean that they do not."""

    level_1: list[str] = field(default_factory=list)
    level_2: list[str] = field(default_factory=list)


def replay(trace: dict[str, Any], shop: Shop, wait: Callable[[float], None]) -> Differences:
    """Play a scenario to its end, also after a difference. `wait` lets seconds pass, on the shop's clock at least."""
    token = f"q{secrets.token_hex(4)[:7]}"
    variables: dict[str, Any] = {"run": token, "RUN": token.upper()}
    answers: dict[str, Any] = {}
    outcome = Differences()
    for step in trace["steps"]:
        label = f"{step['id']} {step['request']['method']} {step['request']['path']}"
        if step.get("sleep"):
            wait(step["sleep"])
        try:
            answer = shop.send(step["request"], variables)
        except (requests.RequestException, Unbound) as error:
            outcome.level_1.append(f"{label}: {error}")
            continue
        content = answers[step["id"]] = _content(answer)
        _bind(step.get("bind") or {}, content, variables)
        wanted = step["response"]
        difference = _difference_of_codes(wanted, answer, content)
        if difference:
            outcome.level_1.append(f"{label}: {difference}")
            continue
        difference = _difference_of_answers(wanted, answer, content, variables)
        if difference:
            outcome.level_2.append(f"{label}: {difference}")
    outcome.level_2 += [found for check in trace.get("checks") or [] for found in _failed_checks(check, answers)]
    return outcome


def fill(value: Any, variables: dict[str, Any]) -> Any:
    """The value with its placeholders replaced; a text that is nothing but one takes over the variable's type."""
    if isinstance(value, str):
        whole = _PLACEHOLDER.fullmatch(value)
        if whole:
            return _bound(whole, variables)
        return _PLACEHOLDER.sub(lambda found: str(_bound(found, variables)), value)
    if isinstance(value, list):
        return [fill(each, variables) for each in value]
    if isinstance(value, dict):
        return {fill(key, variables): fill(each, variables) for key, each in value.items()}
    return value


def _bound(found: re.Match[str], variables: dict[str, Any]) -> Any:
    if found["name"] not in variables:
        raise Unbound(f"{found[0]} was never received")
    value = variables[found["name"]]
    if found["index"] is not None:
        value = value[int(found["index"])]
    if found["form"] == "csv":
        return ",".join(map(str, value))
    return str(value) if found["form"] == "s" else value


def _content(answer: requests.Response) -> Any:
    try:
        return answer.json() if answer.content else None
    except ValueError:
        return None


def _at(path: str, content: Any) -> Any:
    """The value at `$.a[0].b`; with `[*]` the list of all."""
    reached, is_list = [content], False
    for step in _STEP_OF_PATH.finditer(path):
        if step["index"] == "*":
            reached, is_list = [each for part in reached for each in part], True
        else:
            reached = [part[step["key"] if step["key"] else int(step["index"])] for part in reached]
    return reached if is_list else reached[0]


def _bind(paths: dict[str, str], content: Any, variables: dict[str, Any]) -> None:
    for name, path in paths.items():
        try:
            value = _at(path, content)
        except (KeyError, IndexError, TypeError):
            continue  # shows as a difference of this answer, or as a variable that a later request lacks
        numbers = value if isinstance(value, list) else [value]
        if all(type(number) is int and number > 0 for number in numbers):
            variables[name] = value


def _difference_of_codes(wanted: dict[str, Any], answer: requests.Response, content: Any) -> str | None:
    if answer.status_code != wanted["status"]:
        return f"status {answer.status_code} instead of {wanted['status']}: {_short(content)}"
    if "json" in wanted and _codes(wanted["json"]) != _codes(content):
        return f"codes {_codes(content)} instead of {_codes(wanted['json'])}"
    return None


def _codes(content: Any) -> Any:
    """The error code of an answer, or those of a batch's items at their positions."""
    if not isinstance(content, dict):
        return None
    if isinstance(content.get("code"), str):
        return content["code"]
    lists = {name: content[name] for name in ("create", "update", "delete") if isinstance(content.get(name), list)}
    return {name: [_code_of_item(item) for item in items] for name, items in lists.items()} or None


def _code_of_item(item: Any) -> str | None:
    error = item.get("error") if isinstance(item, dict) else None
    return error.get("code") if isinstance(error, dict) else None


def _difference_of_answers(
    wanted: dict[str, Any], answer: requests.Response, content: Any, variables: dict[str, Any]
) -> str | None:
    found = None
    try:
        if "headers" in wanted:
            found = difference(wanted["headers"], _headers(answer), variables, "headers")
        if found is None and "json" in wanted:
            found = difference(wanted["json"], content, variables)
    except Unbound as error:
        return str(error)
    if found is None and wanted.get("body") == "empty" and answer.content:
        return "a body where none should be"
    return found


def _headers(answer: requests.Response) -> dict[str, Any]:
    """The headers that count, free of the shop's own address."""
    names = ("X-WP-Total", "X-WP-TotalPages")
    found: dict[str, Any] = {name: answer.headers[name] for name in names if name in answer.headers}
    found["Content-Type"] = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if "Location" in answer.headers:
        found["Location"] = answer.headers["Location"].partition(API)[2]
    pages = {
        link["rel"]: parse_qs(urlsplit(link["url"]).query).get("page", [None])[0]
        for link in requests.utils.parse_header_links(answer.headers.get("Link", ""))
        if link.get("rel") in ("next", "prev")
    }
    return {**found, "Link": sorted(pages), "Link-Page": pages} if pages else found


def difference(wanted: Any, got: Any, variables: dict[str, Any], place: str = "$") -> str | None:
    """The first difference between a recorded value and a received one, in words; types count."""
    if isinstance(wanted, str):
        if wanted.startswith("<<") and wanted.endswith(">>"):
            rule = str(fill(wanted[2:-2], variables))
            return None if _accepts(rule, got) else f"{place}: {_short(got)} instead of <<{rule}>>"
        wanted = fill(wanted, variables)
    if isinstance(wanted, dict) and isinstance(got, dict):
        return _difference_of_objects(wanted, got, variables, place)
    if isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            return f"{place}: {len(got)} elements instead of {len(wanted)}"
        parts = (difference(*pair, variables, f"{place}[{n}]") for n, pair in enumerate(zip(wanted, got, strict=True)))
        return next((part for part in parts if part), None)
    is_same = type(wanted) is type(got) and wanted == got
    return None if is_same else f"{place}: {_short(got)} instead of {_short(wanted)}"


def _difference_of_objects(
    wanted: dict[str, Any], got: dict[str, Any], variables: dict[str, Any], place: str
) -> str | None:
    members = {fill(key, variables): value for key, value in wanted.items() if key != "..."}
    for key, value in members.items():
        if key not in got:
            return f"{place}.{key} is missing"
        found = difference(value, got[key], variables, f"{place}.{key}")
        if found:
            return found
    surplus = [] if "..." in wanted else [key for key in got if key not in members]
    return f"{place} has {', '.join(surplus)} besides" if surplus else None


def _accepts(rule: str, got: Any) -> bool:
    kind, _, rest = rule.partition(":")
    if kind == "url":
        is_address = isinstance(got, str) and re.match(r"https?://\S+$", got) is not None
        return is_address and (not rest or urlsplit(got).path.endswith(API + rest))
    if kind == "re":
        return isinstance(got, str) and re.search(rest, got) is not None
    is_moment = isinstance(got, str) and _MOMENT.fullmatch(got) is not None
    return {
        "any": True,
        "datetime": is_moment,
        "datetime|null": is_moment or got is None,
        "int": type(got) is int,
        "string": isinstance(got, str),
        "object": isinstance(got, dict),
    }[rule]


def _failed_checks(check: dict[str, list[str]], answers: dict[str, Any]) -> list[str]:
    failed = []
    for relation, (first, second) in check.items():
        try:
            values = [_at(path.partition(".")[2], answers[path.partition(".")[0]]) for path in (first, second)]
        except (KeyError, IndexError, TypeError):
            failed.append(f"{relation} {first}, {second}: a value is missing")
            continue
        if (values[0] == values[1]) != (relation == "same"):
            failed.append(f"{first} and {second} should be {relation}: {_short(values)}")
    return failed


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:197]}..."
