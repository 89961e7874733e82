"""How fast the console answers, page by page, beside a bare page that shows as many rows from SQLite; what pages weigh; memory.

    python -m benchmarks.console [CUSTOMERS] [ROUNDS] [--requests 10000]

The console is a process of its own on a store with so many customers a side; each page is asked for over a socket, as often as
ROUNDS says, by one browser without scripts. The bare page is a Starlette application that reads as many rows by an index and
renders them with Jinja, in a process of its own, too. Beside the time that somebody waits stands the time for which the console's
process worked: only that is the same on a machine that does something else meanwhile.
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
from dataclasses import dataclass
from pathlib import Path

import requests

from benchmarks.console_store import MOST_WAITING, SHOP, filled_store, put_plan
from benchmarks.measuring import Part

MEDIAN_SECONDS, WORST_SECONDS, MOST_BYTES = 0.150, 0.400, 150_000
# a page does what the bare one does not: who asks, counts of filters, states, what a form needs
MOST_TIMES_BARE = 12.0
_REQUESTS = 3_000  # of a console that takes 1,200 a minute
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
    parser.add_argument("--requests", type=int, default=_REQUESTS, help="so many are made to see whether memory grows")
    arguments = parser.parse_args()
    parts = measure(arguments.customers, arguments.rounds, arguments.requests)
    sys.stdout.write("".join(f"{part.line}\n" for part in parts))
    return 0 if all(part.holds for part in parts) else 1


def measure(customers: int = 100_000, rounds: int = 20, requests_made: int = _REQUESTS) -> list[Part]:
    """Time and weight of every page, and how much memory the console gained over `requests_made` requests."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = filled_store(folder / "store.sqlite", customers)
        plans = [put_plan(store, planned) for planned in sorted({min(10_000, customers), customers})]
        setup = folder / "setup.toml"
        setup.write_text(_SETUP.format(code=SHOP, store=store), encoding="utf-8")
        with _process(["-c", _BARE, str(store)]) as bare:
            address = f"http://127.0.0.1:{_line(bare)}/"
            bare_page = _answers(requests.Session(), address, rounds, bare.pid)
        command = ["-m", "flows.cli", "console", "--setup", str(setup), "--port", "0", "--json"]
        with _process(command, PREFECT_API_URL="") as console:
            told = json.loads(_line(console))
            browser = requests.Session()
            browser.get(told["open"], timeout=30)
            parts = []
            for what, path in _pages(browser, told["listening"], store, plans):
                page = _answers(browser, told["listening"] + path, rounds, console.pid)
                parts += _parts(what, page, bare_page)
            for _ in range(min(200, requests_made)):  # what is kept from page to page is made by the first ones
                _got(browser, f"{told['listening']}/{SHOP}/mapping")
            before = _resident_mb(console.pid)
            for _ in range(requests_made):
                _got(browser, f"{told['listening']}/{SHOP}/mapping")
            after = _resident_mb(console.pid)
            parts.append(
                Part(f"console, memory over {requests_made:,} requests", after, before, after / before, 1.1, "MB")
            )
    return parts


def _parts(what: str, page: _Answers, bare: _Answers) -> list[Part]:
    """What must hold of a page, one by one; beside the bare page for comparison."""
    return [
        _limit(f"console, {what}: median", page.median, MEDIAN_SECONDS * 1000, "ms"),
        _limit(f"console, {what}: worst", page.worst, WORST_SECONDS * 1000, "ms"),
        _limit(f"console, {what}: weight", page.kilobytes, MOST_BYTES / 1000, "kB"),
        Part(f"console, {what}: work, bare page", page.worked, bare.worked, page.worked / max(bare.worked, 0.01),
             MOST_TIMES_BARE, "ms", note=f"first {page.first:.0f} ms", gates=False),
    ]  # fmt: skip


def _limit(what: str, measured: float, most: float, unit: str) -> Part:
    return Part(what, measured, most, measured / most, 1.0, unit)


def _pages(browser: requests.Session, address: str, store: Path, plans: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What is asked for: in words, and the path."""
    with sqlite3.connect(store) as opened:
        (customers,) = opened.execute("SELECT count(*) FROM directory WHERE system = 'webstore'").fetchone()
        (linked,) = opened.execute("SELECT bc_id FROM mapping_row WHERE webstore_id = 18").fetchone()
    table = f"/{SHOP}/mapping"
    yield "webstores", "/"
    yield "all customers", table
    yield "all customers, the last page", f"{table}?offset={customers - 50}"
    yield "all customers, by name, backwards", f"{table}?sort=name&desc=yes"
    for name in ("linked", "conflict", "only in the webstore", "in step"):
        yield f"filter {name}", f"{table}?filter={name.replace(' ', '+')}"
    for text in ("Nordmann 77", "person4711@", "Müller", "nobody is called like this"):
        yield f"search {text}", f"{table}?s={_searched(browser, address, text)}"
    yield "one customer", f"/{SHOP}/customers/{linked}"
    for name in ("suggestions", "conflicts", "runs", "versions", "setup"):
        yield name, f"/{SHOP}/{name}"
    yield "conflicts, the last page", f"/{SHOP}/conflicts?offset={MOST_WAITING}"
    yield "suggestions, the last page", f"/{SHOP}/suggestions?offset={MOST_WAITING}"
    yield "a run", f"/{SHOP}/runs/fill"
    yield "a run, its last writes", f"/{SHOP}/runs/fill?offset=9950"
    yield "activity", f"/{SHOP}/runs/activity"
    for plan in plans:
        named = f"plan of {int(plan, 16):,}"
        yield named, f"/{SHOP}/plans/{plan}"
        yield f"{named}, the last page", f"/{SHOP}/plans/{plan}?offset={int(plan, 16) - 50}"
        yield f"{named}, one field", f"/{SHOP}/plans/{plan}?field=city&kind=all"


def _searched(browser: requests.Session, address: str, text: str) -> str:
    """The short name of a search, as the form gives it."""
    action = f"/{SHOP}/mapping/search"
    page = browser.get(f"{address}/{SHOP}/mapping", timeout=30).text
    found = re.search(rf'action="{action}".*?name="token" value="([^"]+)"', page, re.DOTALL)
    assert found is not None
    form = {"token": found[1], "search": text}
    answer = browser.post(address + action, form, allow_redirects=False, timeout=30)
    return answer.headers["Location"].rpartition("s=")[2]


@dataclass(frozen=True)
class _Answers:
    """How a page answered.

    Attributes:
        first, median, worst: milliseconds that somebody waited for the first answer, and for those after it.
        worked: milliseconds of processor time that the server spent on one of them, on average.
    """

    first: float
    median: float
    worst: float
    worked: float
    kilobytes: float


def _answers(browser: requests.Session, address: str, rounds: int, pid: int) -> _Answers:
    def waited() -> tuple[float, int]:
        began = time.perf_counter()
        weight = len(_got(browser, address))
        return (time.perf_counter() - began) * 1000, weight

    first, weight = waited()
    before = _worked_ms(pid)
    times = [waited()[0] for _ in range(rounds)]
    return _Answers(first, statistics.median(times), max(times), (_worked_ms(pid) - before) / rounds, weight / 1000)


def _worked_ms(pid: int) -> float:
    """Processor time of a process, with what the kernel did for it, as far as its clock tells (10 ms)."""
    parts = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _got(browser: requests.Session, address: str) -> bytes:
    while (answer := browser.get(address, timeout=30)).status_code == 429:
        time.sleep(1)
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
