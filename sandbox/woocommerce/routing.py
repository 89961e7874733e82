"""The routes below /wp-json, and what WordPress does with a request before and after a route has worked on it."""

import copy
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sandbox.woocommerce import arguments as known
from sandbox.woocommerce import site
from sandbox.woocommerce.accounts import encoded
from sandbox.woocommerce.answers import Answer, chosen_fields, enveloped
from sandbox.woocommerce.authentication import Access
from sandbox.woocommerce.batch import Batchable, CustomerItems, run_batch
from sandbox.woocommerce.countries import get_country, list_countries, recorded
from sandbox.woocommerce.customers import Customers, refuse_nobody
from sandbox.woocommerce.errors import CRITICAL_ERROR, ApiError, FatalError, no_route
from sandbox.woocommerce.parameters import ApiRequest, Arguments, check
from sandbox.woocommerce.store import Store
from sandbox.woocommerce.webhooks import WebhookItems, Webhooks

Handler = Callable[[ApiRequest, Access], Answer]

_EDITING = ("POST", "PUT", "PATCH")


@dataclass(frozen=True)
class _Endpoint:
    methods: tuple[str, ...]
    handler: Handler
    arguments: Arguments


@dataclass(frozen=True)
class _Route:
    pattern: re.Pattern[str]
    endpoints: tuple[_Endpoint, ...]

    def endpoint(self, method: str) -> _Endpoint | None:
        """The endpoint for a method; HEAD is answered by GET."""
        method = "GET" if method == "HEAD" else method
        return next((each for each in self.endpoints if method in each.methods), None)

    @property
    def methods(self) -> list[str]:
        """All methods, as OPTIONS and the header Allow list them."""
        return [method for each in self.endpoints for method in each.methods]


class Router:
    """All routes of one shop."""

    def __init__(self, store: Store) -> None:
        self._store = store
        customers, webhooks = Customers(store), Webhooks(store)
        self._routes = (
            _route("/", _Endpoint(("GET",), lambda request, _: site.index(store, request), known.INDEX)),
            _route(
                "/wc/v3/customers",
                _Endpoint(("GET",), customers.list, known.LIST_CUSTOMERS),
                _Endpoint(("POST",), customers.create, known.CREATE_CUSTOMER),
            ),
            _route(
                r"/wc/v3/customers/(?P<id>[0-9]+)",
                _Endpoint(("GET",), customers.get, known.GET_ITEM),
                _Endpoint(_EDITING, customers.update, known.UPDATE_CUSTOMER),
                _Endpoint(("DELETE",), customers.delete, known.DELETE_CUSTOMER),
            ),
            _route(
                "/wc/v3/customers/batch",
                _Endpoint(_EDITING, _batch(CustomerItems(customers)), known.EDIT_CUSTOMER),
            ),
            _route(
                "/wc/v3/webhooks",
                _Endpoint(("GET",), webhooks.list, known.LIST_WEBHOOKS),
                _Endpoint(("POST",), webhooks.create, known.CREATE_WEBHOOK),
            ),
            _route(
                r"/wc/v3/webhooks/(?P<id>[0-9]+)",
                _Endpoint(("GET",), webhooks.get, known.GET_ITEM),
                _Endpoint(_EDITING, webhooks.update, known.UPDATE_WEBHOOK),
                _Endpoint(("DELETE",), webhooks.delete, known.DELETE_WEBHOOK),
            ),
            _route("/wc/v3/webhooks/batch", _Endpoint(_EDITING, _batch(WebhookItems(webhooks)), known.EDIT_WEBHOOK)),
            _route("/wc/v3/data/countries", _Endpoint(("GET",), list_countries, known.LIST_COUNTRIES)),
            _route(r"/wc/v3/data/countries/(?P<location>[\w-]+)", _Endpoint(("GET",), get_country, known.GET_COUNTRY)),
        )

    def answer(self, request: ApiRequest, access: Access) -> Answer:
        """The answer to a request, refusals included."""
        try:
            with self._store.transaction():
                answer = self._dispatched(request, access)
            wanted = request.get("_fields")
            if wanted is not None and not answer.is_error:
                answer.text = chosen_fields(answer.text, wanted)
        except ApiError as error:
            answer = refused(error)
        except FatalError:
            return Answer(encoded(CRITICAL_ERROR), 500)
        return enveloped(answer) if "_envelope" in request.query else answer

    def _dispatched(self, request: ApiRequest, access: Access) -> Answer:
        access.refuse_method(request.method)
        for route in self._routes:
            found = route.pattern.fullmatch(request.route)
            if found is None:
                continue
            if request.method == "OPTIONS":
                return _described(route, request, self._store.own_roles())
            endpoint = route.endpoint(request.method)
            if endpoint is not None:
                request.path = dict(found.groupdict())
                check(request, known.with_own_roles(endpoint.arguments, self._store.own_roles()))
                answer = endpoint.handler(request, access)
                answer.headers["Allow"] = ", ".join(route.methods)
                return answer
        if request.method == "OPTIONS":
            return Answer("null")
        raise no_route()


def refused(error: ApiError) -> Answer:
    """A refusal as an answer."""
    return Answer(encoded(error.as_json()), error.status)


def _route(pattern: str, *endpoints: _Endpoint) -> _Route:
    return _Route(re.compile(pattern, re.IGNORECASE), endpoints)


def _batch(items: Batchable) -> Handler:
    def handle(request: ApiRequest, access: Access) -> Answer:
        text = "Sorry, you are not allowed to batch manipulate this resource."
        refuse_nobody(access, "woocommerce_rest_cannot_batch", text)
        return run_batch(request, items)

    return handle


def _described(route: _Route, request: ApiRequest, own_roles: Sequence[str]) -> Answer:
    """What OPTIONS says of a route; of the list of customers it is the recorded description."""
    if route.pattern.pattern == "/wc/v3/customers":
        described = copy.deepcopy(recorded("webstore_customers_schema"))
        described["endpoints"][0]["args"]["role"]["enum"] += own_roles
        described["_links"] = {"self": [{"href": f"{request.base_url}/wc/v3/customers"}]}
    else:
        endpoints = [{"methods": list(each.methods), "args": sorted(each.arguments)} for each in route.endpoints]
        described = {"namespace": "wc/v3", "methods": route.methods, "endpoints": endpoints}
    return Answer(encoded(described), headers={"Allow": ", ".join(route.methods)})
