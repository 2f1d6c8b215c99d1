"""Flights over a made ground: a real video file, a log as DJI writes it, and things whose places are known."""

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from detector.detections import Detections
from streams.frame import Frame
from streams.geo import GeoPoint, LocalPlane
from streams.lens import Lens

HOME = GeoPoint(24.48, 118.09)
PLANE = LocalPlane(HOME)
SIZE_PX, FPS, HEIGHT_M, FOCAL_MM = (640, 480), 10, 60.0, 24.0
METRES_PX = HEIGHT_M / Lens.of_focal(FOCAL_MM, SIZE_PX).focal_px
TEN = datetime(2026, 5, 12, 2, 0, tzinfo=UTC)  # ten in the morning at the site

RED, BLUE = (230, 20, 20), (20, 20, 230)


@dataclass(frozen=True, slots=True)
class Car:
    """A painted car: metres east and north of HOME at the start, metres a second east, its colour."""

    east_m: float
    north_m: float
    speed_m_s: float = 0.0
    colour: tuple[int, int, int] = RED


class Painted:
    """A detector for painted cars, plain enough to be checked by eye: whatever is strongly red or blue."""

    names, model, sha256 = ("car",), "painted 1", "0" * 64

    def detect(self, frame: Frame) -> Detections:
        """Bounding boxes of strong colour."""
        rgb = frame.to_rgb().astype(int)
        strong = (rgb.max(axis=2) - rgb.min(axis=2)) > 110
        whole = cv2.morphologyEx(strong.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8))
        _, _, stats, _ = cv2.connectedComponentsWithStats(whole)
        stats = stats[1:][stats[1:, 4] > 80]
        boxes = stats[:, :4].astype(np.float32)
        boxes[:, 2:] += boxes[:, :2]
        count = len(boxes)
        return Detections(boxes, np.full(count, 0.9, np.float32), np.zeros(count, np.int64), self.names)


def ground(side_px: int = 2400) -> NDArray[np.uint8]:
    """A grey ground with enough texture to be recognised."""
    dice = np.random.default_rng(5)
    rough = dice.uniform(60, 190, (side_px // 8, side_px // 8)).astype(np.float32)
    grey = cv2.resize(rough, (side_px, side_px), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def fly(
    folder: Path,
    name: str,
    cars: list[Car],
    *,
    began: datetime = TEN,
    seconds: float = 8.0,
    speed_m_s: float = 5.0,
    off_m: tuple[float, float] = (0.0, 0.0),
    log: bool = True,
    codec: str = "libx264",
    pixels: str = "yuv420p",
) -> Path:
    """A flight eastwards over HOME, straight down; the log's places are `off_m` off the truth."""
    soil, middle = ground(), 1200
    rows = []
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=FPS, options={"preset": "ultrafast", "crf": "16", "g": "10"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = *SIZE_PX, pixels
        for n in range(int(seconds * FPS)):
            at_s = n / FPS
            east = speed_m_s * (at_s - seconds / 2)
            picture = soil.copy()
            for car in cars:
                x = middle + (car.east_m + car.speed_m_s * at_s) / METRES_PX
                y = middle - car.north_m / METRES_PX
                cv2.rectangle(picture, (round(x - 16), round(y - 7)), (round(x + 16), round(y + 7)), car.colour, -1)
            left, top = round(middle + east / METRES_PX - SIZE_PX[0] / 2), middle - SIZE_PX[1] // 2
            view = np.ascontiguousarray(picture[top : top + SIZE_PX[1], left : left + SIZE_PX[0]])
            out.mux(stream.encode(av.VideoFrame.from_ndarray(view, format="rgb24")))
            rows.append(_cue(n, at_s, (left + SIZE_PX[0] / 2 - middle) * METRES_PX + off_m[0], off_m[1], began))
        out.mux(stream.encode(None))
    if log:
        (folder / f"{name}.SRT").write_text("".join(rows), encoding="utf-8")
    return path


def _cue(n: int, at_s: float, east: float, north: float, began: datetime) -> str:
    lat, lon = PLANE.to_degrees([(east, north)])[0]
    local = (began + timedelta(hours=8, seconds=at_s)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
    stamp = f"00:00:{math.floor(at_s):02d},{round(at_s % 1 * 1000):03d}"
    return (
        f'{n + 1}\n{stamp} --> {stamp}\n<font size="28">FrameCnt: {n + 1}, DiffTime: 100ms\n{local}\n'
        f"[focal_len: {FOCAL_MM:.2f}] [dzoom_ratio: 1.00] [latitude: {lat:.7f}] [longitude: {lon:.7f}] "
        f"[rel_alt: {HEIGHT_M:.3f} abs_alt: 99.000] [gb_yaw: 0.0 gb_pitch: -90.0 gb_roll: 0.0] </font>\n\n"
    )


def place(east_m: float, north_m: float) -> GeoPoint:
    """A place by metres from HOME."""
    lat, lon = PLANE.to_degrees([(east_m, north_m)])[0]
    return GeoPoint(float(lat), float(lon))


_XMP = """<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description xmlns:d="http://www.dji.com/drone-dji/1.0/" xmlns:drone-dji="http://www.dji.com/drone-dji/1.0/"
 drone-dji:RelativeAltitude="+60.00" drone-dji:GpsLatitude="{lat:.8f}" drone-dji:GpsLongitude="{lon:.8f}"
 drone-dji:GimbalYawDegree="0.0" drone-dji:GimbalPitchDegree="-90.0"/></rdf:RDF></x:xmpmeta>"""


def shoot(folder: Path, name: str, cars: list[Car], east_m: float, at: datetime) -> Path:
    """A still from straight above, `east_m` east of HOME, with EXIF and XMP as DJI writes them."""
    soil, middle = ground(), 1200
    for car in cars:
        x, y = middle + car.east_m / METRES_PX, middle - car.north_m / METRES_PX
        cv2.rectangle(soil, (round(x - 16), round(y - 7)), (round(x + 16), round(y + 7)), car.colour, -1)
    left, top = round(middle + east_m / METRES_PX - SIZE_PX[0] / 2), middle - SIZE_PX[1] // 2
    lat, lon = PLANE.to_degrees([((left + SIZE_PX[0] / 2 - middle) * METRES_PX, 0.0)])[0]
    exif = Image.Exif()
    exif.get_ifd(0x8769).update({36867: at.strftime("%Y:%m:%d %H:%M:%S"), 36881: "+00:00", 41989: round(FOCAL_MM)})
    path = folder / f"{name}.JPG"
    view = soil[top : top + SIZE_PX[1], left : left + SIZE_PX[0]]
    Image.fromarray(view).save(path, exif=exif, xmp=_XMP.format(lat=lat, lon=lon).encode(), quality=95)
    return path
