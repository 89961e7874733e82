"""Both emulators, started, used and stopped: on 127.0.0.1 only, each with a server thread of its own.

`start` returns when both answer; `Running.stop` returns when both threads have ended and all sockets are closed.
"""

from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sandbox.business_central.app import Settings
from sandbox.business_central.app import create_app as create_business_central
from sandbox.business_central.copying import change_company
from sandbox.business_central.store import Store as BusinessCentralStore
from sandbox.control import create_control
from sandbox.credentials import Credentials, invented_credentials
from sandbox.faults import Faults
from sandbox.kept import Kept
from sandbox.listening import ServerThread, url_of
from sandbox.middleware import CONTROL_PREFIX, SandboxMiddleware
from sandbox.operations import System
from sandbox.population import Customers, Population
from sandbox.replicas import business_central_replica, webstore_replica
from sandbox.request_log import RequestLog
from sandbox.woocommerce import site
from sandbox.woocommerce.app import ApiKeys
from sandbox.woocommerce.app import create_app as create_webstore
from sandbox.woocommerce.people import PeopledStore

COMPANY = "CRONUS International Ltd."
ENVIRONMENT = "sandbox"
_STATE_FILES = ("webstore.sqlite", "business-central.sqlite")


@dataclass
class Running:
    """A started sandbox; a context manager that stops it. The stores may be used from the caller's thread."""

    webstore_url: str
    consumer_key: str
    consumer_secret: str
    read_only_key: str
    read_only_secret: str
    base_url: str
    token_url: str
    client_id: str
    client_secret: str
    username: str
    password: str
    company: str
    webstore: PeopledStore
    business_central: BusinessCentralStore
    webstore_log: RequestLog
    business_central_log: RequestLog
    webstore_faults: Faults
    business_central_faults: Faults
    webstore_control: str
    business_central_control: str
    _threads: list[ServerThread] = field(default_factory=list, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End both servers and close the stores; stopping twice is allowed."""
        for thread in self._threads:
            thread.ask_to_stop()
        for thread in self._threads:
            thread.wait_until_stopped()
        self._threads.clear()
        self.webstore.close()
        self.business_central.close()


def start(
    *,
    webstore_port: int = 0,
    business_central_port: int = 0,
    webstore_customers: Customers = None,
    business_central_customers: Customers = None,
    seed: int = 0,
    latency_ms: float = 0,
    empty: bool = False,
    directory: Path | None = None,
    business_central_settings: dict[str, Any] | None = None,
) -> Running:
    """Start both emulators.

    Port 0 takes a free one. Customers: a number generates so many by the seed, a path is a file of JSON lines, None
    gives the recorded webstore and a company that overlaps with it; `empty` gives none on either side. With a
    `directory` the state lives in files there, and a later start with the same choice, or none,
    goes on with it at the same ports; otherwise it lives in memory.
    `business_central_settings` overrides fields of business_central.app.Settings (limits, unverified behaviour).
    Raises SandboxInputError for a port in use, a file that cannot be read, and other customers than those that a
    directory has.
    """
    population = Population(webstore_customers, business_central_customers, seed, empty)
    credentials = invented_credentials(seed)
    files = [":memory:" if directory is None else str(directory / name) for name in _STATE_FILES]
    is_continued = directory is not None and any(Path(file).exists() for file in files)
    chosen = {
        "empty": empty,
        "webstore": _named(webstore_customers),
        "business_central": _named(business_central_customers),
    }
    kept = Kept.of(directory)
    if is_continued:
        kept.check_same(chosen)
    with ExitStack() as undo:
        webstore_socket = undo.enter_context(kept.bound("webstore_port", webstore_port))
        company_socket = undo.enter_context(kept.bound("business_central_port", business_central_port))
        webstore = PeopledStore(files[0], seed=seed)
        undo.callback(webstore.close)
        company = BusinessCentralStore(files[1], seed=seed, company=COMPANY)
        undo.callback(company.close)
        if not is_continued:
            population.fill(webstore, company)
        kept.keep(
            chosen,
            webstore_port=webstore_socket.getsockname()[1],
            business_central_port=company_socket.getsockname()[1],
        )
        running = _described(credentials, url_of(webstore_socket), url_of(company_socket), webstore, company)
        keys, settings = _accepted(credentials, business_central_settings or {})
        webstore_gate, company_gate = _gates(running, keys, settings, population, latency_ms)
        running._threads = [
            ServerThread("webstore", webstore_gate, webstore_socket),
            ServerThread("business-central", company_gate, company_socket),
        ]
        undo.callback(running.stop)
        for thread in running._threads:
            thread.start()
        for thread in running._threads:
            thread.wait_until_ready()
        undo.pop_all()
    return running


def _named(customers: Customers) -> str:
    """A choice of customers as it is compared with that of an earlier start; "" = none was made."""
    if isinstance(customers, Path):
        try:
            return str(customers.resolve())
        except ValueError:  # no file has such a name, as whoever reads it will say
            return str(customers)
    return "" if customers is None else str(customers)


def _described(
    credentials: Credentials,
    webstore_url: str,
    company_url: str,
    webstore: PeopledStore,
    business_central: BusinessCentralStore,
) -> Running:
    return Running(
        webstore_url=webstore_url,
        consumer_key=credentials.consumer_key,
        consumer_secret=credentials.consumer_secret,
        read_only_key=credentials.read_only_key,
        read_only_secret=credentials.read_only_secret,
        base_url=f"{company_url}/v2.0/{credentials.tenant}/{ENVIRONMENT}/api/v2.0",
        token_url=f"{company_url}/{credentials.tenant}/oauth2/v2.0/token",
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        username=credentials.username,
        password=credentials.password,
        company=COMPANY,
        webstore=webstore,
        business_central=business_central,
        webstore_log=RequestLog(),
        business_central_log=RequestLog(),
        webstore_faults=Faults(System.WEBSTORE),
        business_central_faults=Faults(System.BUSINESS_CENTRAL),
        webstore_control=f"{webstore_url}{CONTROL_PREFIX}",
        business_central_control=f"{company_url}{CONTROL_PREFIX}",
    )


def _accepted(credentials: Credentials, overrides: dict[str, Any]) -> tuple[ApiKeys, Settings]:
    """What each application accepts as its clients' credentials."""
    keys = ApiKeys(
        consumer_key=credentials.consumer_key,
        consumer_secret=credentials.consumer_secret,
        read_only_key=credentials.read_only_key,
        read_only_secret=credentials.read_only_secret,
    )
    settings = Settings(
        client_id=credentials.client_id,
        client_secret=credentials.client_secret,
        username=credentials.username,
        password=credentials.password,
        tenant=credentials.tenant,
        environment=ENVIRONMENT,
    )
    return keys, replace(settings, **overrides)


def _gates(
    running: Running, keys: ApiKeys, settings: Settings, population: Population, latency_ms: float
) -> tuple[SandboxMiddleware, SandboxMiddleware]:
    """Both applications with everything that stands around them."""

    def refill_webstore(empty: bool) -> int:
        return population.refill_webstore(running.webstore, empty=empty)

    def refill_business_central(empty: bool) -> int:
        return population.refill_business_central(running.business_central, empty=empty)

    running.webstore.address = running.webstore_url
    running.webstore_faults.replica = partial(webstore_replica, running.webstore, keys)
    running.business_central_faults.replica = partial(business_central_replica, running.business_central, settings)
    webstore = SandboxMiddleware(
        app=create_webstore(running.webstore, keys),
        control=create_control(
            system=System.WEBSTORE,
            store=running.webstore,
            log=running.webstore_log,
            faults=running.webstore_faults,
            reset=refill_webstore,
            deliver=running.webstore.deliveries.deliver,
            advance=running.webstore.advance_clock,
            settings=partial(site.change_settings, running.webstore),
        ),
        system=System.WEBSTORE,
        store=running.webstore,
        log=running.webstore_log,
        faults=running.webstore_faults,
        latency_ms=latency_ms,
        now=lambda: running.webstore.now().timestamp(),
    )
    company_app = create_business_central(running.business_central, settings)
    business_central = SandboxMiddleware(
        app=company_app,
        control=create_control(
            system=System.BUSINESS_CENTRAL,
            store=running.business_central,
            log=running.business_central_log,
            faults=running.business_central_faults,
            reset=refill_business_central,
            deliver=company_app.state.courier.deliver,
            advance=running.business_central.clock.advance,
            settings=partial(change_company, running.business_central),
        ),
        system=System.BUSINESS_CENTRAL,
        store=running.business_central,
        log=running.business_central_log,
        faults=running.business_central_faults,
        latency_ms=latency_ms,
        now=running.business_central.clock.now,
        expire_tokens=running.business_central.expire_tokens,
        rename_company=running.business_central.rename_company,
        exhaust_series=running.business_central.numbers.exhaust,
    )
    return webstore, business_central
