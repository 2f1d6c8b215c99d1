"""`patrol token`, as other tools call it."""

import subprocess
import sys
from pathlib import Path

import pytest

from api.store import Store
from api.tokens import TokenScope


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """The least site that works; its camera does not exist, and nobody may ask it."""
    (tmp_path / "cameras").mkdir()
    (tmp_path / "site.toml").write_text('name = "Campus"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n')
    (tmp_path / "cameras" / "cam-1.toml").write_text(
        'source = "rtsp://127.0.0.1:9/nothing"\nsize_px = [768, 576]\n'
        '[[zones]]\nid = "gate"\nkind = "no_parking"\n'
        "polygon_px = [[600, 40], [728, 40], [728, 130], [600, 130]]\n"
    )
    return tmp_path


def patrol(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "patrol.main", *arguments], capture_output=True, text=True, check=False
    )


def test_the_token_stands_alone_on_the_last_line_and_works(site: Path) -> None:
    for scope in TokenScope:
        done = patrol("token", str(site), f"my {scope}", "--scope", scope.value)
        assert done.returncode == 0, done.stderr
        secret = done.stdout.splitlines()[-1]
        assert secret.startswith(f"patrol_{scope}_") and secret not in done.stderr
        store = Store(site / "data")
        found = store.find_token(secret)
        store.close()
        assert found is not None and (found.name, found.scope) == (f"my {scope}", scope)


def test_a_name_that_is_taken_is_refused(site: Path) -> None:
    Store(site / "data").close()
    assert patrol("token", str(site), "box", "--scope", "box").returncode == 0
    again = patrol("token", str(site), "box", "--scope", "read")
    assert again.returncode == 2 and "choose another name" in again.stderr and again.stdout == ""


def test_a_site_or_a_scope_that_is_none_is_refused(site: Path, tmp_path: Path) -> None:
    assert patrol("token", str(tmp_path / "nowhere"), "box", "--scope", "box").returncode == 2
    assert patrol("token", str(site), "box", "--scope", "everything").returncode == 2
    (site / "site.toml").write_text('name = "Campus"\ncolour = "red"\n')
    broken = patrol("token", str(site), "box", "--scope", "box")
    assert broken.returncode == 2 and "site.toml" in broken.stderr
    assert not (site / "data").exists()


def test_a_data_folder_that_cannot_hold_a_store_is_named(site: Path) -> None:
    (site / "data").write_text("a file where the folder should be")
    done = patrol("token", str(site), "box", "--scope", "box")
    assert done.returncode == 2 and "cannot be used" in done.stderr
