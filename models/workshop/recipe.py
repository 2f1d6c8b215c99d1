"""A recipe: everything that decides what a model becomes, in one TOML file.

`models/recipes/NAME.toml` holds the start weights (by hash), the data folders, the picture size, the
augmentation, the seed and the thresholds. The same recipe on the same data gives the same model, within
what the arithmetic of another processor changes. Folders are relative to the data folder that the command
is given, weights to the weights folder: no recipe knows a machine.
"""

import hashlib
import json
import tomllib
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

RECIPES = Path(__file__).parent.parent / "recipes"


class BadRecipe(Exception):
    """A recipe that cannot be followed; the text names the file, the key and what is wrong with it."""


class UntrustedWeights(Exception):
    """Start weights whose hash the recipe does not list.

    A `.pt` file is a Python pickle: loading one runs whatever code its maker put in.
    """

    def __init__(self, path: Path, expected: str, found: str) -> None:
        self.path = path
        self.expected = expected
        self.found = found
        super().__init__(
            f"{path}: sha256 is {found}, the recipe lists {expected}. A .pt file runs code when it "
            "is loaded, so only files named by hash are opened; if you trust its maker, enter the hash in [start]"
        )


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Relative = Annotated[str, Field(min_length=1, pattern=r"^[^/].*$")]
Share = Annotated[float, Field(ge=0, le=1)]


class Start(_Part):
    """The weights that the model begins as: a file, its hash, and the class rows to keep of an ONNX one."""

    file: Relative
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    rows: dict[str, int] = {}


class Folder(_Part):
    """A folder of pictures, shown `repeat` times an epoch; `first` takes only so many, by name."""

    folder: Relative
    repeat: Annotated[int, Field(ge=1)] = 1
    first: Annotated[int, Field(ge=1)] | None = None


class Data(_Part):
    """What is learned from (`train`), what is ordinary (`backgrounds`), what measures (`val`)."""

    classes: tuple[str, ...]
    train: tuple[Folder, ...]
    val: Relative
    backgrounds: tuple[Folder, ...] = ()


class Paste(_Part):
    """Boxed things cut out and put on background pictures, to make the few there are go further.

    Attributes:
        pictures: how many composed pictures an epoch's set gets.
        onto: which of the recipe's background folders they are made from.
        height_share: least and greatest height of a pasted thing, as a share of the picture's.
        most: greatest number of things on one picture.
    """

    pictures: Annotated[int, Field(ge=1)]
    onto: tuple[Relative, ...]
    height_share: tuple[Share, Share]
    most: Annotated[int, Field(ge=1)] = 2


class Tiles(_Part):
    """Large pictures cut into overlapping squares, so that small things keep their pixels.

    Attributes:
        side_px: side of a square in the pixels of the picture.
        overlap: share of the side that neighbours have in common.
        least_visible: boxes of which less than this share lies in a tile are not learned from there.
        scales: the picture is cut once at each of these sizes, for views from other heights.
    """

    side_px: Annotated[int, Field(ge=64)]
    overlap: Share = 0.2
    least_visible: Share = 0.4
    scales: tuple[Annotated[float, Field(gt=0)], ...] = (1.0,)


class Training(_Part):
    """How long, how large, how fast; and the augmentation, by the names that ultralytics uses.

    Attributes:
        update_after: pictures between two steps of the optimiser (ultralytics' `nbs`).
        close_mosaic: epochs at the end that see whole pictures only.
        precision: of the forward and backward pass; bfloat16 is twice as fast on processors that have it.
        augmentation: name and value, as in ultralytics' configuration.
    """

    epochs: Annotated[int, Field(ge=1)]
    image_size: Annotated[int, Field(ge=32, multiple_of=32)]
    seed: int
    batch: Annotated[int, Field(ge=1)] = 16
    optimizer: str = "AdamW"
    learning_rate: Annotated[float, Field(gt=0)] = 0.001
    warmup_epochs: Annotated[float, Field(ge=0)] = 1.0
    close_mosaic: Annotated[int, Field(ge=0)] = 5
    update_after: Annotated[int, Field(ge=1)] = 16
    precision: Literal["float32", "bfloat16"] = "bfloat16"
    augmentation: dict[str, float] = {}


class Recipe(_Part):
    """One model from data to weights.

    Attributes:
        name: the model's name in the registry.
        version: of the weights that this recipe makes.
        license: SPDX identifier of the result.
        input_size: long side in pixels at which the product runs the model.
        thresholds: class name, or `default`, to the score from which a box counts.
        raising: classes that can raise an incident; empty means all.
        data, training: absent where the model is only cut from the start weights.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9-]+$")]
    version: str
    license: str
    input_size: Annotated[int, Field(ge=32, multiple_of=32)]
    start: Start
    thresholds: dict[str, Share]
    raising: tuple[str, ...] = ()
    data: Data | None = None
    training: Training | None = None
    paste: Paste | None = None
    tiles: Tiles | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        if (self.data is None) != (self.training is None):
            raise ValueError("a recipe has both [data] and [training], or neither")
        if self.data is None and not self.start.rows:
            raise ValueError("a recipe without [data] needs [start.rows]: the classes to keep")
        odd = set(self.thresholds) - {"default", *self.classes}
        if odd or not (set(self.classes) <= set(self.thresholds) or "default" in self.thresholds):
            raise ValueError(f"[thresholds] must give `default` or each class, and nothing else; odd: {sorted(odd)}")
        if not set(self.raising) <= set(self.classes):
            raise ValueError(f"raising must be among the classes {self.classes}, got {self.raising}")
        return self

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names in the order of the score rows."""
        return self.data.classes if self.data is not None else tuple(self.start.rows)

    @property
    def class_thresholds(self) -> dict[str, float]:
        """The threshold of each class, the default filled in."""
        default = self.thresholds.get("default", 0.0)
        return {name: self.thresholds.get(name, default) for name in self.classes}

    def start_weights(self, folder: Path) -> Path:
        """The start weights in `folder`, after their hash was checked.

        Raises:
            UntrustedWeights: it is another file.
            FileNotFoundError: there is none.
        """
        path = folder / PurePosixPath(self.start.file)
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != self.start.sha256:
            raise UntrustedWeights(path, self.start.sha256, found)
        return path


def read_recipe(name_or_path: str | Path) -> Recipe:
    """The shipped recipe of that name, or the one in that file.

    Raises:
        BadRecipe: there is none, it is not TOML, or a key is wrong.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        path = RECIPES / f"{name_or_path}.toml"
    try:
        return Recipe.model_validate_json(_as_json(path))
    except OSError as error:
        raise BadRecipe(f"{path}: {error.strerror}") from error
    except tomllib.TOMLDecodeError as error:
        raise BadRecipe(f"{path}: {error}") from error
    except ValidationError as error:
        lines = [f"{path}: {'.'.join(map(str, e['loc'])) or 'recipe'}: {e['msg']}" for e in error.errors()]
        raise BadRecipe("\n".join(lines)) from error


def _as_json(path: Path) -> bytes:
    """The recipe as JSON, where strict validation takes a list for a tuple."""
    return json.dumps(tomllib.loads(path.read_text(encoding="utf-8"))).encode()
