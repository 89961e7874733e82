"""The routes of customers: list, one record, creation, change, deletion.

Each route first asks whether it is allowed, which for one record begins with whether the record exists: an unknown id
is a 404 also for those who may see nothing.
"""

from typing import Any

from sandbox.woocommerce import php, saving
from sandbox.woocommerce.accounts import Account
from sandbox.woocommerce.answers import NAMESPACE, Answer, links_text, paging_headers
from sandbox.woocommerce.authentication import Access
from sandbox.woocommerce.changes import checked_address, read_changes
from sandbox.woocommerce.email_addresses import sanitized
from sandbox.woocommerce.errors import ApiError, FatalError, invalid_user_id
from sandbox.woocommerce.listing import select_customers
from sandbox.woocommerce.parameters import ApiRequest
from sandbox.woocommerce.store import Store

_EDITABLE_ROLES = ("customer", "subscriber")


class Customers:
    """The controller of one shop's customers. Methods take a checked request; single items of a batch are none."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def list(self, request: ApiRequest, access: Access) -> Answer:
        """GET /customers."""
        refuse_nobody(access, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources.")
        chosen = select_customers(self._store, request)
        rows = [] if request.method == "HEAD" else self._store.record_texts(chosen.ids)
        # The links differ by nothing but the id, and pages are what benchmarks read.
        before, after = links_text(request.base_url, "customers", "\0").split("\0")
        text = ",".join(f"{record[:-1]},{before}{identifier}{after}}}" for identifier, record in rows)
        headers = paging_headers(
            f"{request.base_url}/{NAMESPACE}/customers",
            request.query,
            total=chosen.total,
            pages=chosen.pages,
            page=chosen.page,
        )
        return Answer(f"[{text}]", headers=headers)

    def get(self, request: ApiRequest, access: Access) -> Answer:
        """GET /customers/<id>."""
        account = self._existing(request.get("id"))
        refuse_nobody(access, "woocommerce_rest_cannot_view", "Sorry, you cannot view this resource.")
        return self.shown(account, request)

    def create(self, request: ApiRequest, access: Access) -> Answer:
        """POST /customers."""
        refuse_nobody(access, "woocommerce_rest_cannot_create", "Sorry, you are not allowed to create resources.")
        request.refuse_scalar_body()
        answer = self.shown(self.create_item(request), request)
        answer.status = 201
        answer.headers["Location"] = f"{request.base_url}/{NAMESPACE}/customers/{answer_id(answer)}"
        return answer

    def create_item(self, request: ApiRequest) -> Account:
        """One creation, single or of a batch."""
        if not php.is_empty(request.get("id")):
            raise ApiError("woocommerce_rest_customer_exists", "Cannot create existing resource.")
        email = checked_address(request.get("email"), "customer_invalid_email", "Invalid email address")
        changes = read_changes(request.get)
        with self._store.transaction():
            return saving.create(self._store, email, request.get("username"), request.get("password"), changes)

    def update(self, request: ApiRequest, access: Access) -> Answer:
        """PUT, PATCH and POST /customers/<id>."""
        account = self._existing(request.get("id"))
        refuse_nobody(access, "woocommerce_rest_cannot_edit", "Sorry, you are not allowed to edit this resource.")
        answer = self.shown(self.update_item(account, request), request)
        request.refuse_scalar_body()
        return answer

    def update_item(self, account: Account, request: ApiRequest) -> Account:
        """One change, single or of a batch."""
        _refuse_foreign_roles(account, request)
        email, username = request.get("email"), request.get("username")
        shown_email = account.record["email"]
        # The address's own account counts as another one unless the text is exactly the same.
        if not php.is_empty(email) and email != shown_email and self._store.id_of_email(_scalar(email)) is not None:
            raise ApiError("woocommerce_rest_customer_invalid_email", "Email address is invalid.")
        if not php.is_empty(username) and username != account.login:
            raise ApiError("woocommerce_rest_customer_invalid_argument", "Username isn't editable.")
        changes = read_changes(request.get)
        changes.email = None if email is None else sanitized(email)
        changes.password = request.get("password")
        with self._store.transaction():
            saving.update(self._store, account, changes)
        return account

    def delete(self, request: ApiRequest, access: Access) -> Answer:
        """DELETE /customers/<id>; answers the record as it was."""
        account = self._existing(request.get("id"))
        refuse_nobody(access, "woocommerce_rest_cannot_delete", "Sorry, you are not allowed to delete this resource.")
        _refuse_undeletable_roles(account)
        if not request.get("force"):
            raise ApiError("woocommerce_rest_trash_not_supported", "Customers do not support trashing.", 501)
        self._remove(account, request)
        return self.shown(account, request)

    def delete_item(self, request: ApiRequest) -> Account:
        """One deletion of a batch."""
        account = self._existing(request.get("id"))
        _refuse_undeletable_roles(account)
        self._remove(account, request)
        return account

    def find_item(self, identifier: Any) -> Account:
        """The account that an item of a batch names. Raises ApiError (404)."""
        return self._existing(identifier)

    def shown(self, account: Account, request: ApiRequest) -> Answer:
        """One record, as it was read or saved last, as an answer."""
        return Answer(account.saved_text, links=links_text(request.base_url, "customers", account.id))

    def _remove(self, account: Account, request: ApiRequest) -> None:
        heir = php.absint(request.get("reassign"))
        if heir and (heir == account.id or self._store.account(heir) is None):
            raise ApiError("woocommerce_rest_customer_invalid_reassign", "Invalid resource id for reassignment.")
        with self._store.transaction():
            if "customer" in account.roles:
                self._store.note("deleted", account.id)
            self._store.remove(account)

    def _existing(self, identifier: Any) -> Account:
        number = php.to_int(identifier) if php.is_numeric(identifier) else 0
        account = self._store.account(number) if number > 0 else None
        if account is None:
            raise invalid_user_id()
        return account


def answer_id(answer: Answer) -> int:
    """The id with which the text of a record begins."""
    return php.to_int(answer.text.removeprefix('{"id":'))


def refuse_nobody(access: Access, code: str, message: str) -> None:
    """Raises ApiError (401) for a request without valid credentials."""
    if not access.is_known:
        raise ApiError(code, message, 401)


def _scalar(value: Any) -> str:
    if php.is_array(value):
        raise FatalError("trim() of an array")
    return php.to_text(value)


def _refuse_foreign_roles(account: Account, request: ApiRequest) -> None:
    """Names and addresses of staff may be changed, what would give their accounts away may not."""
    if account.role in _EDITABLE_ROLES:
        return
    for name, current in (("email", account.record["email"]), ("password", None)):
        value = request.get(name)
        if value is not None and (name == "password" or value != current):
            text = f"Sorry, {name} cannot be updated via this endpoint for a user with role {account.role}."
            raise ApiError("woocommerce_rest_cannot_edit", text, 403)


def _refuse_undeletable_roles(account: Account) -> None:
    if account.role not in _EDITABLE_ROLES:
        text = f"Sorry, users with {account.role} role cannot be deleted via this endpoint. Allowed roles: customer, subscriber"
        raise ApiError("woocommerce_rest_cannot_delete", text, 403)
