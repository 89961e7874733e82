"""Which Prefect server is configured, read as Prefect reads it and without Prefect."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.place import prefect_api_url

URL = "http://prefect.example/api"
FILES = {
    ".env": f"PREFECT_API_URL={URL}\n",
    "prefect.toml": f'[api]\nurl = "{URL}"\n',
    "pyproject.toml": f'[tool.prefect.api]\nurl = "{URL}"\n',
    "home/profiles.toml": f'active = "office"\n[profiles.office]\nPREFECT_API_URL = "{URL}"\n',
}


@pytest.fixture(autouse=True)
def nothing_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PREFECT_API_URL", "PREFECT_PROFILE", "PREFECT_PROFILES_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()


def test_nothing_is_configured(tmp_path: Path) -> None:
    assert prefect_api_url(tmp_path) == ""


@pytest.mark.parametrize("name", FILES)
def test_every_place_counts(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(FILES[name], encoding="utf-8")
    assert prefect_api_url(tmp_path) == URL


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_nobody_can_read_configures_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\x00[")
    assert prefect_api_url(tmp_path) == ""


def test_the_environment_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(FILES[".env"], encoding="utf-8")
    monkeypatch.setenv("PREFECT_API_URL", "http://another.example/api")
    assert prefect_api_url(tmp_path) == "http://another.example/api"
