"""What WooCommerce answers when it refuses: a code for programs, a sentence for people, a status."""

from typing import Any


class ApiError(Exception):
    """A refusal. `data` is what stands in the answer's data besides the status (params, details)."""

    def __init__(self, code: str, message: str, status: int = 400, **data: Any) -> None:
        super().__init__(f"{status} {code}")
        self.code = code
        self.message = message
        self.status = status
        self.data = data

    def as_json(self) -> dict[str, Any]:
        """The body of the answer; inside a batch it stands below the item's `error`."""
        return {"code": self.code, "message": self.message, "data": {"status": self.status, **self.data}}


class FatalError(Exception):
    """Something at which PHP ends the request: an uncaught TypeError. What was written before stays written."""


def invalid_user_id() -> ApiError:
    """No account has this id."""
    return ApiError("wc_user_invalid_id", "Invalid user ID.", 404)


def no_route() -> ApiError:
    """Neither the path nor its method is known."""
    return ApiError("rest_no_route", "No route was found matching the URL and request method.", 404)


CRITICAL_ERROR: dict[str, Any] = {
    "code": "internal_server_error",
    "message": "<p>There has been a critical error on this website.</p><p><a href="
    '"https://wordpress.org/documentation/article/faq-troubleshooting/">Learn more about troubleshooting WordPress.'
    "</a></p>",
    "data": {"status": 500},
    "additional_errors": [],
}
