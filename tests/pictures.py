"""Draw the pictures of the README again: `python tests/pictures.py`, or `make pictures`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image

import gdrun
from gdrun.cli.app import command_line

PICTURES = Path(__file__).resolve().parents[1] / ".pictures"


def train(out: Path, config: dict[str, object], *changes: str) -> str:
    """Train a run in `out`, and return its directory."""
    return str(gdrun.train(config, *changes, out=out).directory)


def study(out: Path, run: Callable[[], object]) -> str:
    """Run a sweep or a comparison, which writes to `out`, and return its directory."""
    before = set(out.iterdir())
    run()
    (directory,) = map(str, set(out.iterdir()) - before)
    return directory


def subjects(out: Path) -> dict[str, list[str]]:
    """For each picture, the words of `gdrun plot`: runs or a study, and a kind."""
    iris = {"name": "iris", "dataset": "iris", "model": "softmax", "engine": "numpy"}
    methods = ("optimizer=vanilla lr=0.02", "optimizer=momentum lr=0.02", "optimizer=adam lr=0.02")
    curves = [
        train(out, iris, *method.split(), f"seed={seed}", "epochs=30", "batch_size=16")
        for method in methods
        for seed in range(5)
    ]
    himmelblau = {"name": "himmelblau", "surface": "himmelblau"}
    walks = ("optimizer=momentum lr=0.003", "optimizer=adam lr=0.2", "optimizer=vanilla lr=0.005")
    network = {"name": "spirals", "dataset": "spirals", "model": {"name": "mlp", "hidden": [16]}}
    spirals = train(out, network, "optimizer=adam", "lr=0.01", "epochs=100", "engine=numpy")
    noisy = {"name": "moons", "dataset": {"name": "moons", "n": 200, "noise": 0.4}}
    network = {"name": "mlp", "hidden": [64, 64]}
    overfit = train(out, noisy | {"model": network}, "optimizer=adam", "lr=0.005", "epochs=120")
    line = {"name": "diabetes", "dataset": "diabetes", "model": "linear", "engine": "numpy"}
    full = ("variant=bgd", "optimizer=vanilla", "epochs=60")
    rates = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0]
    sweep = study(out, lambda: gdrun.sweep(line, {"lr": rates}, *full, seeds=3, out=out))
    tumours = {"name": "breast cancer", "dataset": "breast-cancer", "model": "logistic"}
    values = {"lr": [0.01, 0.03, 0.1, 0.3, 1.0, 3.0], "beta": [0.0, 0.5, 0.8, 0.9, 0.95]}
    both = ("optimizer=momentum", "epochs=3", "engine=numpy")
    heat = study(out, lambda: gdrun.sweep(tumours, values, *both, out=out))
    ranges = {"lr": "log:0.001:3", "beta": "lin:0:0.95"}
    search = {"search": "random", "trials": 60, "seeds": 1, "out": out}
    scatter = study(out, lambda: gdrun.sweep(tumours, ranges, *both, **search))
    contenders = ["bgd+lr=0.5", "mbgd", "mbgd+adam"]
    steps = ("lr=0.1", "epochs=20", "engine=numpy")
    comparison = study(out, lambda: gdrun.compare(contenders, iris, *steps, seeds=7, out=out))
    images = {"name": "digits", "dataset": "digits", "model": "softmax", "engine": "numpy"}
    classes = train(out, images, "epochs=2", "lr=0.05")
    patients = train(out, line, "lr=0.05", "epochs=30")
    bounded = train(out, line, "variant=bgd", "optimizer=vanilla", "lr=0.1", "epochs=200")
    deep = {"name": "mlp", "hidden": [32] * 6, "activation": "sigmoid", "init": "xavier"}
    digits = {"name": "deep network", "dataset": "digits", "model": deep}
    layers = train(out, digits, "optimizer=adam", "epochs=20", "engine=numpy")
    small = {"name": "moons", "dataset": "moons", "model": {"name": "mlp", "hidden": [8]}}
    curved = train(out, small, "variant=bgd", "optimizer=vanilla", "lr=0.5", "epochs=200")
    return {
        "curves.png": [*curves, "--y", "suboptimality"],
        "walk.png": [train(out, himmelblau, *walk.split(), "steps=120") for walk in walks],
        "sensitivity.png": [sweep],
        "heat.png": [heat],
        "scatter.png": [scatter],
        "comparison.png": [comparison],
        **{
            f"{kind}.png": [run, "--kind", kind]
            for kind, run in {
                "diagnosis": overfit,
                "regions": spirals,
                "landscape": spirals,
                "confusion": classes,
                "reliability": classes,
                "residuals": patients,
                "layers": layers,
                "bounds": bounded,
                "curvature": curved,
                "noise": patients,
            }.items()
        },
    }


def shrink(file: Path) -> None:
    """Store a picture with 80 colours, which makes it several times smaller."""
    with Image.open(file) as picture:
        small = picture.convert("RGB").quantize(80, dither=Image.Dither.NONE)
    small.save(file, optimize=True)


if __name__ == "__main__":
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        for name, words in subjects(Path(place)).items():
            command_line(["plot", *words, "--force", "-o", str(PICTURES / name)])
            shrink(PICTURES / name)
