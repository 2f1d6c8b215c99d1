"""From a site folder to routing, drivers and the rules of moves."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.dispatch.city_json import CityJson
from api.dispatch.open311 import Open311
from api.dispatch.webhook import Webhook
from api.store import Store
from patrol import assembly
from patrol.dispatching import limits_of, rules_of
from patrol.errors import RequestProblem

SITE = 'name = "Campus"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n'
CAMERA = (
    'source = "rtsp://127.0.0.1:9/nothing"\nsize_px = [768, 576]\n'
    '[[zones]]\nid = "gate"\nkind = "no_parking"\npolygon_px = [[600, 40], [728, 40], [728, 130], [600, 130]]\n'
)
UNITS = '[[units]]\nid = "squad-1"\nhours = "Mo-Su 07:00-19:00"\nbackup = "night"\n[[units]]\nid = "night"\n'
ROUTING = (
    '[[rules]]\nname = "Wu Street"\ncategories = ["0505"]\nunit = "squad-1"\n'
    'roads = [{ name = "Wu Street", path = [[118.0890, 24.4790], [118.0900, 24.4790]], width_m = 20 }]\n'
)


def a_site(folder: Path, site: str = SITE, routing: str = ROUTING, units: str = UNITS) -> Path:
    """A site folder with routing."""
    (folder / "cameras").mkdir()
    (folder / "cameras" / "cam-1.toml").write_text(CAMERA)
    for name, text in (("site.toml", site), ("routing.toml", routing), ("units.toml", units)):
        (folder / name).write_text(text)
    return folder


def patrol(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    return subprocess.run(
        [sys.executable, "-m", "patrol.main", *arguments], capture_output=True, text=True, check=False
    )


def test_patrol_route_says_whose_it_is_and_why(tmp_path: Path) -> None:
    site = str(a_site(tmp_path))
    asked = ["route", site, "--category", "0505", "--explain", "--time"]
    day = patrol(*asked, "2026-11-23T12:00:00+08:00", "--at", "24.47905", "118.0895")
    assert day.returncode == 0 and "rule Wu Street: matches" in day.stdout and "unit: squad-1" in day.stdout
    night = patrol(*asked, "2026-11-23T23:00:00+08:00", "--at", "24.47905", "118.0895")
    assert "unit squad-1 is off duty: night answers" in night.stdout
    away = patrol(*asked, "2026-11-23T12:00:00+08:00", "--at", "24.4800", "118.0895")
    assert away.returncode == 1 and "not at Wu Street" in away.stdout and "a person decides" in away.stdout
    assert patrol(*asked, "2026-11-23T12:00:00", "--at", "24.48", "118.09").returncode == 2


@pytest.mark.parametrize(
    ("routing", "units", "words"),
    [
        (ROUTING.replace("squad-1", "squad-9"), UNITS, "no unit squad-9"),
        (ROUTING + 'cells = ["C1"]\n', UNITS, "no grid cell C1"),
        (ROUTING + 'hours = "Mo-Xx"\n', UNITS, "routing.toml:6"),
        (ROUTING, UNITS + '[[units]]\nid = "night"\n', "units.toml:8: unit night is listed twice"),
        ("colour = 1\n", UNITS, "routing.toml:1: unknown key colour"),
    ],
)
def test_patrol_check_names_what_is_wrong_with_the_routing(
    tmp_path: Path, routing: str, units: str, words: str
) -> None:
    done = patrol("check", str(a_site(tmp_path, routing=routing, units=units)))
    assert done.returncode == 2 and words in done.stdout, done.stdout


def test_a_camera_with_papers_may_serve_penalties(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    papers = '[approval]\nnumber = "GA-1"\ncalibrated = 2026-09-01\nsign = true\npublished = "gazette"\n'
    (site / "cameras" / "cam-1.toml").write_text(CAMERA.replace("[[zones]]", papers + "[[zones]]"))
    rules = rules_of(assembly.site_or_exit(site))
    assert rules.approvals["cam-1"].number == "GA-1" and rules.units == frozenset({"squad-1", "night"})
    assert rules.router is not None and rules.approvals["cam-1"].covers(datetime(2026, 9, 1, tzinfo=UTC).date())


TARGETS = (
    '[[dispatch]]\nname = "hotline"\nkind = "open311"\nurl = "http://127.0.0.1:9/v2"\n'
    'options.services = { "0505" = "P" }\n'
    '[[dispatch]]\nname = "city"\nkind = "city"\nurl = "http://127.0.0.1:9/api"\n'
    'options = { fields = { key = "no" }, items = { "0505" = ["05", "905"] }, accepted = ["1"] }\n'
    '[[dispatch]]\nname = "hook"\nkind = "webhook"\nurl = "http://127.0.0.1:9/hook"\n'
)


def test_each_kind_of_target_gets_its_driver(tmp_path: Path) -> None:
    site = assembly.site_or_exit(a_site(tmp_path, site=SITE + TARGETS))
    store = Store(tmp_path / "data")
    drivers = assembly.targets_of(site, store, "http://127.0.0.1:9", {"PATROL_DISPATCH_TOKEN": "secret"})
    assert {name: type(driver) for name, driver in drivers.items()} == {
        "hotline": Open311,
        "city": CityJson,
        "hook": Webhook,
    }
    with pytest.raises(RequestProblem, match="set PATROL_DISPATCH_TOKEN"):  # our own token is for our own servers
        assembly.targets_of(site, store, "http://127.0.0.1:9", {})
    store.close()
    wrong = TARGETS.replace("services", "colours")
    (tmp_path / "site.toml").write_text(SITE + wrong)
    with pytest.raises(RequestProblem, match="hotline, kind open311"):
        assembly.targets_of(assembly.site_or_exit(tmp_path), store, "x", {"PATROL_DISPATCH_TOKEN": "secret"})


def test_limits_are_read_with_their_kinds_of_time(tmp_path: Path) -> None:
    site = a_site(tmp_path)
    (site / "limits.toml").write_text('to_handle = "3 natural_day"\n[categories]\n"0505" = "4 work_hour"\n')
    limits = limits_of(assembly.site_or_exit(site))
    assert limits is not None and limits.to_handle["0505"].amount == 4 and limits.otherwise.unit == "natural_day"
    (site / "limits.toml").write_text('work_hours = ["18:00-08:00"]\n')
    assert "work_hours must be in order" in patrol("check", str(site)).stdout
