"""Parked vehicles of the drone clip against a count by hand.

Counted by a person in the first picture, enlarged nine times: one row of cars on bare ground beside the lower
carriageway, the part of the clip in which each car can be told from its neighbour without doubt. The rest of the clip
(some three hundred vehicles, many in clumps at the edge of what an eye can part) is not counted yet.
"""

import numpy as np
import pytest

from models.registry import Registry
from patrol.commands.demo import SITE
from patrol.flight.batch import VideoFile
from patrol.flight.eyes import AERIAL, eyes_of
from patrol.flight.looks import Camera
from patrol.flight.survey import survey_video
from patrol.site import load_site
from streams.footage import Footage
from streams.telemetry.dji_srt import read_dji_srt
from tests.conftest import SHARED
from tests.streams.test_pose import nadir_srt

CLIP = SHARED / "data" / "footage" / "drone_nadir_city_1080p.mp4"
AREA_PX = (895, 900, 935, 996)  # left, top, right, bottom
PARKED_PX = (
    (926, 907), (925, 913), (923, 920), (923, 928), (920, 935), (920, 941), (916, 947),
    (914, 957), (914, 963), (912, 970), (907, 976), (906, 983), (904, 990),
)  # fmt: skip
_SAME_PX = 4.0


@pytest.mark.skipif(not CLIP.is_file(), reason="needs the drone clip in ../shared")
@pytest.mark.skipif(AERIAL[0] not in Registry.shipped().names, reason="the clip in ../shared waits for an aerial model")
def test_parked_cars_of_the_counted_row_are_found_once_each() -> None:
    site = load_site(SITE)
    footage = Footage(CLIP, camera="drone")
    log = read_dji_srt(CLIP.with_suffix(".SRT"), nadir_srt()).in_zone(site.timezone)
    video = VideoFile(footage, log, footage.start.at)
    eyes, _ = eyes_of(site)
    flight = survey_video(video, Camera(video, None, None), eyes[:1], lambda _: None)
    boxes = np.array([thing.best.box_px for thing in flight.things], np.float64).reshape(-1, 4)
    middles = np.column_stack([boxes[:, [0, 2]].mean(axis=1), boxes[:, [1, 3]].mean(axis=1)])
    left, top, right, bottom = AREA_PX
    inside = middles[((middles > (left, top)) & (middles < (right, bottom))).all(axis=1)]
    free = list(inside)
    found = 0
    for car in PARKED_PX:
        apart = [float(np.hypot(*(middle - car))) for middle in free]
        if apart and min(apart) <= _SAME_PX:
            found += 1
            free.pop(int(np.argmin(apart)))
    recall, precision = found / len(PARKED_PX), found / max(len(inside), 1)
    print(f"parked cars: recall {recall:.2f}, precision {precision:.2f} of {len(PARKED_PX)} counted")  # noqa: T201
    assert recall >= 0.8
    assert precision >= 0.8
