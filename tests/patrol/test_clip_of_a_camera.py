"""The clip of a case from a real RTSP camera whose pictures carry their own number and a box that moves."""

import json
import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from detector.observation import Observation, Track
from evidence.clip import cut
from evidence.finding import PacketContents
from evidence.packet import seal_packet
from evidence.reencode import pictures
from evidence.signing import load_or_make
from patrol.recorder import LiveRecorder
from rules.incident import IncidentState
from streams.camera import Camera
from streams.decode import PictureDecoder
from streams.ring import PacketRing
from streams.simulator import Simulator
from streams.spool import Spool
from tests.evidence.camera import box_left, number_of, record
from tests.evidence.cases import finding, incident, now

STOP_AFTER_S, JUDGED_AFTER_S, END_AFTER_S = 13.0, 16.0, 27.0


@pytest.mark.soak
@pytest.mark.skipif(not os.environ.get("PATROL_SOAK"), reason="soak: half a minute of a real camera")
def test_the_clip_begins_before_the_stop_and_each_box_lies_on_its_picture(tmp_path: Path) -> None:
    footage = cut(record(pictures=1000, gop=50), tmp_path / "street").files[0]
    recorder = LiveRecorder(PacketRing("cam-1", keep_s=60.0), Spool(tmp_path / "spool"), 60.0)
    stop = threading.Event()
    begun = raised = None
    with Simulator(tmp_path / footage.name) as camera:
        decoder: PictureDecoder | None = None
        first_s: float | None = None
        for packet in Camera("cam-1", camera.url).packets(stop):
            recorder.record(packet)
            decoder = decoder or PictureDecoder(packet.codec, camera="cam-1")
            for frame in decoder.decode(packet):
                at = frame.clock
                first_s = at.media_s if first_s is None else first_s
                left = box_left(number_of(frame.to_rgb()))
                box = (float(left), 100.0, left + 60.0, 160.0)
                recorder.note(Observation("cam-1", at, (Track(1, "truck", 0.9, box, first_s, at.media_s, 1),)))
                if begun is None and at.media_s - first_s > STOP_AFTER_S:
                    begun = incident(started=at, last_seen=at, raised=None, state=IncidentState.CANDIDATE)
                    recorder.follow(begun)
                elif begun is not None and raised is None and at.media_s - first_s > JUDGED_AFTER_S:
                    raised = replace(begun, last_seen=at, raised=at, state=IncidentState.RAISED)
                    recorder.follow(raised)
                elif at.media_s - first_s > END_AFTER_S:
                    stop.set()
            if stop.is_set():
                break
    assert begun is not None
    assert raised is not None
    got = recorder.recording(raised)
    found = finding(incident=raised, size_px=(320, 240), clip_s=got.wanted_s, looks=got.looks)
    signer = load_or_make(tmp_path / "keys", "Campus", now())
    packet_folder = seal_packet(tmp_path / "vault", PacketContents(found, got.packets), signer, now()).path
    event = json.loads((packet_folder / "data" / "event.json").read_bytes())
    assert event["clip"]["got"]["from_s"] <= begun.started.media_s - 10
    assert event["clip"]["missing"] == []
    shown = [(clip_s, number_of(rgb)) for clip_s, rgb in pictures(packet_folder / "data" / "clip.mp4")]
    overlay = json.loads((packet_folder / "data" / "overlay.json").read_bytes())
    beside = [entry for entry in overlay if entry["clip_s"] is not None]
    assert len(beside) > 400
    for entry in beside:
        number = min(shown, key=lambda picture: abs(picture[0] - entry["clip_s"]))[1]
        off = abs(entry["boxes"][0]["box_px"][0] - box_left(number)) % 260
        assert min(off, 260 - off) <= 4, (entry["clip_s"], number)  # four pixels are one picture
