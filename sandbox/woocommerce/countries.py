"""The shop's table of countries and states (GET /data/countries), as version 10.5.0 knows them."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from sandbox.woocommerce import php
from sandbox.woocommerce.accounts import encoded
from sandbox.woocommerce.answers import NAMESPACE, Answer
from sandbox.woocommerce.authentication import Access
from sandbox.woocommerce.customers import refuse_nobody
from sandbox.woocommerce.errors import ApiError
from sandbox.woocommerce.parameters import ApiRequest

_DATA = Path(__file__).parents[1] / "data"


@cache
def recorded(name: str) -> Any:
    """A recorded answer of the shop from the folder of data."""
    return orjson.loads(gzip.decompress((_DATA / f"{name}.json.gz").read_bytes()))


def list_countries(request: ApiRequest, access: Access) -> Answer:
    """GET /data/countries: every country with its states, by name."""
    refuse_nobody(access, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
    shown = [{**country, "_links": _links(request, country)} for country in recorded("webstore_countries")]
    return Answer(encoded(shown))


def get_country(request: ApiRequest, access: Access) -> Answer:
    """GET /data/countries/<code>; case does not count."""
    refuse_nobody(access, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
    wanted = php.to_text(request.get("location")).upper()
    for country in recorded("webstore_countries"):
        if country["code"] == wanted:
            return Answer(encoded(country), links=f'"_links":{encoded(_links(request, country))}')
    text = "There are no locations matching these parameters."
    raise ApiError("woocommerce_rest_data_invalid_location", text, 404)


def _links(request: ApiRequest, country: dict[str, Any]) -> dict[str, Any]:
    base = f"{request.base_url}/{NAMESPACE}/data/countries"
    return {"self": [{"href": f"{base}/{country['code']}"}], "collection": [{"href": base}]}
