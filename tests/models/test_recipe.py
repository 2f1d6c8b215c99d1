"""A recipe decides everything, knows no machine, and opens no stranger's pickle."""

import hashlib
from pathlib import Path

import pytest

from models.registry import ModelEntry, Registry
from models.workshop.export import export
from models.workshop.recipe import RECIPES, BadRecipe, Start, UntrustedWeights, read_recipe
from models.workshop.train import OtherRun, main, train
from tests.models.test_dataset import make_toy_data, toy_recipe

ALL = sorted(path.stem for path in RECIPES.glob("*.toml"))


@pytest.mark.parametrize("name", ALL)
def test_each_recipe_reads_and_has_the_name_of_its_file(name: str) -> None:
    assert read_recipe(name).name == name


@pytest.mark.parametrize("shipped", tuple(Registry.shipped()), ids=lambda entry: entry.name)
def test_each_shipped_model_is_what_its_recipe_says(shipped: ModelEntry) -> None:
    recipe = read_recipe(shipped.name)
    assert shipped.classes == recipe.classes
    assert dict(shipped.thresholds) == recipe.class_thresholds
    assert shipped.raising == (recipe.raising or recipe.classes)
    assert (shipped.version, shipped.license) == (recipe.version, recipe.license)
    assert shipped.input_size == recipe.input_size
    assert shipped.tile_px == (recipe.tiles.side_px if recipe.tiles else None)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("input_size = 640", "input_size = 650"), "input_size"),
        (("[thresholds]", "[tresholds]"), "tresholds"),
        (("default = 0.25", "van = 0.25"), "[thresholds] must give `default` or each class"),
        (('raising = ["bicycle"', 'raising = ["van"'), "raising must be among the classes"),
        (('sha256 = "75', 'sha256 = "zz'), "start.sha256"),
        (('file = "yolov8n_coco_640.onnx"', 'file = "/tmp/x.onnx"'), "start.file"),
        (("[start]", "[start"), "toml"),
    ],
)
def test_a_bad_recipe_names_file_and_key(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    path = tmp_path / "changed.toml"
    path.write_text((RECIPES / "street-objects.toml").read_text().replace(*change))
    with pytest.raises(BadRecipe) as caught:
        read_recipe(path)
    assert complaint in str(caught.value)
    assert "changed.toml" in str(caught.value)


def test_an_unknown_recipe_is_said_plainly() -> None:
    with pytest.raises(BadRecipe, match=r"nothing\.toml: No such file"):
        read_recipe("nothing")


def test_a_strangers_pickle_is_never_opened(tmp_path: Path) -> None:
    data = make_toy_data(tmp_path / "data")
    (tmp_path / "start.pt").write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    with pytest.raises(UntrustedWeights, match=r"A \.pt file runs code when it is loaded"):
        train(toy_recipe(), data, tmp_path, tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_run_never_goes_on_with_another_recipe(tmp_path: Path) -> None:
    data = make_toy_data(tmp_path / "data")
    weights = tmp_path / "start.pt"
    weights.write_bytes(b"never opened here: the run is found finished, or refused")
    start = Start(file="start.pt", sha256=hashlib.sha256(weights.read_bytes()).hexdigest())
    recipe = toy_recipe(start=start)
    (tmp_path / "runs" / "toy").mkdir(parents=True)
    (tmp_path / "runs" / "toy" / "best.pt").write_bytes(b"")
    assert train(recipe, data, tmp_path, tmp_path / "runs") == tmp_path / "runs" / "toy"
    (data / "train" / "labels" / "a.txt").write_text("1 0.6 0.5 0.2 0.2")
    with pytest.raises(OtherRun, match="another recipe, data or start weights"):
        train(recipe, data, tmp_path, tmp_path / "runs")


def test_the_command_says_what_is_wrong_with_the_data_and_ends_with_two(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = make_toy_data(tmp_path / "data")
    (data / "train" / "labels" / "a.txt").write_text("9 0.5 0.5 0.2 0.2")
    (tmp_path / "start.pt").write_bytes(b"never opened")
    digest = hashlib.sha256(b"never opened").hexdigest()
    recipe = f'''
name = "toy"
version = "1"
license = "AGPL-3.0"
input_size = 64
start = {{ file = "start.pt", sha256 = "{digest}" }}
thresholds = {{ default = 0.5 }}
data = {{ classes = ["garbage"], train = [{{ folder = "train" }}], val = "val" }}
training = {{ epochs = 1, image_size = 64, seed = 0 }}
'''
    (tmp_path / "toy.toml").write_text(recipe)
    places = ["--data", str(data), "--weights", str(tmp_path), "--runs", str(tmp_path / "runs")]
    assert main([str(tmp_path / "toy.toml"), *places]) == 2
    assert "labels/a.txt:1: class 9 is out of range" in caplog.text
    assert not (tmp_path / "runs").exists()


def test_a_model_that_is_trained_is_not_exported_from_its_start(tmp_path: Path) -> None:
    with pytest.raises(BadRecipe, match="give the checkpoint"):
        export(toy_recipe(), tmp_path, tmp_path / "toy.onnx")
