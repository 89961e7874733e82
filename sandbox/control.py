"""Control of an emulator over HTTP, below /_sandbox on its own port; for demonstrations and for tests from outside.

No authentication: the sandbox listens on loopback only. These requests are neither logged nor spoiled by faults.
JSON in, JSON out; what makes no sense is a 400 with {"error": text}.

    GET    /_sandbox/requests   {"requests": [entry, ...], "reads": n, "writes": n}; an entry as in request_log.LogEntry
    DELETE /_sandbox/requests   forget them
    GET    /_sandbox/faults     {"pending": [rule, ...], "fired": [{"kind", "method", "path", "at", "touched"}, ...]}
    POST   /_sandbox/faults     {"kind": ..., "path": regex, "method": ..., "count": 1, "after": 0,
                                "writes_only": false, further options}
                                (the table of kinds and options stands in faults.py); 201 and the rule
    DELETE /_sandbox/faults     forget rules and what they did; those of one kind with ?kind=...
    POST   /_sandbox/people     what a person does on the screen, past the rules of the API:
                                {"action": "create", "record": {...}}             201 {"id": ...}
                                {"action": "update", "id": ..., "changes": {...}} 200 {"id": ...}
                                {"action": "delete", "id": ...}                   200 {"id": ...}
                                {"action": "replace", "id": ..., "record": {...}, "keep_old": false}
                                                                                  200 {"id": ..., "old_id": ...}
                                an account's id, or a customer's number, becomes somebody else's; who had it is gone
                                (null), or with keep_old has another id, or another number
                                {"action": "ship-to", "id": ..., "code": ..., "record": {...} or null}
                                                                                  200 {"id": ...}
                                a ship-to address of a Business Central customer is added, edited, or taken away
    GET    /_sandbox/settings   what the system says of itself
    POST   /_sandbox/settings   changes it; webstore: {"name", "description", "url"} of the shop,
                                {"rest_prefix": "api"} or {"rest_prefix": "index.php?rest_route="}: where its API is, and
                                what stands before it: {"web_login": "USER:PASSWORD"}, {"plugin_refusal": "STATUS CODE
                                MESSAGE"}, {"redirect": an address}; "" takes each away;
                                Business Central: {"name": another name of the company}, {"copied": true} puts a copy
                                of the same name in the company's place, whose id is another one, and those of its
                                customers are, unless "keep_customer_ids" is true;
                                {"custom_page": {"hidden": [...], "read_only": [...]}} installs another version of the
                                partner's page: names of properties, of ship-to addresses with shipTo. before them
    POST   /_sandbox/deliver    call the subscribers of webhooks now instead of after a while; {"delivered": requests sent}
    POST   /_sandbox/clock      {"advance": seconds} sets the system's clock ahead, or back when below zero
    GET    /_sandbox/moments    {"moments": [name, ...]}
    POST   /_sandbox/moments    {"name": ...} keeps the system as it is now, under a name; 201 {"name", "customers": n}
    POST   /_sandbox/moments/<name>/restore
                                goes back to that moment, as with a backup: see moments.py; {"name", "customers": n}
    POST   /_sandbox/reset      {} = the customers that the sandbox started with, {"empty": true} = none;
                                also clears log and faults; {"customers": n}
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from anyio import to_thread
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.business_central.store import Store as BusinessCentralStore
from sandbox.faults import FaultError, Faults
from sandbox.middleware import CONTROL_PREFIX
from sandbox.moments import Moment
from sandbox.operations import System
from sandbox.people import SandboxInputError
from sandbox.people_acts import PeopleStore
from sandbox.request_log import RequestLog


class _ControlError(ValueError):
    """A control request that makes no sense."""


def create_control(
    *,
    system: System,
    store: PeopleStore,
    log: RequestLog,
    faults: Faults,
    reset: Callable[[bool], int],
    deliver: Callable[[], int],
    advance: Callable[[float], None],
    settings: Callable[[dict[str, Any]], dict[str, Any]],
) -> Starlette:
    """The control application of one emulator.

    `reset(empty)` restores its customers and returns their number; `deliver()` calls the subscribers of webhooks and
    returns the number of requests that it sent; `advance(seconds)` sets the system's clock ahead, or back;
    `settings(changes)` changes what the system says of itself, and returns all of it.
    """

    async def requests(request: Request) -> Response:
        if request.method == "DELETE":
            log.clear()
            return JSONResponse({"requests": []})
        entries = [entry.as_json() for entry in log.entries]
        return JSONResponse({"requests": entries, "reads": len(log.reads()), "writes": len(log.writes())})

    async def rules(request: Request) -> Response:
        if request.method == "DELETE":
            faults.clear(request.query_params.get("kind"))
        elif request.method == "POST":
            return JSONResponse(_add_rule(faults, await _content(request)), status_code=201)
        fired = [{**asdict(entry), "at": entry.at.isoformat()} for entry in faults.fired]
        return JSONResponse({"pending": [rule.as_json() for rule in faults.pending], "fired": fired})

    async def people(request: Request) -> Response:
        content = await _content(request)
        done = _act(store, system, content)
        return JSONResponse(done, status_code=201 if content["action"] == "create" else 200)

    async def configuration(request: Request) -> Response:
        return JSONResponse(settings(await _content(request) if request.method == "POST" else {}))

    async def delivery(_: Request) -> Response:
        # In a thread of its own: the subscriber may ask this very server something before it answers.
        return JSONResponse({"delivered": await to_thread.run_sync(deliver)})

    async def clock(request: Request) -> Response:
        seconds = (await _content(request)).get("advance")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise _ControlError("advance must be a number of seconds; below 0 sets the clock back")
        advance(seconds)
        return JSONResponse({"advance": seconds})

    kept: dict[str, Moment] = {}

    async def moments(request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"moments": list(kept)})
        name = (await _content(request)).get("name")
        if not isinstance(name, str) or not name or "/" in name:
            raise _ControlError("name must be a text without a slash")
        kept[name] = store.snapshot()
        return JSONResponse({"name": name, "customers": len(store.customer_ids())}, status_code=201)

    async def going_back(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in kept:
            raise _ControlError(f"there is no moment {name!r}; there are: {', '.join(kept) or 'none'}")
        store.restore(kept[name])
        return JSONResponse({"name": name, "customers": len(store.customer_ids())})

    async def start_over(request: Request) -> Response:
        content = await _content(request)
        customers = reset(bool(content.get("empty", False)))
        log.clear()
        faults.clear()
        return JSONResponse({"customers": customers})

    return Starlette(
        routes=[
            Route(f"{CONTROL_PREFIX}/requests", _guarded(requests), methods=["GET", "DELETE"]),
            Route(f"{CONTROL_PREFIX}/faults", _guarded(rules), methods=["GET", "POST", "DELETE"]),
            Route(f"{CONTROL_PREFIX}/people", _guarded(people), methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/settings", _guarded(configuration), methods=["GET", "POST"]),
            Route(f"{CONTROL_PREFIX}/deliver", _guarded(delivery), methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/clock", _guarded(clock), methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/moments", _guarded(moments), methods=["GET", "POST"]),
            Route(f"{CONTROL_PREFIX}/moments/{{name}}/restore", _guarded(going_back), methods=["POST"]),
            Route(f"{CONTROL_PREFIX}/reset", _guarded(start_over), methods=["POST"]),
        ]
    )


_Endpoint = Callable[[Request], Awaitable[Response]]


def _guarded(endpoint: _Endpoint) -> _Endpoint:
    async def guarded(request: Request) -> Response:
        try:
            return await endpoint(request)
        except (FaultError, SandboxInputError, _ControlError) as error:
            return JSONResponse({"error": str(error)}, status_code=400)

    return guarded


async def _content(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        content = json.loads(body or b"{}")
    except ValueError as error:
        raise _ControlError(f"the body is no JSON: {error}") from error
    if not isinstance(content, dict):
        raise _ControlError("the body must be a JSON object")
    return content


def _add_rule(faults: Faults, content: dict[str, Any]) -> dict[str, Any]:
    kind = content.pop("kind", None)
    if not isinstance(kind, str):
        raise _ControlError("kind is missing")
    for name, kind_of_value in (("path", str), ("method", str), ("count", int), ("after", int), ("writes_only", bool)):
        if name in content and not isinstance(content[name], kind_of_value):
            raise _ControlError(f"{name} must be of type {kind_of_value.__name__}")
    return faults.add(kind, **content).as_json()


def _act(store: PeopleStore, system: System, content: dict[str, Any]) -> dict[str, Any]:
    action = content.get("action")
    if action == "create":
        return {"id": store.people_create(_object(content, "record"))}
    identifier = content.get("id")
    wanted = int if system is System.WEBSTORE else str
    if action not in ("update", "delete", "replace", "ship-to"):
        raise _ControlError("action must be create, update, delete, replace or ship-to")
    if not isinstance(identifier, wanted) or identifier not in store.customer_ids():
        raise _ControlError(f"there is no customer {identifier!r}")
    if action == "ship-to":
        record = None if content.get("record") is None else _object(content, "record")
        if not isinstance(store, BusinessCentralStore) or not isinstance(content.get("code"), str):
            raise _ControlError("ship-to addresses with their code belong to customers of Business Central")
        store.people_ship_to(str(identifier), content["code"], record)
        return {"id": identifier}
    if action == "replace":
        keep_old = bool(content.get("keep_old", False))
        newcomer, old = store.people_replace(identifier, _object(content, "record"), keep_old=keep_old)
        return {"id": newcomer, "old_id": old}
    if action == "update":
        store.people_update(identifier, _object(content, "changes"))
    else:
        store.people_delete(identifier)
    return {"id": identifier}


def _object(content: dict[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    if not isinstance(value, dict):
        raise _ControlError(f"{name} must be a JSON object")
    return value
