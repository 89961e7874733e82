"""The parameters of a request: where they may come from, which of several counts, how they are checked.

A JSON body beats a form, a form beats the query string, that beats the id in the path, and defaults come last. Nothing
keeps a client from sending `id` in the body: it then means another record than the path says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.woocommerce.errors import ApiError, FatalError
from sandbox.woocommerce.schema import Problem, Schema, converted, problem

_READS_FORMS = frozenset({"POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True)
class Argument:
    """What a route says of one parameter.

    `is_checked`: refused together with all other bad ones before anything is converted. `clean` converts; without it
    the value is checked and converted by the schema in one go, after the others.
    """

    schema: Schema
    is_required: bool = False
    default: Any = None
    is_checked: bool = True
    clean: Callable[[Any], Any] | None = None


Arguments = Mapping[str, Argument]


@dataclass
class ApiRequest:
    """A request as the routes see it. `json` is what the body said: a dict, or anything else without parameters."""

    method: str
    route: str
    query: dict[str, Any] = field(default_factory=dict)
    form: dict[str, Any] = field(default_factory=dict)
    json: Any = None
    path: dict[str, Any] = field(default_factory=dict)
    defaults: dict[str, Any] = field(default_factory=dict)
    base_url: str = ""
    is_bad_json: bool = False

    def sources(self) -> list[dict[str, Any]]:
        """All places of parameters, the strongest first."""
        places = [self.json] if isinstance(self.json, dict) else []
        if self.method in _READS_FORMS:
            places.append(self.form)
        return [*places, self.query, self.path, self.defaults]

    def get(self, name: str) -> Any:
        """The parameter's value; null counts as not sent."""
        for source in self.sources():
            value = source.get(name)
            if value is not None:
                return value
        return None

    def refuse_scalar_body(self) -> None:
        """Where WooCommerce writes into the parameters of a body that is a number or a text, PHP gives up."""
        if isinstance(self.json, str | int | float) and self.json is not False:
            raise FatalError("Cannot use a scalar value as an array")


def check(request: ApiRequest, arguments: Arguments) -> None:
    """Check and convert the request's parameters. Raises ApiError (400) naming all that are missing, or all bad ones."""
    if request.is_bad_json:
        raise ApiError(
            "rest_invalid_json",
            "Invalid JSON body passed.",
            400,
            json_error_code=4,
            json_error_message="Syntax error",
        )
    request.defaults = {name: each.default for name, each in arguments.items() if each.default is not None}
    missing = [name for name, each in arguments.items() if each.is_required and request.get(name) is None]
    if missing:
        raise ApiError(
            "rest_missing_callback_param", f"Missing parameter(s): {', '.join(missing)}", 400, params=missing
        )
    _refuse(_checked(request, arguments))
    _refuse(_cleaned(request, arguments))


def _checked(request: ApiRequest, arguments: Arguments) -> dict[str, Problem]:
    problems: dict[str, Problem] = {}
    for name, argument in arguments.items():
        value = request.get(name) if argument.is_checked else None
        if value is not None:
            found = problem(value, argument.schema, name)
            if found is not None:
                problems[name] = found
    return problems


def _cleaned(request: ApiRequest, arguments: Arguments) -> dict[str, Problem]:
    """Every source is converted, also null and what a stronger source hides."""
    problems: dict[str, Problem] = {}
    for source in request.sources():
        for name in [name for name in source if name in arguments]:
            argument = arguments[name]
            if argument.clean is not None:
                source[name] = argument.clean(source[name])
                continue
            found = problem(source[name], argument.schema, name)
            if found is None:
                source[name] = converted(source[name], argument.schema)
            else:
                problems[name] = found
    return problems


def _refuse(problems: dict[str, Problem]) -> None:
    if problems:
        raise ApiError(
            "rest_invalid_param",
            f"Invalid parameter(s): {', '.join(problems)}",
            400,
            params={name: found.message for name, found in problems.items()},
            details={name: found.as_json() for name, found in problems.items()},
        )
