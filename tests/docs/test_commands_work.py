"""What README, guide and the pages about restores and running it tell people to type is typed here, in bash, against a
sandbox that bash has started."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, Block, blocks
from tests.docs.warm import warm_command
from tests.servers.prefect import prefect_server

pytestmark = pytest.mark.live

BASH = shutil.which("bash") or "/bin/bash"
_MARK = "=== block "


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment of a user's terminal: one Prefect server, and `customer-sync` in its PATH."""
    with ExitStack() as stack:
        home = tmp_path_factory.mktemp("prefect")
        url = stack.enter_context(prefect_server(home, services=False))
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "SANDBOX_"))
        }
        for name in ("CUSTOMER_SYNC_SETUP", "COLUMNS"):  # parallel test runs set the width of a terminal
            environment.pop(name, None)
        environment |= {"PREFECT_API_URL": url, "PREFECT_HOME": str(home), "NO_PROXY": "127.0.0.1"}
        environment |= {"PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL", "DO_NOT_TRACK": "1"}
        python = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        short = stack.enter_context(tempfile.TemporaryDirectory())
        warm = stack.enter_context(warm_command(Path(short) / "bin", {**environment, "PATH": python}))
        yield {**environment, "PATH": f"{warm}{os.pathsep}{python}"}


def executed(page: Path) -> list[Block]:
    """The blocks of a page that are executed, or compared with what was printed."""
    return [block for block in blocks(page) if "test" in block.info.split()[1:]]


@contextmanager
def in_background(block: Block, folder: Path, environment: dict[str, str]) -> Iterator[None]:
    """A block that runs in another terminal: it is ready when it has printed a line, and ended as by Ctrl-C."""
    program = Path(sys.executable).parent / "customer-sync"
    command = block.text.replace("customer-sync", f"exec {program}", 1)
    with subprocess.Popen([BASH, "-c", command], cwd=folder, env=environment, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), f"{block.page.name}:{block.line} printed nothing"
            yield
        finally:
            process.terminate()


def typed(chosen: list[Block], folder: Path, environment: dict[str, str]) -> list[str]:
    """Type blocks one after the other into one shell; what each of them printed."""
    parts = [f"echo '{_MARK}{index}'\n{block.text}" for index, block in enumerate(chosen)]
    done = subprocess.run(
        [BASH, "-eu", "-o", "pipefail", "-c", "\n".join(parts)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    printed = re.split(rf"^{_MARK}\d+\n", done.stdout, flags=re.MULTILINE)[1:]
    last = chosen[len(printed) - 1]
    assert done.returncode == 0, f"{last.page.name}:{last.line} ended with {done.returncode}:\n{printed[-1]}"
    return printed


def squeezed(text: str) -> str:
    """Blanks and the dashes of tables do not count."""
    return re.sub(r"[ \t]+", " ", text)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", ["guide.md", "after-a-restore.md", "running.md"])
def test_a_page_leads_its_reader_through_a_sandbox(world: dict[str, str], tmp_path: Path, page: str) -> None:
    chosen = executed(ROOT / "docs" / page)
    background = [block for block in chosen if "background" in block.info]
    scripts = [block for block in chosen if block.info.split()[0] == "sh" and block not in background]
    with ExitStack() as stack:
        for block in background:
            stack.enter_context(in_background(block, tmp_path, world))
        printed = dict(zip([block.line for block in scripts], typed(scripts, tmp_path, world), strict=True))
    for block in chosen:
        if block.info.split()[0] != "text":
            continue
        above = max(line for line in printed if line < block.line)
        missing = [line for line in block.text.splitlines() if squeezed(line).strip() not in squeezed(printed[above])]
        assert not missing, f"{block.page.name}:{block.line} shows what was not printed: {missing}\n{printed[above]}"


def test_the_commands_of_the_readme_work_with_a_setup_in_the_folder(world: dict[str, str], tmp_path: Path) -> None:
    sandbox = Block(Path("README.md"), 0, "sh", "customer-sync sandbox --directory . --webstore-customers 8 --seed 3")
    with in_background(sandbox, tmp_path, world):
        scripts = executed(ROOT / "README.md")
        assert scripts
        credentials = Block(Path("README.md"), 0, "sh", ". ./env.sh; unset CUSTOMER_SYNC_SETUP")
        printed = typed([credentials, *scripts], tmp_path, world)
    assert "writes exactly this" in "".join(printed)
