"""A fake RTSP camera that can fail on purpose."""

from streams.simulator.simulator import Simulator

__all__ = ["Simulator"]
