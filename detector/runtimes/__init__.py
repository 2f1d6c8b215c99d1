"""The vendors that can run a network, and which one this box uses.

A runtime is made from the bytes of a model file (hash already checked) and is loaded only when chosen: a box without
OpenVINO never imports it.
"""

import importlib
import importlib.util
import platform
from collections.abc import Callable

from detector.detections import Runtime

RuntimeFactory = Callable[[bytes], Runtime]

_DOORS = {"openvino": ("detector.runtimes.openvino", "OpenVino"), "onnx": ("detector.runtimes.onnx", "Onnx")}
"""Name to module and class: one file a vendor."""


def choose(name: str | None = None) -> RuntimeFactory:
    """The runtime of that name, `openvino` or `onnx`; None: OpenVINO on x86-64 where installed, else ONNX Runtime.

    Raises:
        ValueError: no runtime has that name.
        ModuleNotFoundError: the one asked for is not installed.
    """
    if name is None:
        name = "openvino" if _has_openvino() else "onnx"
    if name not in _DOORS:
        raise ValueError(f"runtime must be one of {sorted(_DOORS)}, got {name!r}")
    module, factory = _DOORS[name]
    made: RuntimeFactory = getattr(importlib.import_module(module), factory)
    return made


def _has_openvino() -> bool:
    on_x86 = platform.machine().lower() in {"x86_64", "amd64"}
    return on_x86 and importlib.util.find_spec("openvino") is not None
