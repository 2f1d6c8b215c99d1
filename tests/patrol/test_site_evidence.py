"""What a site folder says about its evidence."""

from datetime import date
from pathlib import Path

import pytest

from patrol.site import SiteErrors, load_site
from patrol.site.site import Approval

SITE = 'name = "Campus"\ntimezone = "Asia/Shanghai"\ncountry = "CN"\n'
CAMERA = 'source = "rtsp://192.0.2.10/1"\nsize_px = [768, 576]\n'


def site(folder: Path, more: str = "", camera: str = "") -> Path:
    """A site folder with some lines more."""
    (folder / "cameras").mkdir()
    (folder / "site.toml").write_text(SITE + more)
    (folder / "cameras" / "cam-1.toml").write_text(CAMERA + camera)
    return folder


def test_a_site_names_its_authority_its_quota_and_how_long_it_keeps(tmp_path: Path) -> None:
    more = '[evidence]\ntsa = "http://tsa.example/ts"\nquota_gb = 2.5\n[retention]\nclosed_days = 400\n'
    found = load_site(site(tmp_path, more + "[retention.kinds.dumped_waste]\nclosed_days = 90\n"))
    assert found.evidence.tsa == "http://tsa.example/ts"
    assert found.evidence.quota_bytes == 2_500_000_000
    assert found.evidence.free_floor_bytes == 512 << 20
    assert (found.retention.dismissed_days, found.retention.closed_days) == (15, 400)
    assert found.retention.kinds["dumped_waste"]["closed_days"] == 90


def test_a_camera_has_a_landmark_and_papers(tmp_path: Path) -> None:
    papers = '[approval]\nnumber = "XM-2026-17"\ncalibrated = 2026-03-01\nsign = true\npublished = "notice 4 of 2026"\n'
    folder = site(tmp_path, "", "[reference]\nbox_px = [10, 20, 60, 90]\n" + papers)
    found = load_site(folder).cameras["cam-1"]
    assert found.reference_px == (10.0, 20.0, 60.0, 90.0)
    assert found.approval == Approval("XM-2026-17", date(2026, 3, 1), True, "notice 4 of 2026")


WRONG = {
    "a landmark outside": ("", "[reference]\nbox_px = [700, 20, 900, 90]\n", "cam-1.toml:4", "inside 768 x 576"),
    "no such certificate": ('[evidence]\ntsa_certificate = "no.crt"\n', "", "site.toml:5", "tsa_certificate no.crt"),
    "an authority without http": ('[evidence]\ntsa = "tsa.example"\n', "", "site.toml:5", "evidence.tsa"),
    "papers without a number": ("", "[approval]\nsign = true\n", "cam-1.toml", "approval.number is missing"),
    "an unknown state": ("[retention.kinds.dumped_waste]\nlost_days = 3\n", "", "site.toml", "lost_days"),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_named_with_file_and_line(tmp_path: Path, what: str) -> None:
    more, camera, where, says = WRONG[what]
    with pytest.raises(SiteErrors) as raised:
        load_site(site(tmp_path, more, camera))
    lines = [str(error) for error in raised.value.errors]
    assert any(where in line and says in line for line in lines), lines
