"""A recipe's data folders made into the one folder that training reads, outside the tree.

    DATA/NAME-HASH/images/{train,val}/   pictures: links to the originals, tiles and composed ones as files
                  /labels/{train,val}/   YOLO text
                  /data.yaml             for ultralytics
                  /data.json             what it was made of, and its hash

The folder's name holds the hash of what went in, so a changed picture, label or recipe makes another folder
and a second run finds the first one's. It appears whole or not at all.
"""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from models.workshop.dataset import BadDataset, Boxes, Labelled, content_hash, read_ordinary, read_set
from models.workshop.paste import compose, cut_out
from models.workshop.recipe import Data, Folder, Recipe
from models.workshop.tiling import Picture, tiles_of

JPEG_QUALITY = 92


@dataclass(frozen=True, slots=True)
class Sources:
    """Everything a recipe reads, checked.

    Attributes:
        train: folder and its pictures, boxed.
        backgrounds: folder and its pictures, ordinary.
        val: boxed pictures that only measure.
    """

    train: tuple[tuple[Folder, tuple[Labelled, ...]], ...]
    backgrounds: tuple[tuple[Folder, tuple[Labelled, ...]], ...]
    val: tuple[Labelled, ...]

    def hash(self) -> str:
        """sha256 of all of it, hex."""
        parts = [content_hash(items) for _, items in (*self.train, *self.backgrounds)]
        return hashlib.sha256("".join([*parts, content_hash(self.val)]).encode()).hexdigest()


def read_sources(data: Data, root: Path) -> Sources:
    """Read and check every folder of a recipe.

    Raises:
        BadDataset: with the problems of all folders together.
    """
    problems: list[str] = []

    def checked(folder: Folder, ordinary: bool) -> tuple[Labelled, ...]:
        path = root / folder.folder
        try:
            items = read_ordinary(path) if ordinary else read_set(path, data.classes)
        except BadDataset as error:
            problems.extend(error.problems)
            return ()
        return items[: folder.first]

    train = tuple((folder, checked(folder, ordinary=False)) for folder in data.train)
    backgrounds = tuple((folder, checked(folder, ordinary=True)) for folder in data.backgrounds)
    val = checked(Folder(folder=data.val), ordinary=False)
    if problems:
        raise BadDataset(problems)
    return Sources(train, backgrounds, val)


def merged_folder(recipe: Recipe, root: Path, into: Path) -> Path:
    """The folder to train a recipe from, made if it is not there yet.

    Args:
        recipe: one with [data].
        root: folder that the recipe's data folders are relative to.
        into: where merged folders stand.

    Returns:
        The folder; its `data.json` holds the data hash.

    Raises:
        BadDataset: something is wrong with the data; nothing is made then.
    """
    if recipe.data is None or recipe.training is None:
        raise ValueError(f"recipe {recipe.name} has no [data]: it is only exported")
    sources = read_sources(recipe.data, root)
    made_with = recipe.model_dump(include={"data", "paste", "tiles"}, mode="json")
    made_with["seed"] = recipe.training.seed
    told = json.dumps(made_with, sort_keys=True)
    digest = hashlib.sha256((sources.hash() + told).encode()).hexdigest()
    folder = into / f"{recipe.name}-{digest[:12]}"
    if folder.exists():
        return folder
    half_made = folder.with_name(folder.name + ".part")
    shutil.rmtree(half_made, ignore_errors=True)
    counts = _fill(half_made, recipe, sources)
    _write_yaml(half_made, folder, recipe.data.classes)
    about = {"sha256": digest, "pictures": counts, "made_with": made_with}
    (half_made / "data.json").write_text(json.dumps(about, indent=1), encoding="utf-8")
    half_made.rename(folder)
    return folder


def _fill(folder: Path, recipe: Recipe, sources: Sources) -> dict[str, int]:
    """Write pictures and labels; the number of each kind."""
    counts = {"boxed": 0, "ordinary": 0, "composed": 0, "val": 0}
    for part in ("train", "val"):
        (folder / "images" / part).mkdir(parents=True)
        (folder / "labels" / part).mkdir(parents=True)
    for kind, sets in (("boxed", sources.train), ("ordinary", sources.backgrounds)):
        for number, (source, items) in enumerate(sets):
            for item in tqdm(items, desc=source.folder, unit="picture"):
                for name, picture, boxes in _views(item, recipe):
                    for turn in range(source.repeat):
                        stem = f"{kind}{number}_{item.picture.stem}_{name}r{turn}"
                        _put(folder, "train", stem, picture, boxes)
                        counts[kind] += 1
    for item in sources.val:
        for name, picture, boxes in _views(item, recipe):
            _put(folder, "val", f"{item.picture.stem}_{name}", picture, boxes)
            counts["val"] += 1
    for number, (composed, boxes) in enumerate(_composed(recipe, sources)):
        _put(folder, "train", f"composed_{number:05d}", composed, boxes)
        counts["composed"] += 1
    return counts


def _views(item: Labelled, recipe: Recipe) -> Iterator[tuple[str, Path | Picture, Boxes]]:
    """The picture itself, or its tiles where the recipe cuts it."""
    if recipe.tiles is None:
        yield "", item.picture, item.boxes
        return
    picture = cv2.imread(str(item.picture), cv2.IMREAD_COLOR)
    if picture is None:
        raise ValueError(f"{item.picture} does not decode")
    for name, part, boxes in tiles_of(np.asarray(picture, np.uint8), item.boxes, recipe.tiles):
        yield f"{name}_", part, boxes


def _composed(recipe: Recipe, sources: Sources) -> Iterator[tuple[Picture, Boxes]]:
    """The pictures that the recipe's [paste] asks for."""
    if recipe.paste is None or recipe.training is None:
        return
    rng = np.random.default_rng(recipe.training.seed)
    cutouts = cut_out([item for _, items in sources.train for item in items], rng)
    streets = [item for source, items in sources.backgrounds if source.folder in recipe.paste.onto for item in items]
    if not cutouts or not streets:
        raise BadDataset([f"[paste] needs things to cut out ({len(cutouts)}) and streets ({len(streets)})"])
    for number in tqdm(range(recipe.paste.pictures), desc="composed", unit="picture"):
        street = cv2.imread(str(streets[number % len(streets)].picture), cv2.IMREAD_COLOR)
        if street is not None:
            yield compose(np.asarray(street, np.uint8), cutouts, recipe.paste, rng)


def _put(folder: Path, part: str, stem: str, picture: Path | Picture, boxes: Boxes) -> None:
    if isinstance(picture, Path):
        (folder / "images" / part / f"{stem}{picture.suffix}").symlink_to(picture.resolve())
    else:
        path = folder / "images" / part / f"{stem}.jpg"
        cv2.imwrite(str(path), picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    lines = [f"{int(row[0])} " + " ".join(f"{value:.6f}" for value in row[1:]) for row in boxes]
    (folder / "labels" / part / f"{stem}.txt").write_text("\n".join(lines), encoding="utf-8")


def _write_yaml(folder: Path, final: Path, classes: tuple[str, ...]) -> None:
    """JSON is YAML: ultralytics reads it, and no YAML library is needed to write it."""
    names = dict(enumerate(classes))
    told = {"path": str(final.resolve()), "train": "images/train", "val": "images/val", "names": names}
    (folder / "data.yaml").write_text(json.dumps(told, indent=1), encoding="utf-8")
