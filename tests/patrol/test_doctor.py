"""`patrol doctor` tries each part of a site and says what to do about what is wrong."""

import json
from pathlib import Path

import pytest

from patrol import assembly
from patrol.doctor import Finding, examine
from streams.simulator import Simulator
from tests.patrol.chain import SAMPLE, make_site
from tests.patrol.test_chain import patrol


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Finding]:
    """What is found at a site whose only camera works, by part."""
    with Simulator(SAMPLE) as camera:
        site = make_site(tmp_path_factory.mktemp("doctor") / "site", camera.url, dwell_s=60)
        return {finding.part: finding for finding in examine(assembly.site_or_exit(site), {})}


def test_a_camera_that_works_is_described(healthy: dict[str, Finding]) -> None:
    camera = healthy["camera cam-1"]
    assert camera.ok, camera.text
    assert "h264 768x576" in camera.text
    assert "a key frame every" in camera.text


def test_models_are_checked_by_hash_and_speed(healthy: dict[str, Finding]) -> None:
    model = healthy["model street-objects"]
    assert model.ok
    assert "its hash is right" in model.text


def test_it_says_how_many_cameras_the_box_carries(healthy: dict[str, Finding]) -> None:
    assert "this box carries about" in healthy["load"].text
    assert "the site has 1" in healthy["load"].text


def test_clock_and_disk_are_looked_at(healthy: dict[str, Finding]) -> None:
    assert {"clock", "disk"} <= set(healthy)
    assert "GiB free" in healthy["disk"].text


def test_a_camera_that_is_not_there_is_named_and_fails_the_command(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", "rtsp://127.0.0.1:9/nothing", dwell_s=60)
    done = patrol("doctor", site, "--json")
    assert done.returncode == 1, done.stderr
    lines = {line["part"]: line for line in map(json.loads, done.stdout.splitlines())}
    assert not lines["camera cam-1"]["ok"]
    assert "127.0.0.1" in lines["camera cam-1"]["text"] or "connect" in lines["camera cam-1"]["text"]


def test_a_broken_site_is_told_as_check_tells_it(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", "rtsp://127.0.0.1:9/nothing", dwell_s=60)
    (site / "site.toml").write_text("nonsense = 1\n")
    done = patrol("doctor", site)
    assert done.returncode == 2
    assert "site.toml:1" in done.stderr
