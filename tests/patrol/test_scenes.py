"""The composed scenes, judged as `patrol replay --json` judges them: pictures composed of real pixels, exact truth."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from models.registry import Registry
from patrol import assembly
from patrol.replay import replay
from patrol.site import load_site
from patrol.site.needs import FOR_RULE
from rules.kinds import KINDS
from streams.cadence import Cadence
from streams.footage import Footage
from tests.conftest import SHARED
from tests.patrol import scenes
from tests.patrol.scenes import Halved, Looks, Remembered, Scene

pytestmark = pytest.mark.skipif(not scenes.PUBLIC.is_dir(), reason="needs ../shared/data/scenes beside the repository")

THINNED = {
    "5 fps": Looks(lambda: Cadence(5.0)),
    "25 fps": Looks(lambda: Cadence(25.0)),
    "10 fps": Looks(lambda: Cadence(10.0)),
    "1 fps": Looks(lambda: Cadence(1.0)),
    "half dropped": Looks(lambda: Halved(5.0)),
    "key frames": Looks(lambda: Cadence(5.0), only_keys=True),
}


def judgeable(registry: Registry) -> list[Scene]:
    """The scenes whose models this release has."""
    found = []
    for scene in scenes.scenes():
        kinds = [KINDS[zone["kind"]] for zone in scene.truth["zones"] if zone["kind"] in KINDS]
        wanted = {name for kind in kinds if not kind.permits for name in FOR_RULE[kind.rule]}
        found += [scene] if wanted <= set(registry.names) else []
    return found


def expected_s(scene: Scene, rule: str) -> list[tuple[float, float]]:
    """Windows in which something must be raised."""
    wanted = [e for i in scene.truth["incidents"] for e in i["expect"] if e["rule"] == rule and e["must_raise"]]
    return sorted((e["earliest_s"], e["latest_s"]) for e in wanted)


def raised_s(scene: Scene, rule: str, folder: Path, looking: Sequence[Remembered], looks: Looks) -> list[float]:
    found = scenes.judge_looks(scene, rule, folder, looking, looks).raised
    return [incident.raised.media_s for incident, _ in found if incident.raised]


def remembered(scene: Scene, folder: Path) -> list[Remembered]:
    site = load_site(scenes.write_site(scene, folder, "dwell60"))
    return [Remembered(detector, scene.clip) for detector in assembly.detectors_of(site)]


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("rule", scenes.RULES)
def test_every_incident_is_raised_in_its_window_and_nothing_else(rule: str, tmp_path: Path) -> None:
    registry = Registry.shipped()
    chosen = judgeable(registry)
    table = scenes.run(chosen, [rule], registry, tmp_path, keep=None, explain=False)[rule]
    total = table.splitlines()[-1].split()
    assert total[0] == "TOTAL"
    assert [int(n) for n in total[2:5]] == [0, 0, 0], table  # false, missed, twice
    assert int(total[1]) == sum(len(expected_s(scene, rule)) for scene in chosen)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", ["p2", "p5", "p11"])
def test_the_verdicts_are_the_same_however_many_pictures_are_seen(name: str, tmp_path: Path) -> None:
    (scene,) = scenes.scenes([name])
    if scene not in judgeable(Registry.shipped()):
        pytest.skip("the release has no model for it yet; its card lies beside the repository")
    looking = remembered(scene, tmp_path / "site")
    windows = expected_s(scene, "dwell30")
    for what, looks in THINNED.items():
        found = raised_s(scene, "dwell30", tmp_path / what.replace(" ", "-"), looking, looks)
        assert len(found) == len(windows), what
        in_time = [early <= at_s <= late for at_s, (early, late) in zip(found, windows, strict=True)]
        assert all(in_time), f"{what}: {found} in {windows}"


def test_a_car_that_parks_is_raised_in_its_window_from_key_frames_alone(tmp_path: Path) -> None:
    (scene,) = scenes.scenes(["p1"])
    looking = remembered(scene, tmp_path / "site")
    found = raised_s(scene, "dwell60", tmp_path / "keys", looking, Looks(lambda: Cadence(5.0), only_keys=True))
    ((earliest_s, latest_s),) = expected_s(scene, "dwell60")
    assert len(found) == 1
    assert earliest_s <= found[0] <= latest_s


ROAD = SHARED / "data" / "footage" / "road_moving_osd_clock.mp4"
ROAD_CAMERA = """
source = "rtsp://127.0.0.1:9/nothing"
size_px = [640, 360]
[[zones]]
id = "all"
kind = "no_parking"
polygon_px = [[0, 0], [640, 0], [640, 360], [0, 360]]
dwell_s = 20
"""


@pytest.mark.skipif(not ROAD.exists(), reason="needs ../shared/data/footage beside the repository")
@pytest.mark.soak
def test_traffic_raises_nothing_wherever_the_zone_is(tmp_path: Path) -> None:
    (tmp_path / "cameras").mkdir()
    (tmp_path / "site.toml").write_text('name = "Road"\ntimezone = "Asia/Shanghai"\n')
    (tmp_path / "cameras" / "cam-1.toml").write_text(ROAD_CAMERA)
    site = load_site(tmp_path)
    footage = Footage(ROAD, camera="cam-1")
    verdicts = replay(
        site, site.cameras["cam-1"], assembly.detectors_of(site), footage, tell=print, progress=lambda _: None
    )
    assert verdicts.raised == ()
