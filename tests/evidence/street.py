"""Clips made of given pictures, and an incident in them, as a camera and the patrol would hand them over."""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from detector.observation import Box, Observation, Track
from evidence.finding import PacketContents
from streams.packets import Codec, StreamPacket
from tests.evidence.camera import clock
from tests.evidence.cases import finding, incident

Picture = NDArray[np.uint8]
FPS = 10


def film(pictures: Sequence[Picture]) -> list[StreamPacket]:
    """Pictures of one size as H.264 of a camera, ten a second, a key frame each second."""
    height, width = pictures[0].shape[:2]
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base, encoder.framerate, encoder.gop_size = Fraction(1, FPS), Fraction(FPS), FPS
    encoder.thread_count = 1
    encoder.options = {"preset": "veryfast", "crf": "18", "x264-params": f"bframes=0:keyint={FPS}:scenecut=0"}
    encoded = []
    for number, picture in enumerate(pictures):
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = number, encoder.time_base
        encoded += encoder.encode(frame)
    encoded += encoder.encode(None)
    codec = Codec("h264", (width, height), encoder.extradata or b"", Fraction(1, 90000), float(FPS))
    ticks = 90000 // FPS
    return [
        StreamPacket(
            bytes(p), (p.pts or 0) * ticks, (p.dts or 0) * ticks, ticks, p.is_keyframe, clock((p.pts or 0) / FPS), codec
        )
        for p in encoded
    ]


def case(pictures: Sequence[Picture], subject: Box, people: Sequence[Box] = (), number: int = 1) -> PacketContents:
    """A vehicle that stands in `subject` from the first picture to the last; `people` were seen around it."""
    size = pictures[0].shape[1], pictures[0].shape[0]
    length_s = len(pictures) / FPS
    begin, verdict = clock(0.2 * length_s), clock(0.8 * length_s)
    looks = [
        Observation(
            "cam-1",
            clock(n / 5),
            (
                Track(1, "truck", 0.8, subject, 0.0, n / 5, n + 1),
                *(Track(10 + i, "person", 0.8, box, 0.0, n / 5, n + 1) for i, box in enumerate(people)),
            ),
        )
        for n in range(int(length_s * 5))
    ]
    made = incident(number, box_px=subject, started=begin, last_seen=verdict, raised=verdict)
    found = replace(finding(), incident=made, size_px=size, clip_s=(0.0, length_s), looks=looks)
    return PacketContents(found, film(pictures))


def read(path: Path) -> Picture:
    """A picture file as RGB."""
    bgr = cv2.imread(str(path))
    assert bgr is not None
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)


def fitted(picture: Picture, size_px: tuple[int, int]) -> Picture:
    """A picture on a grey ground of one size, as large as it fits."""
    width, height = size_px
    scale = min(width / picture.shape[1], height / picture.shape[0])
    small = cv2.resize(picture, (int(picture.shape[1] * scale), int(picture.shape[0] * scale)))
    out = np.full((height, width, 3), 128, np.uint8)
    out[: small.shape[0], : small.shape[1]] = small
    return out
