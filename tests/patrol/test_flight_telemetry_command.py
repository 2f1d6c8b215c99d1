"""`patrol telemetry` as callers rely on it."""

import json
from pathlib import Path

from click.testing import CliRunner

from patrol.commands.telemetry import telemetry

GOOD = (
    "1\n00:00:00,000 --> 00:00:01,000\n2024-05-01 10:00:01.373\n"
    "[latitude: 24.500000] [longitude: 118.100000] [rel_alt: 5.400 abs_alt: -124.744] </font>\n"
)


def test_one_line_a_file_and_the_refused_one_ends_with_1(tmp_path: Path) -> None:
    good, empty = tmp_path / "a.SRT", tmp_path / "b.SRT"
    good.write_text(GOOD, encoding="utf-8")
    empty.write_bytes(b"")
    result = CliRunner().invoke(telemetry, [str(empty), str(good), str(tmp_path / "none.SRT"), "--json"])
    assert result.exit_code == 1
    (line,) = [json.loads(text) for text in result.stdout.splitlines()]
    fix = {"time": "2024-05-01T10:00:01.373000", "lat": 24.5, "lon": 118.1, "rel_alt_m": 5.4}
    assert (line["file"], line["format"], line["fixes"]) == (str(good), "dji_srt", 1)
    assert line["first"] == line["last"] == fix
    assert line["warnings"]
    assert "b.SRT: is empty" in result.stderr
    assert "none.SRT: cannot be opened" in result.stderr


def test_a_file_with_warnings_only_ends_with_0(tmp_path: Path) -> None:
    good = tmp_path / "a.SRT"
    good.write_text(GOOD, encoding="utf-8")
    result = CliRunner().invoke(telemetry, [str(good)])
    assert result.exit_code == 0
    assert "no zone" in result.stdout
