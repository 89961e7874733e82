"""What a shop says of itself at /wp-json/, to everybody; its address is the configured one, whatever name it was asked by."""

from html import escape
from typing import Any

from sandbox.people import SandboxInputError
from sandbox.woocommerce.accounts import encoded
from sandbox.woocommerce.answers import Answer
from sandbox.woocommerce.doorway import DOORWAY
from sandbox.woocommerce.parameters import ApiRequest
from sandbox.woocommerce.store import Store

_SETTINGS = {"name": "The Sandbox Shop", "description": "", "url": "", **DOORWAY}
_NAMESPACES = ("oembed/1.0", "wc/v1", "wc/v2", "wc/v3", "wc-telemetry", "wc/store", "wc/store/v1", "wp/v2")


def settings(store: Store) -> dict[str, str]:
    """Name, description and address of the shop, as its people typed them, and the switches of doorway.py."""
    kept = dict(store.select("SELECT name, value FROM options"))
    return {**_SETTINGS, "url": store.address, **kept}


def change_settings(store: Store, changes: dict[str, Any]) -> dict[str, Any]:
    """A person types other settings; `url` lets the shop say that it is at another address, and moves nothing. Gives
    all settings as they are then.

    Raises SandboxInputError for what is no setting.
    """
    for name, value in changes.items():
        if name not in _SETTINGS or not isinstance(value, str):
            raise SandboxInputError(f"a shop's settings are texts for {', '.join(_SETTINGS)}, not {name}: {value!r}")
    for name, value in changes.items():
        store.set_option(name, value)
    return {**settings(store)}


def index(store: Store, request: ApiRequest) -> Answer:
    """GET /wp-json/: WordPress keeps the name with entities in it."""
    told = settings(store)
    address = told["url"] or request.base_url.removesuffix(f"/{told['rest_prefix']}")
    content = {
        "name": _escaped(told["name"]),
        "description": _escaped(told["description"]),
        "url": address,
        "home": address,
        "gmt_offset": "1",
        "timezone_string": "",
        "page_for_posts": 0,
        "page_on_front": 0,
        "show_on_front": "posts",
        "namespaces": list(_NAMESPACES),
        "authentication": [],
        "routes": {f"/{name}": {"namespace": name, "methods": ["GET"]} for name in _NAMESPACES},
        "site_logo": 0,
        "site_icon": 0,
        "site_icon_url": "",
    }
    return Answer(
        encoded(content), links='"_links":{"help":[{"href":"https:\\/\\/developer.wordpress.org\\/rest-api\\/"}]}'
    )


def _escaped(text: str) -> str:
    return escape(text, quote=True).replace("&#x27;", "&#039;")
