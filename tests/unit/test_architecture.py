"""Arrows point inward: which package may import which, read from the import statements."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("connector", "flows", "tasks", "sandbox", "mappings")
# package → prefixes of ours that it may import; the first prefix that fits a module decides
ALLOWED = {
    "connector.core": ("connector.core",),
    "connector.errors": ("connector.printable",),
    "connector.printable": (),
    "connector.private_files": ("connector.errors",),
    "connector.setup": ("connector.setup", "connector.errors"),
    "connector.rules": ("connector.rules", "connector.core", "connector.errors"),
    "connector.quality": ("connector.quality", "connector.core", "connector.errors"),
    "connector.report": ("connector.report",),
    "connector.clients": (
        "connector.clients",
        "connector.errors",
        "connector.printable",
        "connector.setup",
        "connector.core",
    ),
    "connector.store": ("connector.store", "connector.errors", "connector.core"),
    "connector.load": (
        "connector.load",
        "connector.core",
        "connector.rules",
        "connector.quality",
        "connector.report",
        "connector.clients",
        "connector.store",
        "connector.setup",
        "connector.errors",
        "connector.private_files",
    ),
    "connector.webhooks": ("connector",),
    "sandbox": ("sandbox",),
    "tasks": ("tasks", "connector"),
    "flows": ("flows", "tasks", "connector"),
}
# the two places that start a sandbox for people
EXTRA = {"flows.demo": ("sandbox",), "flows.cli": ("sandbox",)}
PURE = {"pandas", "pyarrow", "numpy", "orjson", "phonenumbers"}


def modules() -> list[str]:
    files = [path for package in OURS for path in (ROOT / package).rglob("*.py")]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in sorted(files)]


def imports(module: str) -> set[str]:
    path = ROOT / Path(*module.split("."))
    file = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def fits(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(prefix + ".")


@pytest.mark.parametrize("module", modules())
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    layer = next((name for name in ALLOWED if fits(module, name)), None)
    if layer is None:
        return
    allowed = ALLOWED[layer] + EXTRA.get(module, ())
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


def test_nothing_below_the_flows_imports_prefect() -> None:
    assert not [m for m in modules() if fits(m, "connector") and any(fits(n, "prefect") for n in imports(m))]
