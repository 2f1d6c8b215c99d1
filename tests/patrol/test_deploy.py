"""The installer says what it would do, touches nothing outside its root, and its unit beats as systemd expects."""

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from patrol.service_manager import heartbeat
from tests.conftest import REPOSITORY

INSTALL = REPOSITORY / "deploy" / "install.sh"
UNIT = (REPOSITORY / "deploy" / "street-patrol.service").read_text(encoding="utf-8")


def install(*arguments: str) -> "subprocess.CompletedProcess[str]":
    """The script, as a person would call it."""
    return subprocess.run(["sh", str(INSTALL), *arguments], capture_output=True, text=True, check=False)


def test_a_dry_run_names_each_step_and_does_none(tmp_path: Path) -> None:
    done = install("--dry-run", "--root", str(tmp_path / "box"))
    assert done.returncode == 0, done.stderr
    assert f"would: write {tmp_path}/box/etc/systemd/system/street-patrol.service" in done.stdout
    assert "requirements/runtime.lock" in done.stdout
    assert not (tmp_path / "box").exists()


def test_removal_keeps_the_site_and_its_secrets(tmp_path: Path) -> None:
    kept = [tmp_path / "var/lib/street-patrol/site/site.toml", tmp_path / "etc/street-patrol/secrets.env"]
    gone = [tmp_path / "opt/street-patrol/venv/x", tmp_path / "etc/systemd/system/street-patrol.service"]
    for path in (*kept, *gone):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    done = install("--remove", "--root", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert all(path.exists() for path in kept)
    assert not any(path.exists() for path in gone)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "http"], "--port"),
        (["--site", "here"], "absolute"),
        (["--sight"], "unknown option"),
        (["--root"], "value"),
    ],
)
def test_what_it_cannot_use_it_refuses(arguments: list[str], says: str) -> None:
    done = install(*arguments)
    assert done.returncode == 2
    assert says in done.stderr


def test_every_blank_of_the_templates_is_filled_by_the_script() -> None:
    script = INSTALL.read_text(encoding="utf-8")
    for template in ("street-patrol.service", "logrotate.conf"):
        blanks = re.findall(r"@([A-Z]+)@", (INSTALL.parent / template).read_text(encoding="utf-8"))
        assert blanks
        assert all(f"s|@{blank}@|" in script for blank in blanks)


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    unit = tmp_path / "street-patrol.service"
    filled = UNIT.replace("@PREFIX@/venv/bin/patrol", "/bin/true").replace("@USER@", "root").replace("@PREFIX@", "/opt")
    for blank in ("SITE", "ETC", "LOG"):
        filled = filled.replace(f"@{blank}@", "/tmp")  # noqa: S108 - only read by the checker
    unit.write_text(filled)
    done = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True, check=False)
    mine = [line for line in done.stderr.splitlines() if "street-patrol.service" in line and "man" not in line]
    assert not mine, done.stderr


def test_the_watcher_tells_the_service_manager_that_it_lives(tmp_path: Path) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(path)
        manager.settimeout(5)
        heartbeat({"NOTIFY_SOCKET": path})()
        assert manager.recv(100) == b"READY=1\nWATCHDOG=1"
    os.unlink(path)  # noqa: PTH108 - a socket's name
    heartbeat({"NOTIFY_SOCKET": path})()  # nobody listens: no error
    heartbeat({})()
