"""The emulator as an ASGI application: addresses, authentication and limits around the service.

/{tenant}/oauth2/v2.0/token                            tokens
/environments/v1.2                                     the environment
/v2.0/{tenant}/{environment}/api/v2.0/...              the API; the tenant may be left out
/v2.0/{tenant}/{environment}/api/microsoft/runtime/beta/companies({id})/webhookSupportedResources
/v2.0/{tenant}/{environment}/api/{publisher}/{group}/{version}/...   a custom page, if the settings have one
/BC/api/v2.0/...                                       the same as on premises, with Basic or a token
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import orjson
from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.business_central.authentication import Authentication, check_api_is_on
from sandbox.business_central.batch import operations_in, run_batch
from sandbox.business_central.entities import COMPANY_SETS
from sandbox.business_central.errors import NO_ENVIRONMENT, ApiError, check_tenant, unknown_segment
from sandbox.business_central.exchange import Call, Reply, from_error
from sandbox.business_central.limits import Limits
from sandbox.business_central.notifications import Courier
from sandbox.business_central.service import Service
from sandbox.business_central.settings import ConfigurationTemplate, Settings
from sandbox.business_central.store import Store
from sandbox.business_central.subscriptions import Subscriptions

__all__ = ["ConfigurationTemplate", "Settings", "create_app"]

_TOKEN = re.compile(r"/([^/]+)/oauth2/v2\.0/token/?")
_AREA = r"(v2\.0|[^/]+/[^/]+/(?:v\d+\.\d+|beta))"
_ONLINE = re.compile(rf"(/v2\.0/(?:([^/]+)/)?([^/]+)/api)/{_AREA}(?:/(.*))?", re.DOTALL)
_ON_PREMISES = re.compile(rf"(/BC/api)/{_AREA}(?:/(.*))?", re.DOTALL | re.IGNORECASE)
_RUNTIME = "microsoft/runtime/beta"
_METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


def create_app(store: Store, settings: Settings, *, tokens: Store | None = None) -> Starlette:
    """The application on a store. `app.state.courier` sends the notifications of its subscriptions.

    `tokens` is the store whose tokens are valid, if it is another one: they are given by a service of their own.
    """
    subscriptions = Subscriptions(store, settings)
    courier = Courier(store, settings, subscriptions)
    store.on_change.append(courier.note)
    store.balance_changes_etag = settings.balance_changes_etag
    store.custom_page = settings.custom_page
    store.clock.offsets_ms = settings.clock_offsets_ms
    front = _Front(store, settings, subscriptions, Authentication(tokens or store, settings))

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if store.database.row("SELECT 1 FROM attempt") is not None:
            courier.start()
        yield
        await to_thread.run_sync(courier.stop)

    app = Starlette(routes=[Route("/{path:path}", front.serve, methods=_METHODS)], lifespan=lifespan)
    app.state.courier = courier
    return app


class _Front:
    def __init__(
        self, store: Store, settings: Settings, subscriptions: Subscriptions, authentication: Authentication
    ) -> None:
        self._settings = settings
        self._store = store
        self._service = Service(store, settings, subscriptions)
        page = settings.custom_page
        self._custom = None if page is None else Service(store, settings, subscriptions, page.catalogue)
        self._authentication = authentication
        self._limits = Limits(settings, store.clock.now)

    async def serve(self, request: Request) -> Response:
        path = request.url.path
        token = _TOKEN.fullmatch(path)
        try:
            if token is not None:
                return self._response(self._authentication.token(token[1], await request.body()))
            if path.rstrip("/") == "/environments/v1.2":
                self._user(request, is_on_premises=False)
                return self._response(self._environments())
            return await self._serve_api(request, path)
        except ApiError as error:
            return self._response(from_error(error, self._service.correlation_id()))

    async def _serve_api(self, request: Request, path: str) -> Response:
        online, on_premises = _ONLINE.fullmatch(path), _ON_PREMISES.fullmatch(path)
        if online is not None:
            root, area, rest = online[1], online[4], online[5]
            if not self._is_known(online[2], online[3]):
                if self._settings.unknown_environment_needs_token:
                    self._user(request, is_on_premises=False)
                return Response(NO_ENVIRONMENT, 404, media_type="application/xml")
        elif on_premises is not None:
            root, area, rest = on_premises[1], on_premises[2], on_premises[3]
            check_tenant(self._settings.on_premises_tenants, request.url.query)
            check_api_is_on(self._settings, is_on_premises=True)
        else:
            raise unknown_segment(path.strip("/").rpartition("/")[2])
        user = self._user(request, is_on_premises=on_premises is not None)
        body = await request.body()
        if len(body) > self._settings.maximum_body:
            raise ApiError(413, "BadRequest", "The request body is too large.")
        call = Call(
            method=request.method,
            base=f"{self._settings.own_address or f'{request.url.scheme}://{request.url.netloc}'}{root}/{area}",
            path=rest or "",
            query=request.url.query,
            headers={name.lower(): value for name, value in request.headers.items()},
            body=body,
            user=user,
        )
        return self._response(await self._answer(call, area))

    def _service_of(self, area: str) -> Service:
        page = self._settings.custom_page
        if area.lower() == "v2.0":
            return self._service
        if self._custom is None or page is None or area.lower() != page.api.lower():
            raise unknown_segment(area.partition("/")[0])
        return self._custom

    async def _answer(self, call: Call, area: str) -> Reply:
        is_runtime = area.lower() == _RUNTIME
        service = self._service if is_runtime else self._service_of(area)
        is_batch = call.path.rstrip("/") == "$batch" and not is_runtime
        operations = operations_in(call, self._settings.maximum_batch) if is_batch else []
        counts_once = self._settings.batch_counts_once or not operations
        async with self._limits.admitted(call.user, 1 if counts_once else len(operations)):
            if is_runtime:
                return self._runtime(call)
            if is_batch:
                return run_batch(service, call, operations)
            if call.path.startswith("subscriptions") and call.method != "GET":
                # The subscriber is called meanwhile, and may want to ask something itself.
                return await to_thread.run_sync(service.answer, call)
            return service.answer(call)

    def _is_known(self, tenant: str | None, environment: str) -> bool:
        is_tenant = tenant is None or tenant.lower() == self._settings.tenant.lower()
        return is_tenant and environment.lower() == self._settings.environment.lower()

    def _user(self, request: Request, *, is_on_premises: bool) -> str:
        authorization = request.headers.get("authorization", "")
        return self._authentication.user_of(authorization, is_on_premises=is_on_premises)

    def _environments(self) -> Reply:
        row = {
            "aadTenantId": self._settings.tenant,
            "applicationFamily": "BusinessCentral",
            "type": "Sandbox",
            "name": self._settings.environment,
            "countryCode": "GB",
            "webServiceUrl": "https://api.businesscentral.dynamics.com",
            "webClientLoginUrl": "https://businesscentral.dynamics.com/"
            f"{self._settings.tenant}/{quote(self._settings.environment)}",
            "ringName": "PROD",
        }
        return Reply(200, orjson.dumps({"value": [row]}))

    def _runtime(self, call: Call) -> Reply:
        """The list of entity sets whose changes can be subscribed to."""
        names = [segment.name for segment in call.segments()]
        if names != ["companies", "webhookSupportedResources"]:
            raise unknown_segment(names[-1])
        value: list[dict[str, Any]] = [{"resource": f"v2.0/{name}"} for name in COMPANY_SETS]
        page = self._settings.custom_page
        value += [] if page is None else [{"resource": f"{page.api}/{page.entity}"}]
        return Reply(200, orjson.dumps({"@odata.context": f"{call.base}/$metadata", "value": value}))

    def _response(self, reply: Reply) -> Response:
        headers = {
            "OData-Version": "4.0",
            "request-id": self._service.correlation_id(),
            "Cache-Control": "no-cache, no-store",
            "Access-Control-Expose-Headers": "Date, Content-Length, Server, OData-Version",
            **reply.headers,
        }
        if reply.body:
            headers["Content-Type"] = reply.content_type
        return Response(reply.body, reply.status, headers)
