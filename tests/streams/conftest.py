"""Clips that the tests of the live side share: encoded once, as a camera would, without B-frames."""

from pathlib import Path

import av
import pytest

from tests.streams.clips import make_clip


@pytest.fixture(scope="session")
def h264_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One second of H.264 at 25 pictures a second, a key picture every 0.2 s."""
    return make_clip(tmp_path_factory.mktemp("live") / "h264.mp4", pictures=25, gop=5)


@pytest.fixture(scope="session")
def h265_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same in H.265."""
    if "libx265" not in av.codecs_available:
        pytest.skip("this build of PyAV has no libx265")
    return make_clip(tmp_path_factory.mktemp("live") / "h265.mp4", pictures=25, gop=5, codec="libx265")
