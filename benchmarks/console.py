"""How fast the console answers, page by page, beside a bare page that shows as many rows from SQLite; what pages weigh; memory.

    python -m benchmarks.console [CUSTOMERS] [ROUNDS]

The console is a process of its own on a store with so many customers a side; each page is asked for over a socket, as often as
ROUNDS says, by one browser without scripts. The bare page is a Starlette application that reads as many rows by an index and
renders them with Jinja, in a process of its own, too.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from benchmarks.console_store import SHOP, filled_store
from benchmarks.measuring import Part

MEDIAN_SECONDS, WORST_SECONDS, MOST_BYTES = 0.150, 0.400, 150_000
# a page does what the bare one does not: who asks, counts of filters, states, what a form needs
MOST_TIMES_BARE = 12.0
_REQUESTS = 10_000
_SETUP = """\
webstore_code = "{code}"
[webstore]
url = "https://shop.example"
consumer_key = "env:KEY"
consumer_secret = "env:SECRET"
[business_central]
base_url = "https://company.example/api/v2.0"
company = "Company"
auth = "client-credentials"
token_url = "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token"
client_id = "env:KEY"
client_secret = "env:SECRET"
[store]
url = "sqlite:///{store}"
"""
_BARE = """\
import sqlite3, sys
import uvicorn
from jinja2 import Environment
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse
from starlette.routing import Route
page = Environment(autoescape=True).from_string(
    "<table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>")
def read():
    with sqlite3.connect(sys.argv[1]) as store:
        rows = store.execute("SELECT key, number, name, place, email, username FROM directory WHERE webstore_code = ?"
                             " AND system = 'business_central' ORDER BY number LIMIT 50", ("shop",)).fetchall()
    return page.render(rows=rows)
async def show(request):
    return HTMLResponse(await run_in_threadpool(read))
import socket
bound = socket.socket(); bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); bound.bind(("127.0.0.1", 0)); bound.listen()
print(bound.getsockname()[1], flush=True)
uvicorn.Server(uvicorn.Config(Starlette(routes=[Route("/", show)]), log_level="error")).run(sockets=[bound])
"""


def main() -> int:
    """Measure, print, and give the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("customers", type=int, nargs="?", default=100_000)
    parser.add_argument("rounds", type=int, nargs="?", default=20)
    arguments = parser.parse_args()
    parts = measure(arguments.customers, arguments.rounds)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


def measure(customers: int = 100_000, rounds: int = 20, requests_made: int = _REQUESTS) -> list[Part]:
    """Time and weight of every page, and how much memory the console gained over `requests_made` requests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = filled_store(folder / "store.sqlite", customers)
        setup = folder / "setup.toml"
        setup.write_text(_SETUP.format(code=SHOP, store=store), encoding="utf-8")
        with _process(["-c", _BARE, str(store)]) as bare:
            address = f"http://127.0.0.1:{_line(bare)}/"
            reference = statistics.median(_seconds(requests.Session(), address, rounds)[0])
        command = ["-m", "flows.cli", "console", "--setup", str(setup), "--port", "0", "--json"]
        with _process(command, PREFECT_API_URL="") as console:
            told = json.loads(_line(console))
            browser = requests.Session()
            browser.get(told["open"], timeout=30)
            parts = []
            for what, path in _pages(browser, told["listening"], store):
                seconds, weight = _seconds(browser, told["listening"] + path, rounds)
                median, worst = statistics.median(seconds), max(seconds)
                parts.append(
                    Part(
                        f"console, {what}", median * 1000, reference * 1000, median / reference, MOST_TIMES_BARE, "ms",
                        note=f"worst {worst * 1000:.0f} ms, {weight / 1000:.0f} kB",
                        gates=median > MEDIAN_SECONDS or worst > WORST_SECONDS or weight > MOST_BYTES,
                    )
                )  # fmt: skip
            before = _resident_mb(console.pid)
            for _ in range(requests_made):
                browser.get(f"{told['listening']}/{SHOP}/mapping", timeout=30)
            after = _resident_mb(console.pid)
            parts.append(
                Part(f"console, memory over {requests_made:,} requests", after, before, after / before, 1.1, "MB")
            )
    return parts


def _pages(browser: requests.Session, address: str, store: Path) -> Iterator[tuple[str, str]]:
    """What is asked for: in words, and the path."""
    with sqlite3.connect(store) as opened:
        (linked,) = opened.execute("SELECT bc_id FROM mapping_row WHERE webstore_id = 18").fetchone()
    table = f"/{SHOP}/mapping"
    yield "webstores", "/"
    yield "all customers", table
    yield "all customers, the last page", f"{table}?offset=119950"
    yield "all customers, by name, backwards", f"{table}?sort=name&desc=yes"
    for name in ("linked", "conflict", "only in the webstore", "in step"):
        yield f"filter {name}", f"{table}?filter={name.replace(' ', '+')}"
    for text in ("Nordmann 77", "person4711@", "Müller", "nobody is called like this"):
        yield f"search {text}", f"{table}?s={_searched(browser, address, text)}"
    yield "one customer", f"/{SHOP}/customers/{linked}"
    for name in ("suggestions", "conflicts", "runs", "versions", "setup"):
        yield name, f"/{SHOP}/{name}"


def _searched(browser: requests.Session, address: str, text: str) -> str:
    """The short name of a search, as the form gives it."""
    action = f"/{SHOP}/mapping/search"
    page = browser.get(f"{address}/{SHOP}/mapping", timeout=30).text
    found = re.search(rf'action="{action}".*?name="token" value="([^"]+)"', page, re.DOTALL)
    assert found is not None
    form = {"token": found[1], "search": text}
    answer = browser.post(address + action, form, allow_redirects=False, timeout=30)
    return answer.headers["Location"].rpartition("s=")[2]


def _seconds(browser: requests.Session, address: str, rounds: int) -> tuple[list[float], int]:
    """How long each answer took, after a first one, and how many bytes it has."""
    weight = len(_got(browser, address))
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        _got(browser, address)
        seconds.append(time.perf_counter() - began)
    return seconds, weight


def _got(browser: requests.Session, address: str) -> bytes:
    answer = browser.get(address, timeout=30)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.content


@contextmanager
def _process(arguments: Sequence[str], **environment: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env=os.environ | environment,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.terminate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _resident_mb(pid: int) -> float:
    (line,) = [one for one in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines() if "VmRSS" in one]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    sys.exit(main())
