"""What nobody can do without: decoding the pictures and running the network, alone, on this core, in CPU time."""

import time
from pathlib import Path

import numpy as np

from detector.letterbox import Fit
from detector.runtimes import choose
from models.registry import ModelEntry
from streams.decode import PictureDecoder
from streams.footage import Footage


class Bound:
    """Decode and inference of one clip, in milliseconds of CPU.

    Args:
        clip: of the cameras.
        entry: the model they are looked at with.
    """

    def __init__(self, clip: Path, entry: ModelEntry) -> None:
        self._packets = list(Footage(clip, camera="bound").packets())
        self._runtime = choose()(entry.load_bytes())
        width, height = Fit.of(self._packets[0].codec.size_px, entry.input_size, entry.stride).input_px
        self._input = np.full((1, height, width, 3), 114, np.uint8)
        self._runtime.infer(self._input)

    def decode_ms(self, *, key_frames_only: bool) -> float:
        """Of one picture that comes out."""
        decoder = PictureDecoder(self._packets[0].codec, camera="bound", key_frames_only=key_frames_only)
        begun, count = time.thread_time(), 0
        for packet in self._packets:
            count += len(decoder.decode(packet))
        return (time.thread_time() - begun) * 1000 / max(count, 1)

    def infer_ms(self, times: int = 20) -> float:
        """Of one run of the network."""
        begun = time.thread_time()
        for _ in range(times):
            self._runtime.infer(self._input)
        return (time.thread_time() - begun) * 1000 / times
