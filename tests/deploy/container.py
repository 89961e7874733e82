"""Commands in the image as a container runs them: a random uid of group 0, a root that nobody can write to, one folder for data,
secrets under /run/secrets.

No daemon is needed, but root: buildah unpacks the image, and a mount namespace makes it read-only. What a daemon adds (networks,
limits, capabilities, health checks by its clock) is not here.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson

__all__ = ["Container", "container"]

UID = 54_321
_SETTING_UP = """
mount --bind {root} {root}
mount -o remount,ro,bind {root}
mount -t tmpfs -o mode=1777 tmpfs {root}/tmp
mount --bind {data} {root}/data
mount -t tmpfs -o mode=0755 tmpfs {root}/run
mkdir {root}/run/secrets
mount --bind {secrets} {root}/run/secrets
mount -o remount,ro,bind {root}/run/secrets
mount --rbind /dev {root}/dev
mount -t proc proc {root}/proc
exec chroot --userspec={uid}:0 {root} /usr/bin/env -i -C {folder} {environment} {command}
"""


@dataclass(frozen=True)
class Container:
    """An unpacked image, and the folders that are mounted into it."""

    root: Path
    data: Path
    secrets: Path
    config: Mapping[str, object]
    environment: dict[str, str] = field(default_factory=dict)

    def _command(self, arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        given = [f"{name}={value}" for name, value in {**self.environment, **environment}.items()]
        entry = [str(part) for part in self.config["Entrypoint"]]  # type: ignore[attr-defined]
        script = _SETTING_UP.strip().format(
            root=self.root, data=self.data, secrets=self.secrets, uid=UID, folder=self.config["WorkingDir"],
            environment=shlex.join([*self.config["Env"], *given]), command=shlex.join([*entry, *arguments]),  # type: ignore[misc]
        )  # fmt: skip
        return ["unshare", "--mount", "sh", "-euc", script]

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; whatever its exit code."""
        return subprocess.run(
            self._command(arguments, environment), capture_output=True, text=True, check=False, timeout=600
        )

    @contextmanager
    def running(self, *arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """A command that runs until the end of the block, and is told to end then."""
        log = self.data.parent / f"{'-'.join(arguments[:3]).replace('/', '_')}.log"
        with log.open("w", encoding="utf-8") as written:
            process = subprocess.Popen(
                self._command(arguments, environment), stdout=subprocess.PIPE, stderr=written, text=True
            )
            try:
                yield process
            finally:
                process.terminate()
                process.communicate(timeout=60)


@contextmanager
def container(image: str, folder: Path) -> Iterator[Container]:
    """The image unpacked; gone afterwards."""
    name = _said("buildah", "from", "--pull-never", image)
    try:
        told = orjson.loads(_said("buildah", "inspect", "--type", "container", name))
        data, secrets = folder / "data", folder / "secrets"
        data.mkdir()
        secrets.mkdir()
        os.chown(data, UID, 0)
        data.chmod(0o770)
        yield Container(Path(_said("buildah", "mount", name)), data, secrets, told["Docker"]["config"])
    finally:
        _said("buildah", "rm", name)


def _said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
