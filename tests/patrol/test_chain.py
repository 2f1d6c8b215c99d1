"""The whole chain as a stranger runs it: real processes, real RTSP, real HTTP."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evidence.verify import verify
from rules.boxes import iou
from tests.patrol.chain import SAMPLE, make_site

pytestmark = pytest.mark.timeout(300)  # footage is decoded and looked at: minutes on a loaded machine

PATROL = [sys.executable, "-m", "patrol.main"]
VAN_PX = (652.0, 44.0, 723.0, 101.0)


def patrol(*arguments: str | Path, timeout: float = 280) -> "subprocess.CompletedProcess[str]":
    """The command, as a shell would call it."""
    return subprocess.run([*PATROL, *map(str, arguments)], capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, object]]]:
    """The sample clip judged from the file, with a stay of 60 s."""
    site = make_site(tmp_path_factory.mktemp("replayed") / "site", "rtsp://127.0.0.1:9/nothing", dwell_s=60)
    done = patrol("replay", site, SAMPLE, "--json", "--start", "2026-05-12T10:00:00+08:00")
    assert done.returncode == 0, done.stderr
    return site, [json.loads(line) for line in done.stdout.splitlines()]


def test_the_parked_van_is_the_one_incident_of_the_clip(replayed: tuple[Path, list[dict[str, object]]]) -> None:
    _, lines = replayed
    (line,) = lines
    assert (line["kind"], line["zone"], line["ended_s"]) == ("illegal_parking", "gate", None)
    assert iou(tuple(line["box_px"]), VAN_PX) > 0.8  # type: ignore[arg-type]
    assert 60 <= float(str(line["raised_s"])) <= 75
    assert verify(Path(str(line["packet"])), None).sound


def test_a_replay_prints_the_same_lines_every_time(replayed: tuple[Path, list[dict[str, object]]]) -> None:
    site, lines = replayed
    again = patrol("replay", site, SAMPLE, "--json", "--start", "2026-05-12T10:00:00+08:00")
    assert [json.loads(line) for line in again.stdout.splitlines()] == lines


def test_the_demo_makes_the_case_that_the_file_makes(
    tmp_path: Path, replayed: tuple[Path, list[dict[str, object]]]
) -> None:
    done = patrol("demo", "--once", "--folder", tmp_path)
    assert done.returncode == 0, done.stderr
    last = json.loads(done.stdout.splitlines()[-1])
    assert last["cases"] == 1
    assert last["page"].startswith("http://127.0.0.1:")
    packet = Path(last["packet"])
    assert patrol("verify", packet).returncode == 0
    event = json.loads((packet / "data" / "event.json").read_text())
    (line,) = replayed[1]
    assert (event["kind"], event["class"], event["zone"]["id"]) == (line["kind"], line["class"], line["zone"])
    assert iou(tuple(event["box_px"]), tuple(line["box_px"])) > 0.9  # type: ignore[arg-type]
    assert event["times"]["started"]["source"] == "rtcp"


def test_a_truncated_file_is_judged_as_far_as_it_goes_and_said_so(tmp_path: Path) -> None:
    site = make_site(tmp_path / "site", "rtsp://127.0.0.1:9/nothing", dwell_s=10)
    remuxed = tmp_path / "whole.mkv"  # an mp4 has its index at one end; a recorder's mkv survives a cut
    subprocess.run([sys.executable, "-c", _REMUX, str(SAMPLE), str(remuxed)], check=True)
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(remuxed.read_bytes()[: remuxed.stat().st_size // 3])
    done = patrol("replay", site, cut, "--json")
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 1
    assert "cut.mkv" in done.stderr


_REMUX = """
import av, sys
with av.open(sys.argv[1]) as source, av.open(sys.argv[2], "w") as target:
    stream = target.add_stream_from_template(source.streams.video[0])
    for packet in source.demux(source.streams.video[0]):
        if packet.dts is not None:
            packet.stream = stream
            target.mux(packet)
"""


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["replay", "{site}", "{text}", "--json"], 1, "no video"),
        (["replay", "{site}", "{text}.missing"], 2, "does not exist"),
        (["replay", "{site}", "{text}", "--start", "yesterday"], 2, "ISO 8601"),
        (["replay", "{site}", "{text}", "--start", "2026-05-12T10:00:00"], 2, "offset"),
        (["replay", "{site}", "{text}", "--camera", "cam-9"], 2, "cam-1"),
        (["replay", "{broken}", "{text}"], 2, "site.toml:"),
        (["serve", "{site}", "--host", "0.0.0.0"], 2, "patrol token"),  # noqa: S104 - it must be refused
        (["verify", "{text}"], 1, "{text}"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_a_wrong_request_says_what_is_wrong(tmp_path: Path, arguments: list[str], code: int, says: str) -> None:
    site = make_site(tmp_path / "site", "rtsp://127.0.0.1:9/nothing", dwell_s=60)
    broken = make_site(tmp_path / "broken", "rtsp://127.0.0.1:9/nothing", dwell_s=60)
    (broken / "site.toml").write_text('name = "Broken"\ntimezone = "Mars/Olympus"\nzone = 1\n')
    text = tmp_path / "clip.mp4"
    text.write_text("this is no video")
    places = {"site": str(site), "broken": str(broken), "text": str(text)}
    done = patrol(*(argument.format(**places) for argument in arguments))
    assert done.returncode == code, done.stderr
    assert says.format(**places) in done.stderr + done.stdout


def test_a_second_watcher_on_one_site_is_refused(tmp_path: Path) -> None:
    from patrol.assembly import only_watcher, site_or_exit

    site = make_site(tmp_path / "site", "rtsp://127.0.0.1:9/nothing", dwell_s=60)
    with only_watcher(site_or_exit(site)):
        done = patrol("run", site)
    assert done.returncode == 2
    assert "another" in done.stderr
