"""The batch routes: up to 100 creations, changes and deletions, done in this order one by one.

Items do not pass the schema of the route. What one of them refuses stands at its place in the answer; the status is
200 all the same. Nothing is undone, not even when PHP gives up in the middle.
"""

from collections.abc import Callable
from typing import Any, Protocol

from sandbox.woocommerce import php
from sandbox.woocommerce.accounts import encoded
from sandbox.woocommerce.answers import Answer
from sandbox.woocommerce.customers import Customers
from sandbox.woocommerce.errors import ApiError, FatalError
from sandbox.woocommerce.parameters import ApiRequest

MOST_ITEMS = 100
_OPERATIONS = ("create", "update", "delete")


class Batchable(Protocol):
    """What the items of a batch are done with. Each method does one item and answers it; refusals are ApiErrors."""

    def create(self, item: ApiRequest) -> Answer: ...
    def update(self, item: ApiRequest) -> Answer: ...
    def delete(self, item: ApiRequest) -> Answer: ...


class CustomerItems:
    """Customers in a batch."""

    def __init__(self, customers: Customers) -> None:
        self._customers = customers

    def create(self, item: ApiRequest) -> Answer:
        """One creation."""
        return self._customers.shown(self._customers.create_item(item), item)

    def update(self, item: ApiRequest) -> Answer:
        """One change."""
        account = self._customers.find_item(item.get("id"))
        return self._customers.shown(self._customers.update_item(account, item), item)

    def delete(self, item: ApiRequest) -> Answer:
        """One deletion."""
        return self._customers.shown(self._customers.delete_item(item), item)


def run_batch(request: ApiRequest, items: Batchable) -> Answer:
    """Do a batch. Raises ApiError (413) for too many items, before anything is done."""
    wanted = {name: php.members(request.get(name)) for name in _OPERATIONS}
    if sum(map(len, wanted.values())) > MOST_ITEMS:
        text = f"Unable to accept more than {MOST_ITEMS} items for this request."
        raise ApiError("woocommerce_rest_request_entity_too_large", text, 413)
    lists: dict[str, list[str]] = {name: [] for name in _OPERATIONS}
    for item in wanted["create"]:
        # A creation sees the query string of the whole request, a change does not.
        lists["create"].append(_done(items.create, _item(request, item, request.query), 0))
    for item in wanted["update"]:
        part = item if php.is_array(item) else {}
        lists["update"].append(_done(items.update, _item(request, part, {}), php.member(item, "id")))
    for item in wanted["delete"]:
        # What is no number leaves no entry in the answer, so the positions after it shift.
        named = _named(item)
        if named is not None:
            shown = named if php.is_array(item) else named["id"]
            lists["delete"].append(_done(items.delete, _item(request, named, {}), shown))
    parts = [f'"{name}":[{",".join(texts)}]' for name, texts in lists.items() if texts]
    return Answer(f"{{{','.join(parts)}}}" if parts else "[]")


def _named(item: Any) -> dict[str, Any] | None:
    """The parameters of a deletion: an object gives its own, anything else counts as a number; None for 0."""
    if php.is_array(item):
        own = item if isinstance(item, dict) else {str(index): part for index, part in enumerate(item)}
        return {**own, "force": True}
    identifier = php.to_int(item)
    return {"id": identifier} if identifier else None


def _item(request: ApiRequest, item: Any, query: dict[str, Any]) -> ApiRequest:
    if not php.is_array(item) and item is not None and item is not False:
        raise FatalError("Cannot access an offset of a scalar")
    form = item if isinstance(item, dict) else {}
    return ApiRequest("POST", request.route, query=query, form=form, base_url=request.base_url)


def _done(do: Callable[[ApiRequest], Answer], item: ApiRequest, identifier: Any) -> str:
    try:
        return do(item).complete_text()
    except ApiError as error:
        return encoded({"id": identifier, "error": error.as_json()})
