"""The exported model, measured by us, has the figures that ultralytics' own validation gives its checkpoint."""

import json
from pathlib import Path

import pytest

pytest.importorskip("faster_coco_eval", reason="needs faster-coco-eval to measure average precision")
pytest.importorskip("ultralytics", reason="needs the training extra: pip install -e .[train]")

from detector.runtimes import choose
from models.registry import Registry
from models.workshop.evaluate import evaluate
from models.workshop.export import export, registry_entry
from models.workshop.look import Looker
from models.workshop.recipe import read_recipe
from tests.models.pictures import shared

PARTS = ("images", "labels")


@pytest.mark.timeout(900)
@pytest.mark.filterwarnings("ignore")
def test_both_validations_of_the_same_weights_agree_within_a_hundredth(tmp_path: Path) -> None:
    from ultralytics import YOLO

    recipe = read_recipe("street-waste").model_copy(update={"input_size": 416})
    checkpoint, data = tmp_path / "waste.pt", shared("data", "waste", "val")
    checkpoint.write_bytes(shared("weights", "street_waste_416_e14.pt").read_bytes())
    digest = export(recipe, tmp_path, tmp_path / "weights" / "street-waste.onnx", checkpoint)
    (tmp_path / "registry.toml").write_text(registry_entry(recipe, digest))
    entry = Registry.read(tmp_path / "registry.toml").get("street-waste")
    ours = evaluate(Looker(entry, choose("onnx")), entry, data)
    for part in PARTS:  # links, because ultralytics writes a cache beside what it reads
        (tmp_path / part).mkdir()
        for path in (data / part).iterdir():
            (tmp_path / part / path.name).symlink_to(path)
    names = dict(enumerate(recipe.classes))
    told = {"path": str(tmp_path), "train": "images", "val": "images", "names": names}
    (tmp_path / "data.yaml").write_text(json.dumps(told))
    theirs = YOLO(checkpoint).val(
        data=tmp_path / "data.yaml", imgsz=416, plots=False, workers=0, device="cpu", project=str(tmp_path)
    )
    assert ours.map50 == pytest.approx(theirs.box.map50, abs=0.01)
    assert ours.map50_95 == pytest.approx(theirs.box.map, abs=0.02)
