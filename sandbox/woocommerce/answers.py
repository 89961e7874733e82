"""What goes back to the client: JSON text, links, the choice of fields, the headers of a list."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import orjson

from sandbox.woocommerce import php
from sandbox.woocommerce.accounts import encoded
from sandbox.woocommerce.schema import as_list

NAMESPACE = "wc/v3"


@dataclass
class Answer:
    """`text` is JSON; `links` is a member that is put into it after `_fields` has chosen (single records)."""

    text: str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    links: str = ""

    @property
    def is_error(self) -> bool:
        """Refusals are not touched by `_fields`."""
        return self.status >= 400

    def complete_text(self) -> str:
        """The JSON with its links."""
        if not self.links:
            return self.text
        return f"{{{self.links}}}" if self.text in ("[]", "{}") else f"{self.text[:-1]},{self.links}}}"


def links_text(base_url: str, collection: str, identifier: int | str) -> str:
    """The member `_links` of a record, as JSON text."""
    base = f"{base_url}/{NAMESPACE}/{collection}".replace("/", "\\/")
    return (
        f'"_links":{{"self":[{{"href":"{base}\\/{identifier}",'
        '"targetHints":{"allow":["GET","POST","PUT","PATCH","DELETE"]}}],'
        f'"collection":[{{"href":"{base}"}}]}}'
    )


def chosen_fields(text: str, wanted: Any) -> str:
    """The JSON with the fields that `_fields` names, nested ones as `billing.email`; a list row by row."""
    names = [php.trim(php.to_text(name)) for name in as_list(wanted)]
    if not names:
        return text
    tree = _tree(names)
    data = orjson.loads(text)
    if isinstance(data, list):
        return encoded([_intersection(row, tree) for row in data])
    return encoded(_intersection(data, tree))


def _tree(names: list[str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name in names:
        place = tree
        *parents, last = name.split(".")
        for parent in parents:
            if place.get(parent) is True:
                # WordPress leaves both of its loops here: the names after this one are lost.
                return tree
            place = place.setdefault(parent, {})
        place[last] = True
    return tree


def _intersection(value: Any, tree: dict[str, Any]) -> Any:
    """PHP's array_intersect_key; what ends up empty is an empty list, as PHP knows no empty object."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    kept = {
        key: _intersection(part, tree[str(key)]) if php.is_array(part) and tree[str(key)] is not True else part
        for key, part in pairs
        if str(key) in tree
    }
    return php.array_of(kept) if isinstance(value, list) else kept or []


def paging_headers(url: str, query: Mapping[str, Any], *, total: int, pages: int, page: int) -> dict[str, str]:
    """Totals and the links to the neighbouring pages. The links repeat the whole query, keys and secrets included."""
    headers = {"X-WP-Total": str(total), "X-WP-TotalPages": str(pages)}
    links = []
    if page > 1:
        links.append(f'<{_page_url(url, query, min(page - 1, pages))}>; rel="prev"')
    if pages > page:
        links.append(f'<{_page_url(url, query, page + 1)}>; rel="next"')
    if links:
        headers["Link"] = ", ".join(links)
    return headers


def _page_url(url: str, query: Mapping[str, Any], page: int) -> str:
    return f"{url}?{urlencode(_flat({**query, 'page': page}))}"


def _flat(query: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, value in query.items():
        name = f"{prefix}[{key}]" if prefix else key
        if php.is_array(value):
            pairs += _flat(value if isinstance(value, dict) else {str(i): part for i, part in enumerate(value)}, name)
        else:
            pairs.append((name, php.to_text(value)))
    return pairs


def enveloped(answer: Answer) -> Answer:
    """`_envelope`: status and headers become part of the body, the answer itself is a 200 without them."""
    headers = encoded(answer.headers) if answer.headers else "[]"
    return Answer(f'{{"body":{answer.complete_text()},"status":{answer.status},"headers":{headers}}}')
