"""The sandbox as a program: starts both emulators, says where they are, and serves until it is told to end.

When both answer, it prints exactly one line of JSON on standard output: addresses, credentials, the setup file that it
has written for the connector, the environment variables that this file refers to, and the control addresses. The variables
also stand in `env.sh` beside the setup file, to be read by a shell.
"""

import argparse
import json
import os
import re
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from sandbox.business_central.custom_page import CustomPage
from sandbox.people import SandboxInputError
from sandbox.server import Running, start

__all__ = ["SandboxInputError", "main", "run_sandbox"]


def run_sandbox(
    *,
    webstore_port: int,
    business_central_port: int,
    webstore_customers: str | None,
    business_central_customers: str | None,
    seed: int,
    latency_ms: float,
    empty: bool,
    directory: Path | None,
    webstore_code: str = "sandbox",
    custom_page: bool = False,
) -> None:
    """Serve in the foreground until SIGINT or SIGTERM.

    Customers: None for the recorded ones, a number for so many generated ones, anything else is a file of JSON lines.
    With a `directory` the setup file and the emulators' state are kept there, and a later start goes on with them;
    without one the setup file goes to a fresh temporary directory and the state dies with the process.
    With a `custom_page` the company has a partner's API page with the fields of an extension and ship-to addresses, and
    the setup names it. Raises SandboxInputError when it cannot start with what it was given.
    """
    if empty and (webstore_customers is not None or business_central_customers is not None):
        raise SandboxInputError("an empty sandbox has no customers: give either --empty or customers")
    if latency_ms < 0:
        raise SandboxInputError(f"a latency cannot be below zero: {latency_ms:g}")
    kept = None if directory is None else _prepared(directory)
    with (
        _asked_to_end() as end,
        start(
            webstore_port=webstore_port,
            business_central_port=business_central_port,
            webstore_customers=_source(webstore_customers),
            business_central_customers=_source(business_central_customers),
            seed=seed,
            latency_ms=latency_ms,
            empty=empty,
            directory=kept,
            business_central_settings={"custom_page": CustomPage()} if custom_page else None,
        ) as running,
    ):
        place = kept or Path(tempfile.mkdtemp(prefix="customer-sync-sandbox-"))
        setup_file = place / "setup.toml"
        _write_private(setup_file, setup_text(running, webstore_code=webstore_code, directory=place))
        told = announcement(running, setup_file)
        _write_private(place / "env.sh", environment_text(told))
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()
        end.wait()


def announcement(running: Running, setup_file: Path) -> dict[str, Any]:
    """What the program prints when both emulators answer. The credentials are invented and valid only here."""
    return {
        "webstore": {
            "url": running.webstore_url,
            "consumer_key": running.consumer_key,
            "consumer_secret": running.consumer_secret,
            "read_only_key": running.read_only_key,
            "read_only_secret": running.read_only_secret,
        },
        "business_central": {
            "base_url": running.base_url,
            "token_url": running.token_url,
            "client_id": running.client_id,
            "client_secret": running.client_secret,
            "company": running.company,
        },
        "setup_file": str(setup_file),
        "env": {
            "SANDBOX_CONSUMER_KEY": running.consumer_key,
            "SANDBOX_CONSUMER_SECRET": running.consumer_secret,
            "SANDBOX_CLIENT_ID": running.client_id,
            "SANDBOX_CLIENT_SECRET": running.client_secret,
        },
        "control": {"webstore": running.webstore_control, "business_central": running.business_central_control},
    }


def environment_text(told: dict[str, Any]) -> str:
    """What a shell reads with `. env.sh`: the credentials, which setup is meant, and where the systems are controlled."""
    variables = {
        **told["env"],
        "CUSTOMER_SYNC_SETUP": told["setup_file"],
        "SANDBOX_WEBSTORE": told["control"]["webstore"],
        "SANDBOX_BUSINESS_CENTRAL": told["control"]["business_central"],
    }
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def setup_text(running: Running, *, webstore_code: str, directory: Path) -> str:
    """The connector's setup (TOML) for this sandbox; credentials stay in the environment, also these invented ones."""
    store_url = f"sqlite:///{directory / 'store.sqlite'}"
    return f"""\
# The setup of a sandbox: both systems are emulated on this machine. The credentials are in the environment
# variables that the sandbox printed when it started.
webstore_code = {_toml(webstore_code)}

[webstore]
url = {_toml(running.webstore_url)}
consumer_key = "env:SANDBOX_CONSUMER_KEY"
consumer_secret = "env:SANDBOX_CONSUMER_SECRET"
verify_tls = true
api_key_as_query_param = false
customer_role_filter = "customer"

[business_central]
base_url = {_toml(running.base_url)}
company = {_toml(running.company)}
auth = "client-credentials"
token_url = {_toml(running.token_url)}
client_id = "env:SANDBOX_CLIENT_ID"
client_secret = "env:SANDBOX_CLIENT_SECRET"
scope = "https://api.businesscentral.dynamics.com/.default"
{_custom_page(running)}
[synchronization]
push_webstore_customers = "Mapped Only"
pull_webstore_customers = "All"
enabled = true
minutes_between_runs = 15
max_attempts = 3

[synchronization.policies]
conflict = "ask"
first_link = "business-central"
blank = "keep"

[store]
url = {_toml(store_url)}
"""


def _custom_page(running: Running) -> str:
    page = running.business_central.custom_page
    if page is None:
        return ""
    ship_to = 'ship_to_entity = "shipToAddresses"\nship_to_code = "WEBSHOP"\n' if page.has_ship_to else ""
    return f"customers_api = {_toml(page.api)}\ncustomers_entity = {_toml(page.entity)}\n{ship_to}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The program `python -m sandbox.command`; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.command", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--webstore-port", type=int, default=0, metavar="PORT", help="0 (default): a free one")
    parser.add_argument("--business-central-port", type=int, default=0, metavar="PORT", help="0 (default): a free one")
    parser.add_argument("--webstore-customers", metavar="N|FILE", help="so many generated ones, or JSON lines (.gz)")
    parser.add_argument("--business-central-customers", metavar="N|FILE", help="likewise")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--latency-ms", type=float, default=0, help="added to every answer")
    parser.add_argument("--empty", action="store_true", help="no customers on either side")
    parser.add_argument("--custom-page", action="store_true", help="the company has a partner's API page")
    parser.add_argument("--directory", type=Path, help="keep setup file and state here")
    try:
        run_sandbox(**vars(parser.parse_args(arguments)))
    except SandboxInputError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


def _source(text: str | None) -> int | Path | None:
    if text is None:
        return None
    # longer numbers are more than any machine holds, and int() refuses those of thousands of digits
    return int(text[:20]) if re.fullmatch(r"-?\d+", text) else Path(text)


def _prepared(directory: Path) -> Path:
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SandboxInputError(f"{directory} cannot be used: {error.strerror}") from error
    return directory.resolve()


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


def _toml(text: str) -> str:
    # JSON's escapes are a subset of those of a TOML basic string.
    return json.dumps(text, ensure_ascii=False)


@contextmanager
def _asked_to_end() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set, instead of ending the process at once."""
    end = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        end.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
