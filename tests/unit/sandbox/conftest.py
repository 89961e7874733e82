"""A running sandbox, empty at the start of every test, and sessions that are logged in to both of its systems."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import requests
from running_company import Company, running_company

from sandbox.server import Running, start


@dataclass
class Access:
    """One system as a client sees it: a session with credentials, and where the customers are."""

    session: requests.Session
    root: str
    customers: str


@pytest.fixture(scope="module")
def _running() -> Iterator[Running]:
    with start(empty=True) as running:
        yield running


@pytest.fixture
def running(_running: Running) -> Running:
    _running.webstore.clear()
    _running.business_central.clear()
    for faults in (_running.webstore_faults, _running.business_central_faults):
        faults.clear()
    for log in (_running.webstore_log, _running.business_central_log):
        log.clear()
    return _running


@pytest.fixture(scope="module")
def _cronus() -> Iterator[Company]:
    with running_company() as company:
        yield company


@pytest.fixture
def cronus(_cronus: Company) -> Company:
    """Business Central alone, with the default settings and without customers."""
    _cronus.store.clear()
    _cronus.log_in()
    return _cronus


@pytest.fixture
def webstore(running: Running) -> Iterator[Access]:
    with requests.Session() as session:
        session.trust_env = False
        session.auth = (running.consumer_key, running.consumer_secret)
        root = f"{running.webstore_url}/wp-json/wc/v3"
        yield Access(session, root, f"{root}/customers")


@pytest.fixture
def company(running: Running) -> Iterator[Access]:
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Authorization"] = f"Bearer {new_token(session, running)}"
        companies = session.get(f"{running.base_url}/companies").json()["value"]
        running.business_central_log.clear()
        yield Access(session, running.base_url, f"{running.base_url}/companies({companies[0]['id']})/customers")


def new_token(session: requests.Session, running: Running) -> str:
    """A fresh access token of the Business Central emulator."""
    answer = session.post(
        running.token_url,
        data={
            "grant_type": "client_credentials",
            "client_id": running.client_id,
            "client_secret": running.client_secret,
            "scope": "https://api.businesscentral.dynamics.com/.default",
        },
    )
    answer.raise_for_status()
    return str(answer.json()["access_token"])
