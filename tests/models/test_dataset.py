"""Nothing is trained on a data set that fails its check, and the check says where."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from models.workshop.dataset import BadDataset, Labelled, content_hash, read_ordinary, read_set
from models.workshop.merge import merged_folder
from models.workshop.recipe import Data, Folder, Recipe, Start, Tiles, Training
from models.workshop.tiling import starts, tiles_of

GREY = np.full((64, 96, 3), 114, np.uint8)


def make_set(folder: Path, labels: dict[str, str], classes: str = "bin\ngarbage\n") -> Path:
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    (folder / "classes.txt").write_text(classes, encoding="utf-8")
    for stem, text in labels.items():
        cv2.imwrite(str(folder / "images" / f"{stem}.jpg"), GREY)
        (folder / "labels" / f"{stem}.txt").write_text(text, encoding="utf-8")
    return folder


def problems_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(BadDataset) as caught:
        read_set(folder, ["garbage"])
    return caught.value.problems


def test_classes_are_matched_by_name_and_others_left_out(tmp_path: Path) -> None:
    folder = make_set(tmp_path, {"a": "1 0.5 0.5 0.2 0.2\n0 0.1 0.1 0.1 0.1\n", "b": ""})
    a, b = read_set(folder, ["garbage"])
    assert a.boxes.tolist() == [[0, 0.5, 0.5, 0.2, 0.2]]
    assert b.boxes.shape == (0, 5)


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("2 0.5 0.5 0.2 0.2", "class 2 is out of range, classes.txt has 2 names"),
        ("1 0.5 0.5 0.2", "got 4 fields"),
        ("1 0.5 O.5 0.2 0.2", "not numbers"),
        ("1 50 50 20 20", "does not lie in the picture"),
        ("1 0.5 0.5 nan 0.2", "does not lie in the picture"),
    ],
)
def test_a_bad_label_is_named_by_file_and_line(tmp_path: Path, line: str, complaint: str) -> None:
    folder = make_set(tmp_path, {"a": f"1 0.5 0.5 0.2 0.2\n\n{line}\n"})
    (problem,) = problems_of(folder)
    assert problem.startswith(f"{folder}/labels/a.txt:3: ")
    assert complaint in problem


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    folder = make_set(tmp_path, {"a": "7 0.5 0.5 0.2 0.2", "b": "1 0.5 0.5 0.2 0.2"})
    (folder / "images" / "b.jpg").write_bytes(b"no picture")
    (folder / "labels" / "orphan.txt").write_text("")
    told = "\n".join(problems_of(folder))
    assert "a.txt:1: class 7" in told
    assert "b.jpg: does not decode" in told
    assert "orphan.txt: no picture of that name" in told


def test_a_jpeg_that_ends_early_is_refused(tmp_path: Path) -> None:
    folder = make_set(tmp_path, {"a": "1 0.5 0.5 0.2 0.2"})
    path = folder / "images" / "a.jpg"
    path.write_bytes(path.read_bytes()[:-20])
    assert problems_of(folder) == (f"{path}: the JPEG ends early",)


def test_sets_without_pictures_boxes_or_the_wanted_class_are_refused(tmp_path: Path) -> None:
    assert "no pictures" in problems_of(make_set(tmp_path / "empty", {}))[0]
    assert "not one box" in problems_of(make_set(tmp_path / "boxless", {"a": ""}))[0]
    assert "none of the classes" in problems_of(make_set(tmp_path / "other", {"a": ""}, "cat\n"))[0]
    with pytest.raises(BadDataset, match="no pictures"):
        read_ordinary(tmp_path / "empty")


def test_the_hash_follows_pictures_and_boxes(tmp_path: Path) -> None:
    (item,) = read_set(make_set(tmp_path, {"a": "1 0.5 0.5 0.2 0.2"}), ["garbage"])
    moved = Labelled(item.picture, item.boxes + 0.001)
    assert content_hash([item]) == content_hash([item])
    assert content_hash([item]) != content_hash([moved])


def test_tiles_cover_the_picture_and_keep_the_boxes_where_they_are() -> None:
    assert starts(640, 640, 0.2) == (0,)
    assert starts(1600, 640, 0.2) == (0, 480, 960)
    picture = np.zeros((100, 200, 3), np.uint8)
    picture[40:60, 120:140] = 255
    boxes = np.array([[0, 130 / 200, 0.5, 20 / 200, 0.2]])
    seen = 0
    for _, part, inside in tiles_of(picture, boxes, Tiles(side_px=100)):
        for _, x, y, w, h in inside:
            left, top = round((x - w / 2) * part.shape[1]), round((y - h / 2) * part.shape[0])
            right, bottom = round((x + w / 2) * part.shape[1]), round((y + h / 2) * part.shape[0])
            assert part[top:bottom, left:right].min() == 255
            seen += 1
    assert seen == 2, "two overlapping tiles hold the box"


def toy_recipe(**changes: object) -> Recipe:
    parts: dict[str, object] = {
        "name": "toy",
        "version": "1",
        "license": "AGPL-3.0",
        "input_size": 64,
        "start": Start(file="start.pt", sha256="0" * 64),
        "thresholds": {"default": 0.5},
        "data": Data(
            classes=("garbage",),
            train=(Folder(folder="train", repeat=2),),
            val="val",
            backgrounds=(Folder(folder="quiet", first=1),),
        ),
        "training": Training(epochs=1, image_size=64, seed=0),
    }
    return Recipe.model_validate(parts | changes)


def make_toy_data(root: Path) -> Path:
    make_set(root / "train", {"a": "1 0.5 0.5 0.2 0.2", "b": "1 0.4 0.4 0.2 0.2\n0 0.1 0.1 0.1 0.1"})
    make_set(root / "val", {"c": "1 0.5 0.5 0.2 0.2"})
    make_set(root / "quiet", {"d": "", "e": ""})
    return root


def test_the_merged_folder_is_made_once_and_anew_when_the_data_changes(tmp_path: Path) -> None:
    data = make_toy_data(tmp_path / "data")
    first = merged_folder(toy_recipe(), data, tmp_path / "merged")
    assert len(list((first / "images" / "train").iterdir())) == 2 * 2 + 1
    assert (first / "labels" / "train" / "boxed0_b_r1.txt").read_text() == "0 0.400000 0.400000 0.200000 0.200000"
    assert merged_folder(toy_recipe(), data, tmp_path / "merged") == first
    (data / "train" / "labels" / "a.txt").write_text("1 0.6 0.5 0.2 0.2")
    assert merged_folder(toy_recipe(), data, tmp_path / "merged") != first


def test_nothing_is_merged_when_one_folder_is_bad(tmp_path: Path) -> None:
    data = make_toy_data(tmp_path / "data")
    (data / "quiet" / "images" / "d.jpg").write_bytes(b"")
    with pytest.raises(BadDataset, match=r"d\.jpg: does not decode"):
        merged_folder(toy_recipe(), data, tmp_path / "merged")
    assert not (tmp_path / "merged").exists()
