"""What docs/running.md tells, in the image: `python -m tests.deploy.story [IMAGE]`, as root. A line is what was seen."""

from __future__ import annotations

import socket
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import orjson

from tests.deploy.container import UID, Container, container

_TOKEN = "0123456789abcdef0123456789abcdef"
_LOGIN = "admin:0123456789abcdef"
_HEALTHY = ("python", "/srv/customer-sync/deploy/healthy.py")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def seen(what: str) -> None:
    """Tell what was seen."""
    sys.stdout.write(f"  ok  {what}\n")
    sys.stdout.flush()


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def in_time(true: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait for something that will be true soon."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not in {seconds:.0f} s: {what}"
        time.sleep(0.5)
    seen(what)


def done(box: Container, *arguments: str, code: int = 0, **environment: str) -> str:
    """Run a command that ends as is expected; what it printed."""
    ended = box.run(*arguments, **environment)
    assert ended.returncode == code, f"{arguments} ended with {ended.returncode}:\n{ended.stdout}\n{ended.stderr}"
    return ended.stdout + ended.stderr


def it_is_shut_off(box: Container) -> None:
    """A random uid, no root, nothing to write to but the volume and /tmp."""
    assert str(box.config["User"]) == "10001:0"
    assert done(box, "id", "-u").strip() == str(UID)
    writable = "find / -xdev -writable -not -type l -not -path '/data*' -not -path '/tmp*' 2>/dev/null | head"
    assert done(box, "sh", "-c", f"touch /srv/x 2>/dev/null || {writable}").strip() == ""
    setuid = done(box, "sh", "-c", "find /opt /srv -perm /6000").strip()
    assert setuid == ""
    seen(f"uid {UID}, group 0: nothing can be written but /data and /tmp")
    held = done(box, "sh", "-c", "ls -A /srv/customer-sync /srv/customer-sync/deploy")
    assert not {".git", "tests", "secrets", "setups", ".env"} & set(held.split()), held
    seen("the image holds no tests, setups or secrets")


def the_demo(box: Container) -> None:
    """What `make demo` shows, and the commands of the guide."""
    told = done(box, "customer-sync", "demo")
    assert "A breaker trips" in told or "Stopped before the first write" in told
    seen("customer-sync demo")


def a_setup_with_files(box: Container, folder: Path) -> None:
    """The sandbox's setup, its secrets as files that belong to root and are readable for group 0."""
    environment = dict(
        line.removeprefix("export ").split("=", 1)
        for line in (folder / "env.sh").read_text(encoding="utf-8").splitlines()
        if line.startswith("export ")
    )
    text = (folder / "setup.toml").read_text(encoding="utf-8")
    for name, value in environment.items():
        if f"env:{name}" in text:
            text = text.replace(f"env:{name}", f"file:/run/secrets/{name.lower()}")
            (box.secrets / name.lower()).write_text(value.strip("'\"") + "\n", encoding="utf-8")
    (box.secrets / "metrics_token").write_text(f"{_TOKEN}\n", encoding="utf-8")
    (box.secrets / "prefect_login").write_text(f"{_LOGIN}\n", encoding="utf-8")
    for secret in box.secrets.iterdir():
        secret.chmod(0o440)
    assert "env:" not in text and "file:/run/secrets/" in text
    text += '\n[metrics]\ntoken = "file:/run/secrets/metrics_token"\n[webhooks]\nsecret = "file:/run/secrets/metrics_token"\n'
    (folder / "files.toml").write_text(text, encoding="utf-8")
    seen("the setup names secrets as files of /run/secrets")


def the_commands(box: Container) -> None:
    """Check, readiness, plan, and two runs of which the second writes nothing."""
    done(box, "customer-sync", "check")
    done(box, "customer-sync", "readiness")
    done(box, "customer-sync", "plan")
    seen("check, readiness, plan")
    done(box, "customer-sync", "sync")
    again = orjson.loads(done(box, "customer-sync", "sync", "--json").splitlines()[-1])
    assert not any(again[way][what] for way in ("push", "pull") for what in ("created", "updated", "failed"))
    seen("sync; a second one writes nothing")
    done(box, "customer-sync", "store", "backup", "/data/backup.sqlite")
    done(box, "customer-sync", "metrics", "--textfile", "/data/shop.prom")
    seen("a backup, and the metrics as a file")


def what_listens(box: Container) -> None:
    """Console and receiver answer health checks and Prometheus, and end when they are told to."""
    for what, arguments in {"console": ("console",), "receiver": ("webhooks", "serve")}.items():
        port = free_port()
        with box.running("customer-sync", *arguments, "--port", str(port), "--here") as process:
            assert process.stdout is not None and process.stdout.readline()
            url = f"http://127.0.0.1:{port}"
            done(box, *_HEALTHY, HEALTH_URL=f"{url}/healthz")
            asked = urllib.request.Request(f"{url}/metrics", headers={"Authorization": f"Bearer {_TOKEN}"})  # noqa: S310
            with _DIRECT.open(asked, timeout=30) as answer:
                assert b'customer_sync_runs_total{dry_run="false",mode="all",outcome="completed"' in answer.read()
        assert process.returncode in {0, -15, 143}, process.returncode
        done(box, *_HEALTHY, code=1, HEALTH_URL=f"{url}/healthz")
        seen(f"the {what}: healthy, measured, and ended by SIGTERM")
    done(box, *_HEALTHY)


def on_prefect(box: Container) -> None:
    """A server with a login, the deployments, a worker, and a run that it carries out."""
    server, health = free_port(), free_port()
    box.environment.update(
        PREFECT_API_URL=f"http://127.0.0.1:{server}/api",
        PREFECT_API_AUTH_STRING_FILE="/run/secrets/prefect_login",
        NO_PROXY="127.0.0.1",
    )
    serve = ("prefect", "server", "start", "--port", str(server))
    with ExitStack() as stack:
        stack.enter_context(
            box.running(*serve, PREFECT_SERVER_API_AUTH_STRING_FILE="/run/secrets/prefect_login", PREFECT_HOME="/tmp/p")  # noqa: S108 - inside
        )
        url = f"http://127.0.0.1:{server}/api/health"
        in_time(lambda: box.run(*_HEALTHY, HEALTH_URL=url).returncode == 0, "a Prefect server, healthy")
        with _DIRECT.open(f"http://127.0.0.1:{server}/", timeout=30) as page:
            assert b"<title>Prefect" in page.read(), "the UI is not there"
        refused = box.run("prefect", "flow", "ls", PREFECT_API_AUTH_STRING_FILE="", PREFECT_API_AUTH_STRING="x:y")
        assert refused.returncode, "the server takes any login"
        done(box, "customer-sync", "deploy", "--folder", "/srv/customer-sync", "--setup", "/data/files.toml")
        seen("its UI is there, its API wants a login; the flows are deployed from the image")
        worker = ("prefect", "worker", "start", "--pool", "customer-sync", "--type", "process", "--with-healthcheck")
        stack.enter_context(box.running(*worker, PREFECT_WORKER_WEBSERVER_PORT=str(health)))
        url = f"http://127.0.0.1:{health}/health"
        in_time(lambda: box.run(*_HEALTHY, HEALTH_URL=url).returncode == 0, "a worker, healthy")
        flow = "synchronize-customers/synchronize-customers"
        told = done(box, "prefect", "deployment", "run", flow, "--param", "setup=/data/files.toml", "--watch")
        assert "Completed" in told, told
        runs = done(box, "customer-sync", "runs", "list", "--json")
        assert orjson.loads(runs.splitlines()[0])["status"] == "completed"
        seen("the worker carries out a run of the deployment")


def main() -> None:
    """Tell the story."""
    image = sys.argv[1] if len(sys.argv) > 1 else "localhost/customer-sync"
    with tempfile.TemporaryDirectory(prefix="customer-sync-deploy-") as made, container(image, Path(made)) as box:
        box.environment["NO_PROXY"] = "127.0.0.1"
        it_is_shut_off(box)
        the_demo(box)
        sandbox = ("customer-sync", "sandbox", "--webstore-customers", "40", "--business-central-customers", "40")
        with box.running(*sandbox, "--directory", "/data") as process:
            assert process.stdout is not None and process.stdout.readline()
            a_setup_with_files(box, box.data)
            box.environment["CUSTOMER_SYNC_SETUP"] = "/data/files.toml"
            the_commands(box)
            what_listens(box)
            on_prefect(box)
    sys.stdout.write("Not shown: networks, capabilities, limits and restarts, which only an engine gives.\n")


if __name__ == "__main__":
    main()
