"""Training may be stopped at any moment: it goes on where it was, and ends with every epoch run once."""

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("ultralytics", reason="needs the training extra: pip install -e .[train]")

from models.workshop.recipe import RECIPES
from tests.models.pictures import shared
from tests.models.test_dataset import make_toy_data

EPOCHS = 3
RECIPE = """
name = "toy"
version = "1"
license = "AGPL-3.0"
input_size = 64
{start}
[thresholds]
default = 0.5
[data]
classes = ["garbage"]
train = [{{ folder = "train", repeat = 4 }}]
val = "val"
backgrounds = [{{ folder = "quiet" }}]
[training]
epochs = {epochs}
image_size = 64
batch = 2
seed = 1
"""


def begin(folder: Path, *more: str) -> subprocess.Popen[bytes]:
    """The training command, in a process of its own."""
    command = [sys.executable, "-m", "models.workshop.train", str(folder / "toy.toml")]
    places = ["--data", str(folder / "data"), "--weights", str(shared("weights")), "--runs", str(folder / "runs")]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(RECIPES.parent.parent)}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen([*command, *places, *more], env=environment, cwd=folder, stdout=nowhere, stderr=nowhere)


@pytest.mark.timeout(600)
def test_a_training_killed_in_the_middle_goes_on_from_its_last_epoch(tmp_path: Path) -> None:
    make_toy_data(tmp_path / "data")
    shipped = (RECIPES / "street-waste.toml").read_text()
    start = "[start]" + shipped.split("[start]")[1].split("\n\n")[0]
    (tmp_path / "toy.toml").write_text(RECIPE.format(start=start, epochs=EPOCHS))
    run = tmp_path / "runs" / "toy"

    killed = begin(tmp_path)
    while not (run / "resume.pt").exists():
        assert killed.poll() is None, "it ended by itself before the first epoch was kept"
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not (run / "best.pt").exists()

    assert begin(tmp_path, "--epochs", "2").wait() == 0
    assert not (run / "best.pt").exists(), "not all epochs were run"
    assert begin(tmp_path).wait() == 0
    assert (run / "best.pt").exists()
    with (run / "epochs.csv").open() as lines:
        assert [int(row["epoch"]) for row in csv.DictReader(lines)] == [1, 2, 3]
