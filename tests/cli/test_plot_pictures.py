"""`gdrun plot RUN`: curves in the terminal, and the files of pictures."""

import json
import re
import struct
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest

import gdrun as package
from gdrun.cli.plot import KIND_NAMES
from gdrun.views.pictures.kinds import KINDS


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A directory with runs on iris with three seeds, a walk, a regression, and two studies."""
    out = tmp_path_factory.mktemp("runs")
    iris = {"name": "$x$_a", "dataset": "iris", "model": "softmax"}
    found = {
        f"seed{seed}": package.train(iris, "epochs=4", f"seed={seed}", out=out)
        for seed in (0, 1, 2)
    }
    moons = {"dataset": "moons", "model": {"name": "mlp"}}
    found["moons"] = package.train(moons, "epochs=3", "lr=0.05", out=out)
    found["walk"] = package.train({"surface": "bowl"}, "steps=20", "lr=0.05", out=out)
    line = {"dataset": "diabetes", "model": "linear"}
    found["line"] = package.train(line, "epochs=3", "lr=0.01", out=out)
    found["descent"] = package.train(
        line, "variant=bgd", "optimizer=vanilla", "epochs=9", "lr=0.05", out=out
    )
    arrays = np.random.default_rng(0).normal(size=(90, 2)), np.arange(90) % 2
    found["arrays"] = package.train({"model": "logistic"}, "epochs=3", data=arrays, out=out)
    found["signs"] = package.train(iris | {"name": "数\x1b[2J"}, "epochs=2", out=out)
    paths = {name: str(run.directory) for name, run in found.items()}
    before = set(out.iterdir())
    package.sweep(iris, {"lr": [0.01, 0.1, 1.0]}, "epochs=3", out=out)
    (paths["sweep"],) = map(str, set(out.iterdir()) - before)
    before = set(out.iterdir())
    package.sweep(
        iris, {"lr": [0.01, 0.1], "beta": [0.0, 0.9]}, "optimizer=momentum", "epochs=3", out=out
    )
    (paths["grid"],) = map(str, set(out.iterdir()) - before)
    before = set(out.iterdir())
    package.sweep(
        iris,
        {"lr": "log:0.001:1", "beta": "lin:0:0.9"},
        *("optimizer=momentum", "epochs=3"),
        search="random",
        trials=6,
        seeds=1,
        out=out,
    )
    (paths["search"],) = map(str, set(out.iterdir()) - before)
    before = set(out.iterdir())
    package.compare(["bgd", "mbgd"], iris, "epochs=3", seeds=2, out=out)
    (paths["comparison"],) = map(str, set(out.iterdir()) - before)
    return paths


SUBJECTS = {
    "curves": ["seed0"],
    "walk": ["walk"],
    "regions": ["moons"],
    "confusion": ["seed0"],
    "reliability": ["moons"],
    "residuals": ["line"],
    "layers": ["moons"],
    "diagnosis": ["arrays"],
    "landscape": ["moons"],
    "bounds": ["descent"],
    "curvature": ["moons"],
    "noise": ["seed0"],
    "sensitivity": ["sweep"],
    "heat": ["grid"],
    "scatter": ["search"],
    "comparison": ["comparison"],
}


def test_the_help_lists_every_kind(gdrun):
    assert tuple(KINDS) == KIND_NAMES == tuple(SUBJECTS)
    words = gdrun("plot", "--help").out.split()
    assert all(any(name == word.strip(".,:") for word in words) for name in KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_a_valid_png(gdrun, runs, tmp_path, monkeypatch, kind):
    monkeypatch.delenv("DISPLAY", raising=False)
    file = tmp_path / "picture.png"
    answer = gdrun(
        "plot", *(runs[name] for name in SUBJECTS[kind]), "--kind", kind, "-o", str(file)
    )
    assert answer.code == 0, answer.err
    data = file.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    # 150 dots per inch; all pictures are 5 to 7 inches wide.
    assert 5 * 150 <= width <= 7 * 150
    assert height >= 2 * 150


@pytest.mark.longer
def test_text_in_svg_is_text_as_the_user_wrote_it(gdrun, runs, tmp_path):
    file = tmp_path / "a.svg"
    assert gdrun("plot", runs["seed0"], "-o", str(file)).code == 0
    texts = ["".join(node.itertext()) for node in ElementTree.parse(file).iter()]
    assert {"$x$_a", "training", "validation", "loss", "epoch"} <= set(texts)


@pytest.mark.longer
def test_a_pdf_embeds_its_fonts_as_truetype(gdrun, runs, tmp_path):
    file = tmp_path / "a.pdf"
    assert gdrun("plot", "--schedule", "-o", str(file)).code == 0
    data = file.read_bytes()
    assert data.startswith(b"%PDF")
    # A TrueType font is embedded as the stream FontFile2; Type 3 fonts have none.
    assert b"/FontFile2" in data
    assert b"/Type3" not in data


@pytest.mark.slow
def test_a_walk_is_animated(gdrun, runs, tmp_path):
    from PIL import Image

    file = tmp_path / "a.gif"
    assert gdrun("plot", runs["walk"], "-o", str(file)).code == 0
    with Image.open(file) as picture:
        # One frame for the start and for each of the 20 steps; equal frames are joined.
        assert 2 <= picture.n_frames <= 21


@pytest.mark.longer
def test_runs_with_seeds_give_the_median_and_quartiles(gdrun, runs):
    answer = gdrun("plot", *(runs[f"seed{k}"] for k in range(3)), "--json", "--x", "step")
    loss, *_ = json.loads(answer.out)
    losses = [package.read_run(runs[f"seed{k}"]).evals["train_loss"] for k in range(3)]
    training = loss["curves"][0]
    assert training["label"] == "training"
    np.testing.assert_allclose(training["y"], np.median(losses, axis=0))
    np.testing.assert_allclose(training["low"], np.percentile(losses, 25, axis=0))
    np.testing.assert_allclose(training["high"], np.percentile(losses, 75, axis=0))


@pytest.mark.longer
def test_a_name_cannot_write_control_characters_or_warn(gdrun, runs, tmp_path):
    for suffix in (".png", ".svg"):
        file = tmp_path / f"a{suffix}"
        answer = gdrun("plot", runs["signs"], "-o", str(file))
        assert answer.code == 0
        assert "Warning" not in answer.err
    assert answer.err == ""
    text = file.read_text()
    assert "数" in text and "\x1b" not in text and "\\x1b[2J" in text


def test_suboptimality_reaches_the_terminal(gdrun, runs):
    (chart,) = json.loads(gdrun("plot", runs["walk"], "--y", "suboptimality", "--json").out)
    # The minimum of the bowl is 0, so f − f* is f.
    losses = package.read_run(runs["walk"]).evals["train_loss"]
    np.testing.assert_allclose(chart["curves"][0]["y"], losses)


@pytest.mark.longer
@pytest.mark.parametrize("width", [40, 80, 120])
def test_curves_fit_the_terminal(gdrun, runs, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    for name in ("walk", "grid", "seed0", "sweep", "comparison"):
        answer = gdrun("plot", runs[name])
        lines = answer.page.splitlines()
        assert answer.code == 0
        assert max(map(len, lines)) <= width
    assert lines[0] == "$x$_a: median of 2 seeds"


def test_the_scale_of_the_loss_can_be_chosen(gdrun, runs):
    name = str(runs["logistic"]) if "logistic" in runs else str(next(iter(runs.values())))
    for scale, words in (("log", "\nloss (log scale)\n"), ("linear", "\nloss\n")):
        answer = gdrun("plot", name, "--scale", scale)
        assert (answer.code, words in answer.out) == (0, True)
        assert f"--scale {scale} -o" in answer.out  # in the command that writes a picture


@pytest.mark.longer
def test_a_file_is_never_replaced_without_force(gdrun, runs, tmp_path):
    file = tmp_path / "a.png"
    file.write_text("mine")
    answer = gdrun("plot", runs["seed0"], "-o", str(file))
    assert answer.code == 2
    assert "hint: add --force" in answer.err
    assert file.read_text() == "mine"
    assert gdrun("plot", runs["seed0"], "-o", str(file), "--force").code == 0
    assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["seed0", "-o", "a.bmp"], ".bmp is not a known format"),
        (["seed0", "-o", "a"], "the file needs a suffix"),
        (["seed0", "-o", "a.gif"], "only walks on surfaces are animated"),
        (["walk", "-o", "a.gif", "--kind", "curves"], "hint: only a walk on a surface is animated"),
        (["seed0", "-o", "missing/a.png"], "cannot be written: No such file or directory"),
        (["seed0", "moons", "-o", "a.png"], "has another dataset"),
        (["seed0", "walk", "-o", "a.png"], "has another surface"),
        (["seed0", "sweep"], "is a study, which must be drawn alone"),
        (
            ["sweep", "-o", "a.png", "--kind", "regions"],
            "regions needs exactly one run, got a sweep",
        ),
        (["seed0", "-o", "a.png", "--kind", "heat"], "heat needs a sweep, got 1 run"),
        (["seed0", "-o", "a.png", "--kind", "wakl"], "did you mean"),
        (["seed0", "--kind", "wakl"], "did you mean"),
        (["seed0", "--kind", "accuracy"], "hint: --y accuracy draws it"),
        (["seed0", "--kind", "regions"], "hint: add -o regions.png"),
        (["seed0", "--kind=walk"], "is not a run on a surface"),
        (["comparison", "--kind=walk"], "walk needs a comparison on a surface"),
        (["sweep", "--kind", "heat"], "two"),
        (["seed0", "-o", "a.png", "--kind", "regions"], "need classes and two features"),
        (["seed0", "-o", "a.png", "--kind", "residuals"], "residuals need a regression"),
        (["line", "-o", "a.png", "--kind", "confusion"], "has no confusion matrix"),
        (["line", "-o", "a.png", "--kind", "layers"], "has no gradient norms of layers"),
        (["arrays", "-o", "a.png", "--kind", "regions"], "was trained on arrays from Python"),
        (["arrays", "-o", "a.png", "--kind", "noise"], "was trained on arrays from Python"),
        (["arrays", "--y", "suboptimality"], "was trained on arrays from Python"),
        (["walk", "-o", "a.png", "--kind", "landscape"], "is a run on a surface"),
        (["walk", "-o", "a.png", "--kind", "regions"], "is a run on a surface"),
        (["walk", "-o", "a.png", "--kind", "noise"], "its gradient has no noise"),
        (
            ["seed0", "-o", "a.png", "--kind", "bounds"],
            "no bound applies: bounds need full gradient",
        ),
        (["seed0", "--y", "acuracy"], "--y: 'acuracy' was not recorded"),
        (["seed0", "--y", "epoch"], "--y: epoch is an x axis, not a quantity"),
        (["sweep", "--kind", "curves", "--y", "step"], "--y: step is an x axis, not a quantity"),
        (["seed0", "--kind", "train_loss"], "hint: --y train_loss draws it"),
        (["moons", "--y", "suboptimality"], "the minimum f* of the objective is not known"),
        (["sweep", "--y", "loss"], "--y: applies only to curves, not to sensitivity"),
        (
            ["sweep", "--x", "step"],
            "--x: applies only to curves and comparisons, not to sensitivity",
        ),
        (["grid", "--x", "step"], "--x: applies only to curves and comparisons, not to heat"),
        (["comparison", "--y", "loss"], "--y: applies only to curves, not to comparison"),
        (["sweep", "--kind", "curves", "--x", "seconds"], "--x: the seconds are unknown: only a"),
        (["sweep", "--kind", "curves", "--y", "los"], "did you mean"),
        (
            ["walk", "--kind=walk", "--x", "step"],
            "--x: applies only to curves and comparisons, not to walk",
        ),
        (["sweep", "--scale", "log", "-o", "s.png"], "applies to curves and comparison, not to"),
        (["seed0", "-o", "a.png", "--kind", "layers", "--y", "loss"], "applies only to curves"),
        (["seed0", "--x", "time"], "there is no x axis 'time'"),
    ],
)
def test_bad_input_says_what_to_do(gdrun, runs, tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    answer = gdrun("plot", *(runs.get(word, word) for word in words))
    assert answer.code == 2
    assert message in answer.err
    assert "hint: " in answer.err
    assert not list(Path().iterdir())


@pytest.mark.longer
def test_the_kind_in_a_hint_can_be_drawn_for_a_run_on_arrays(gdrun, runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    answer = gdrun("plot", runs["arrays"], "-o", "a.svg", "--kind", "noise")
    (kind,) = re.findall("hint: choose a kind that needs no data, such as (.+); or", answer.err)
    assert gdrun("plot", runs["arrays"], "-o", "a.svg", "--kind", kind).code == 0


def test_the_terminal_draws_only_the_kind_that_is_named(gdrun, runs):
    walk = gdrun("plot", runs["walk"], "--kind", "walk").out
    assert "*: minimum" in walk
    assert "gradient norm" not in walk
    curves = gdrun("plot", runs["walk"], "--kind", "curves").out
    assert "*: minimum" not in curves
    assert "gradient norm" in curves
    (*_, command) = walk.splitlines()
    assert command.endswith("--kind walk -o walk.png")


@pytest.mark.longer
def test_the_terminal_names_a_picture_of_each_kind_that_it_has_shown(
    gdrun, runs, contenders, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    subjects = {
        str(contenders[1]): ["walk.png", "plot.png"],
        runs["walk"]: ["walk.png", "curves.png"],
    }
    for subject, files in subjects.items():
        *_, _, first, _, second = gdrun("plot", subject).out.splitlines()
        assert first.endswith(files[0]) and second.endswith(files[1])
        for command in (first, second):
            _, *words = command.split()
            assert gdrun(*words, "--force").code == 0
        (*_, named) = gdrun("plot", subject, "--x", "step").out.splitlines()
        assert "--x step" in named


def test_a_study_is_drawn_over_the_axis_that_is_named(gdrun, runs):
    found = json.loads(gdrun("plot", runs["comparison"], "--x", "step", "--json").out)
    # Iris has 120 training rows: 1 step an epoch with full batches, 2 with batches of 64.
    ends = [[curve["x"][-1] for curve in chart["curves"]] for chart in found]
    assert [chart["x"] for chart in found] == ["step"] * len(found)
    assert ends == [[3, 6]] * len(found)


@pytest.mark.longer
def test_every_recorded_column_is_drawn_by_its_name(gdrun, runs):
    """Also as metric= spells it; `loss` is the losses of both parts."""
    run = package.read_run(runs["seed0"])
    axes = {"epoch", "step", "gradients", "seconds"}
    for columns in (run.evals, run.steps):
        for name in columns.keys() - axes:
            (chart,) = json.loads(gdrun("plot", runs["seed0"], "--y", name, "--json").out)
            assert [curve["y"] for curve in chart["curves"]] == [list(columns[name])], name
            assert chart["y"] == {"grad_norm": "gradient norm", "lr": "learning rate"}.get(
                name, name.replace("_", " ")
            )
    wide = json.loads(gdrun("plot", runs["seed0"], "--y", "loss", "--json").out)[0]["curves"]
    assert [curve["label"] for curve in wide] == ["training", "validation"]
    for study in ([], ["--kind", "curves"]):
        words = ("plot", runs["sweep" if study else "seed0"], *study, "--json", "--y")
        assert gdrun(*words, "val loss").out == gdrun(*words, "validation_loss").out


def test_curves_of_a_sweep_are_those_of_its_runs(gdrun, runs):
    drawn = json.loads(
        gdrun("plot", runs["sweep"], "--kind", "curves", "--y", "train_loss", "--json").out
    )
    iris = {"name": "$x$_a", "dataset": "iris", "model": "softmax"}
    labels = [curve["label"] for curve in drawn[0]["curves"]]
    assert labels == ["lr=0.01", "lr=0.1", "lr=1"]
    for rate, curve in zip((0.01, 0.1, 1.0), drawn[0]["curves"], strict=True):
        alone = package.train(iris, "epochs=3", f"lr={rate}")
        np.testing.assert_allclose(curve["y"], alone.evals["train_loss"], rtol=1e-9)
