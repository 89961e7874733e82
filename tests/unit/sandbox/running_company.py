"""Business Central alone on a port, with chosen settings, and a session that is logged in to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests

from sandbox.business_central.app import Settings, create_app
from sandbox.business_central.notifications import Courier
from sandbox.business_central.store import Store
from sandbox.listening import ServerThread, bound_socket, url_of

SETTINGS = Settings(
    client_id="11111111-2222-3333-4444-555555555555",
    client_secret="sandbox~secret",
    username="SANDBOX",
    password="Sandbox.1",
    tenant="3f0c1c52-6a1e-4a0b-9d25-7a4d6b0f11e2",
    environment="sandbox",
)
TOKEN_FORM = {
    "grant_type": "client_credentials",
    "client_id": SETTINGS.client_id,
    "client_secret": SETTINGS.client_secret,
    "scope": "https://api.businesscentral.dynamics.com/.default",
}
ZEROS = "00000000-0000-0000-0000-000000000000"


@dataclass
class Company:
    """The running company: `customers` is the address of its customers, `root` of the server, `base` of the API."""

    store: Store
    courier: Courier
    session: requests.Session
    root: str
    base: str
    customers: str

    @property
    def relative(self) -> str:
        """The address of the customers as operations of a batch name it."""
        return self.customers.removeprefix(f"{self.base}/")

    def log_in(self) -> None:
        """Let the session have a new token."""
        form = self.session.post(f"{self.root}/{SETTINGS.tenant}/oauth2/v2.0/token", data=TOKEN_FORM)
        self.session.headers["Authorization"] = f"Bearer {form.json()['access_token']}"

    def create(self, **properties: Any) -> dict[str, Any]:
        """A new customer, as the API answers."""
        answer = self.session.post(self.customers, json={"displayName": "Kari Lie", **properties})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def patch(self, customer: dict[str, Any], **properties: Any) -> requests.Response:
        """The answer to a change of the customer, sent with its ETag."""
        headers = {"If-Match": customer["@odata.etag"]}
        return self.session.patch(f"{self.customers}({customer['id']})", json=properties, headers=headers)

    def find(self, filter_text: str, **options: str) -> list[str]:
        """Numbers of the customers that a filter finds."""
        answer = self.session.get(self.customers, params={"$filter": filter_text, **options})
        assert answer.status_code == 200, answer.text
        return [row["number"] for row in answer.json()["value"]]

    def refused(self, filter_text: str) -> tuple[int, str, str]:
        """How a filter is refused."""
        return refusal(self.session.get(self.customers, params={"$filter": filter_text}))

    def batch(self, *operations: dict[str, Any], **headers: str) -> requests.Response:
        """The answer to a batch; operations get ids and the content type where they lack them."""
        complete = [
            {
                "id": str(position),
                **operation,
                "headers": {"Content-Type": "application/json", **operation.get("headers", {})},
            }
            for position, operation in enumerate(operations)
        ]
        return self.session.post(f"{self.base}/$batch", json={"requests": complete}, headers=headers)

    def reference(self, entity_set: str, code: str) -> dict[str, Any]:
        """A row of one of the company's tables."""
        address = self.customers.replace("/customers", f"/{entity_set}")
        (row,) = self.session.get(address, params={"$filter": f"code eq '{code}'"}).json()["value"]
        return row


def refusal(answer: requests.Response) -> tuple[int, str, str]:
    """Status, code and text of an error, without the correlation id that must end it."""
    error = answer.json()["error"]
    text, mark, _ = error["message"].partition("  CorrelationId:  ")
    assert mark
    assert error["message"].endswith(".")
    return answer.status_code, error["code"], text


@contextmanager
def running_company(path: str = ":memory:", seed: int = 0, **settings: Any) -> Iterator[Company]:
    """A company of its own; `settings` override those above."""
    store = Store(path, seed=seed, company="CRONUS International Ltd.")
    app = create_app(store, replace(SETTINGS, **settings))
    bound = bound_socket(0)
    root = url_of(bound)
    thread = ServerThread("company", app, bound)
    thread.start()
    thread.wait_until_ready()
    try:
        with requests.Session() as session:
            session.trust_env = False
            base = f"{root}/v2.0/{SETTINGS.tenant}/sandbox/api/v2.0"
            customers = f"{base}/companies({store.company_id})/customers"
            company = Company(store, app.state.courier, session, root, base, customers)
            company.log_in()
            yield company
    finally:
        thread.ask_to_stop()
        thread.wait_until_stopped()
        store.close()
