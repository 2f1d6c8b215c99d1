"""A new kind of violation is a row in site.toml: nobody touches code. And a site says which models it needs."""

from pathlib import Path

import pytest

from models.registry import Registry
from patrol.site import Site, load_site
from rules.engine import Engine
from tests.rules.street import Street, Visit

BOX = (160.0, 180.0, 240.0, 240.0)

KINDS = """
[kinds.no_car_wash]
rule = "standing"
incident = "car_wash_on_pavement"
classes = ["car", "truck"]
dwell_s = 40
category = "0599"

[kinds.goods_on_road]
rule = "standing"
incident = "goods_on_road"
classes = ["suitcase", "chair", "potted plant"]
dwell_s = 30
category = "0507"

[kinds.blind_path]
rule = "standing"
incident = "blocked_blind_path"
classes = ["bicycle", "motorcycle"]
dwell_s = 20
"""


def site_of(folder: Path, kind: str, more: str = "", registry: Registry | None = None) -> Site:
    (folder / "cameras").mkdir(parents=True)
    (folder / "site.toml").write_text(f'name = "Test"\ntimezone = "Asia/Shanghai"\n{KINDS}')
    (folder / "cameras" / "cam-1.toml").write_text(
        'source = "rtsp://127.0.0.1:9/nothing"\nsize_px = [640, 480]\n'
        f'[[zones]]\nid = "here"\nkind = "{kind}"\n{more}\n'
        "polygon_px = [[100, 100], [300, 100], [300, 300], [100, 300]]\n"
    )
    return load_site(folder, registry)


@pytest.mark.parametrize(
    ("kind", "class_name", "incident", "raised_s"),
    [
        ("no_car_wash", "car", "car_wash_on_pavement", 40),
        ("goods_on_road", "chair", "goods_on_road", 30),
        ("blind_path", "bicycle", "blocked_blind_path", 20),
    ],
)
def test_a_kind_of_the_sites_own_is_judged(
    tmp_path: Path, kind: str, class_name: str, incident: str, raised_s: float
) -> None:
    site = site_of(tmp_path, kind)
    told = Street(Engine({"cam-1": site.cameras["cam-1"].rules}), [Visit(0, 100, BOX, class_name=class_name)])
    told.looked_for = frozenset({class_name})
    (found,) = told.run(90).raised
    assert found.kind == incident
    assert found.raised
    assert found.raised.media_s == pytest.approx(raised_s, abs=0.5)


def test_a_kind_of_the_sites_own_says_nothing_of_other_classes(tmp_path: Path) -> None:
    site = site_of(tmp_path, "blind_path")
    told = Street(Engine({"cam-1": site.cameras["cam-1"].rules}), [Visit(0, 100, BOX, class_name="car")])
    assert told.run(90).kept() == []


def lean(tmp_path: Path) -> Registry:
    """A registry with the objects' model alone."""
    shipped = Registry.shipped()
    return Registry({"street-objects": shipped.get("street-objects")}, {})


@pytest.mark.parametrize(
    ("kind", "missing"),
    [("no_parking", None), ("no_vending", "street-stall"), ("no_dumping", "street-waste"), ("permitted_vending", None)],
)
def test_a_model_that_the_release_lacks_is_a_note_and_the_rest_goes_on(
    tmp_path: Path, kind: str, missing: str | None
) -> None:
    site = site_of(tmp_path / "site", kind, registry=lean(tmp_path))
    assert site.detectors == ("street-objects",)
    assert [missing in str(note) for note in site.notes if missing] == ([True] if missing else [])


def test_a_stall_is_looked_for_together_with_people(tmp_path: Path) -> None:
    assert site_of(tmp_path, "no_vending").detectors == ("street-stall", "street-objects")
