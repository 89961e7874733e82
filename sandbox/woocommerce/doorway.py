"""What stands before a shop and answers in its place: a login of the web server, a plugin that closes the API, a redirect."""

import base64

import orjson

from sandbox.canned_answers import Answer, html_page

PLAIN = "index.php?rest_route="
"""The rest_prefix of a shop with plain permalinks."""

DOORWAY = {"rest_prefix": "wp-json", "web_login": "", "plugin_refusal": "", "redirect": ""}
"""Switches of a shop: where its API is; USER:PASSWORD of the web server; "STATUS CODE MESSAGE" of a plugin; where to it sends."""

_JSON = (b"content-type", b"application/json; charset=UTF-8")


def turned_away(switches: dict[str, str], authorization: str, *, is_api: bool) -> Answer | None:
    """The answer of who stands before the shop; None lets the request through.

    Plugins and redirects concern the API only.
    """
    login = switches["web_login"]
    if login and authorization != f"Basic {base64.b64encode(login.encode()).decode()}":
        page = html_page(401)
        return Answer(401, [*page.headers, (b"www-authenticate", b'Basic realm="Staging"')], page.body)
    if not is_api:
        return None
    if switches["redirect"]:
        return Answer(302, [(b"location", switches["redirect"].encode())], b"")
    if switches["plugin_refusal"]:
        status, code, message = switches["plugin_refusal"].split(" ", 2)
        meant = 403 if status == "200" else int(status)
        said = {"code": code, "message": message, "data": {"status": meant}}
        return Answer(int(status), [_JSON], orjson.dumps(said))
    return None
