"""Other people's loops over the same clip on the same core, each in an environment of its own.

Each is a short script as its documentation has it, run by the Python that has the package; one that lacks it is
skipped with a line. CPU time is that process's own, model loading and the first looks left out.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

_HEAD = """
import json, os, resource, sys
clip, weights, core = sys.argv[1:]
os.sched_setaffinity(0, {int(core)})
def cpu():
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime
"""

_TAIL = """
print(json.dumps({"looks": looks, "cpu_s": cpu() - begun}))
"""

ULTRALYTICS = (
    _HEAD
    + """
import torch
torch.set_num_threads(1)
from ultralytics import YOLO
model, looks = YOLO(weights), 0
list(model.track(clip, vid_stride=50, stream=True, verbose=False, imgsz=640))
begun = cpu()
for result in model.track(clip, vid_stride=5, stream=True, verbose=False, imgsz=640):
    looks += 1
"""
    + _TAIL
)

PLAIN = (
    _HEAD
    + """
import cv2, numpy as np, onnxruntime as ort
cv2.setNumThreads(1)
options = ort.SessionOptions()
options.intra_op_num_threads = 1
options.add_session_config_entry("session.intra_op.allow_spinning", "0")
session = ort.InferenceSession(weights, options)
name = session.get_inputs()[0].name
def look(picture):
    scale = 640 / max(picture.shape[:2])
    small = cv2.resize(picture, (round(picture.shape[1] * scale), round(picture.shape[0] * scale)))
    box = np.full((1, -(-small.shape[0] // 32) * 32, -(-small.shape[1] // 32) * 32, 3), 114, np.uint8)
    box[0, : small.shape[0], : small.shape[1]] = small[:, :, ::-1]
    head = session.run(None, {name: box})[0][0]
    scores = head[4:].max(axis=0)
    keep = scores >= 0.25
    boxes, kept = head[:4, keep].T.copy(), scores[keep]
    boxes[:, :2] -= boxes[:, 2:] / 2
    best = np.array(cv2.dnn.NMSBoxes(boxes.tolist(), kept.tolist(), 0.25, 0.6), int).reshape(-1)
    return boxes[best] / scale, kept[best], head[4:, keep].argmax(axis=0)[best]
capture = cv2.VideoCapture(clip)
capture.set(cv2.CAP_PROP_N_THREADS, 1)
look(capture.read()[1])
begun, looks, n = cpu(), 0, 0
while capture.grab():
    n += 1
    if n % 5 == 0:
        look(capture.retrieve()[1])
        looks += 1
"""
    + _TAIL
)

SUPERVISION = PLAIN.replace(
    "begun, looks, n", "import supervision as sv\ntracker = sv.ByteTrack()\nbegun, looks, n"
).replace(
    "        look(capture.retrieve()[1])",
    """        xywh, score, which = look(capture.retrieve()[1])
        xyxy = np.concatenate([xywh[:, :2], xywh[:, :2] + xywh[:, 2:]], axis=1)
        tracker.update_with_detections(sv.Detections(xyxy, confidence=score, class_id=which))""",
)

FULL_LOOKS_PER_S = 5.0


def measured(name: str, script: str, python: str, clip: Path, weights: str, core: int) -> dict[str, Any]:
    """Cameras a core of one peer, or why it was skipped."""
    done = subprocess.run(
        [python, "-c", script, str(clip), weights, str(core)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        why = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return {"skipped": f"{name}: {why}"}
    figures = json.loads(done.stdout.splitlines()[-1])
    looks, cpu_s = figures["looks"], figures["cpu_s"]
    return {
        "cameras_per_core": round(looks / FULL_LOOKS_PER_S / cpu_s, 2),
        "cpu_ms_per_look": round(cpu_s * 1e3 / looks, 2),
    }
