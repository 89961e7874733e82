"""A running sandbox, empty at the start of every test, and clients that are logged in to both of its systems."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from connector.clients import BusinessCentralClient, WooCommerceClient
from sandbox.server import Running, start
from tests.contract.client_systems import company_client, company_connection, webstore_client, webstore_connection


@pytest.fixture(scope="module")
def _systems() -> Iterator[Running]:
    with start(empty=True) as running:
        yield running


@pytest.fixture
def systems(_systems: Running) -> Running:
    _systems.webstore.clear()
    _systems.business_central.clear()
    clock = _systems.business_central.clock
    clock.advance(time.time() - clock.now())
    for faults in (_systems.webstore_faults, _systems.business_central_faults):
        faults.clear()
    for log in (_systems.webstore_log, _systems.business_central_log):
        log.clear()
    return _systems


@pytest.fixture
def webstore(systems: Running) -> Iterator[WooCommerceClient]:
    with webstore_client(webstore_connection(systems)) as client:
        yield client


@pytest.fixture
def company(systems: Running) -> Iterator[BusinessCentralClient]:
    with company_client(company_connection(systems)) as client:
        yield client
