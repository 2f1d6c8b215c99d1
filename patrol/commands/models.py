"""`patrol models`: the weights that ship, how good they are, and how better ones are made."""

import importlib
import json
import sys

import click

from models.registry import ModelEntry, Registry, RegistryError
from patrol.errors import RequestProblem

_STEPS = {
    "eval": ("evaluate", "NAME DATA [--quiet DIR] [--json]: average precision, recall, false alarms. Needs no torch."),
    "compare": ("compare", "OLD NEW DATA [--json]: what a new model gains and loses, picture by picture."),
    "thresholds": ("thresholds", "NAME DATA [--quiet DIR]: recall and false alarms over thresholds."),
    "failures": ("failures", "NAME DATA --sheets DIR: the misses and false boxes, drawn."),
    "train": ("train", "RECIPE --data DIR --weights DIR --runs DIR: train, or go on after any stop."),
    "export": ("export", "RECIPE --weights DIR --out FILE: one ONNX file of the form that ships."),
    "promote": ("promote", "CANDIDATE: ship it, with its card or not at all."),
}
"""Subcommand to module of `models/workshop/` and a line of help; each module has its own options."""


@click.group()
def models() -> None:
    """The weights that ship, how good they are, and how better ones are made."""


@models.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="A JSON list and nothing else on stdout.")
def list_models(as_json: bool) -> None:
    """What this release ships; each file is checked against its hash."""
    try:
        entries = list(Registry.shipped())
        sizes = [len(entry.load_bytes()) for entry in entries]
    except RegistryError as problem:
        raise RequestProblem(str(problem)) from problem
    if as_json:
        click.echo(json.dumps([_row(entry, size) for entry, size in zip(entries, sizes, strict=True)]))
        return
    for entry, size in zip(entries, sizes, strict=True):
        click.echo(f"{entry.name} {entry.version}  {size / 1e6:.1f} MB  {entry.sha256[:16]}  {entry.license}")
        click.echo(f"  {', '.join(entry.classes)}")


def _row(entry: ModelEntry, size: int) -> dict[str, object]:
    return {
        "name": entry.name,
        "version": entry.version,
        "bytes": size,
        "sha256": entry.sha256,
        "classes": list(entry.classes),
        "license": entry.license,
        "card": str(entry.card),
    }


def _step(name: str, module: str, text: str) -> click.Command:
    @click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
    def call(arguments: tuple[str, ...]) -> None:
        try:
            sys.exit(importlib.import_module(f"models.workshop.{module}").main(list(arguments)))
        except RegistryError as problem:
            raise RequestProblem(str(problem)) from problem
        except ModuleNotFoundError as missing:
            if missing.name not in {"torch", "ultralytics", "onnx", "torchvision"}:
                raise
            raise RequestProblem(
                f"{missing.name} is not installed: `make train-setup` makes its environment"
            ) from missing

    settings = {"ignore_unknown_options": True, "help_option_names": []}
    return click.command(name=name, help=text, short_help=text, context_settings=settings)(call)


for _name, (_module, _text) in _STEPS.items():
    models.add_command(_step(_name, _module, _text))
