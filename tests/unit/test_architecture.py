"""Arrows point inward: which package may import which, read from the import statements."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("connector", "console", "flows", "tasks", "sandbox", "mappings")
# the rooms of docs/architecture.md, from the bottom up: a room may import itself and those that stand beside it here. The first
# that fits a module is its room
CORE = ("connector.core", "connector.errors")
RUN = (*CORE, "connector.setup", "connector.rules", "connector.clients", "connector.store", "connector.run")
EXTRACT = (*RUN, "connector.quality", "connector.extract", "connector.private_files")
PLANNING = (*EXTRACT, "connector.planning")
LOAD = (*RUN, "connector.extract", "connector.load")
REPORT = (*PLANNING, "connector.load", "connector.report", "connector.table_reading")
DESK = (*REPORT, "connector.desk")
RUNTIME = (*REPORT, "connector.actor", "connector.runtime")
READING = (*EXTRACT, "connector.runtime", "connector.reading")
PIPELINE = (*RUNTIME, "connector.reading", "connector.pipeline")
ROOMS = {
    "connector.core": ("connector.core",),
    "connector.printable": (),
    "connector.errors": ("connector.printable",),
    "connector.actor": (),
    "connector.private_files": ("connector.errors",),
    "connector.text_files": (),
    "connector.secret_files": (),
    "connector.table_reading": ("connector.errors", "connector.text_files"),
    "connector.setup": ("connector.setup", "connector.errors", "connector.secret_files", "connector.text_files"),
    "connector.rules": (*CORE, "connector.table_reading", "connector.setup", "connector.rules"),
    "connector.quality": (*CORE, "connector.quality"),
    "connector.clients": (*CORE, "connector.printable", "connector.setup", "connector.clients"),
    "connector.store": (*CORE, "connector.secret_files", "connector.store"),
    "connector.run": RUN,
    "connector.metrics": (*RUN, "connector.metrics"),
    "connector.extract": EXTRACT,
    "connector.planning": PLANNING,
    "connector.load": LOAD,
    "connector.report": REPORT,
    "connector.desk": DESK,
    "connector.runtime": RUNTIME,
    "connector.reading": READING,
    "connector.pipeline": PIPELINE,
    "connector.webhooks": (*EXTRACT, "connector.metrics", "connector.webhooks"),
    "connector": (),
    "mappings": (),
    "sandbox": ("sandbox",),
    "console": (*PIPELINE, "connector.desk", "connector.webhooks", "console"),
    "tasks": (*PIPELINE, "connector.desk", "tasks"),
    "flows": (
        *PIPELINE,
        "connector.desk",
        "connector.metrics",
        "connector.webhooks",
        "connector.printable",
        "console",
        "tasks",
        "flows",
    ),
}
# the two places that start a sandbox for people
EXTRA = {"flows.demo": ("sandbox",), "flows.cli": ("sandbox",)}
PURE = {"pandas", "pyarrow", "numpy", "orjson", "phonenumbers"}


def modules() -> list[str]:
    files = [path for package in OURS for path in (ROOT / package).rglob("*.py")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in sorted(files)]


@functools.cache
def statements(module: str) -> tuple[tuple[str, list[str]], ...]:
    """What a module imports, wherever and for whatever: also inside a function, also for types alone. A module, and names
    out of it."""
    return tuple(_statements(module))


def _statements(module: str) -> Iterator[tuple[str, list[str]]]:
    path = ROOT / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, []) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, [alias.name for alias in node.names]


def imports(module: str) -> set[str]:
    return {name for name, _ in statements(module)}


def modules_imported(module: str, known: set[str]) -> set[str]:
    """The same, down to the module that a name is one of."""
    found: set[str] = set()
    for name, parts in statements(module):
        found |= {f"{name}.{part}" if f"{name}.{part}" in known else name for part in parts} or {name}
    return found & known


def fits(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_its_room_may(module: str) -> None:
    room = next(name for name in ROOMS if fits(module, name))
    allowed = ROOMS[room] + EXTRA.get(module, ())
    wrong = {n for n in imports(module) if n.split(".")[0] in OURS and not any(fits(n, p) for p in allowed)}
    assert not wrong


@pytest.mark.parametrize("module", [m for m in modules() if fits(m, "connector.core")])
def test_the_core_is_pure(module: str) -> None:
    impure = {
        "requests",
        "prefect",
        "sqlalchemy",
        "os",
        "pathlib",
        "time",
        "socket",
        "subprocess",
        "random",
        "datetime",
    }
    roots = {name.split(".")[0] for name in imports(module)}
    assert not roots & impure


def test_no_room_leads_back_to_itself() -> None:
    """Rooms are declared without a circle: whoever may import another is not imported by it."""
    for room, allowed in ROOMS.items():
        for other in set(allowed) - {room}:
            assert room not in ROOMS[other], f"{room} and {other}"


def test_no_module_leads_back_to_itself() -> None:
    known = set(modules())
    try:
        TopologicalSorter({module: modules_imported(module, known) - {module} for module in known}).prepare()
    except CycleError as error:
        pytest.fail(f"a circle: {' ← '.join(error.args[1])}")


def test_nothing_below_the_flows_imports_prefect() -> None:
    assert not [m for m in modules() if fits(m, "connector") and any(fits(n, "prefect") for n in imports(m))]


@pytest.mark.parametrize("module", modules())
def test_a_module_assumes_nothing_that_one_system_alone_has(module: str) -> None:
    """No modules of POSIX, no fork, no place that Windows has not."""
    assert not imports(module) & {"fcntl", "grp", "pwd", "resource", "termios", "syslog", "winreg", "msvcrt"}
    path = ROOT / Path(*module.split("."))
    text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text(encoding="utf-8")
    assert not re.search(r"os\.(fork|setsid|killpg|mkfifo|chown)\b|[\"'](/tmp|/var|/etc)/", text)
    assert "os.getuid" not in text or 'hasattr(os, "getuid")' in text
