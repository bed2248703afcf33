"""The contents of a report and its HTML file, without a browser."""

import base64
import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from plotly.offline import get_plotlyjs

import gdrun
from gdrun.errors import MissingExtraError
from gdrun.study.judgement.importance import explained_share
from gdrun.views.data_line import data_line
from gdrun.views.numbers import duration
from gdrun.views.report import contents, of_runs, of_study, page, report_page
from gdrun.views.report.packing import packed


def unpacked(text):
    return np.frombuffer(base64.b64decode(text["data"]), f"<{text['type']}")


@pytest.mark.parametrize(
    ("numbers", "kind"),
    [
        ([1.5, -2.0, 0.0], "f4"),
        ([np.nan, np.inf, -np.inf, 3.0], "f4"),
        ([2**24], "f4"),
        ([2**24 + 1], "f8"),
        ([1e300, 1.0], "f8"),
        ([1e-300, 1.0], "f8"),
        ([], "f4"),
    ],
)
def test_arrays_are_packed_in_the_shortest_type_that_holds_them(numbers, kind):
    text = packed(np.array(numbers))
    assert text["type"] == kind
    np.testing.assert_array_equal(unpacked(text), numbers)


class Scripts(HTMLParser):
    """The elements script of a page: their attributes and texts; and all links to other files."""

    def __init__(self, text):
        super().__init__()
        self.scripts, self.links, self.open = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href")]
        self.open = tag == "script"
        if self.open:
            self.scripts.append((dict(attributes), ""))

    def handle_data(self, data):
        if self.open:
            attributes, text = self.scripts[-1]
            self.scripts[-1] = attributes, text + data

    def handle_endtag(self, tag):
        self.open = False


HOSTILE = "</script><script>alert(1)</script><!-- program --> & ünï"


def test_a_name_cannot_leave_the_contents_of_the_page():
    run = gdrun.train({"name": HOSTILE, "dataset": "iris", "model": "softmax"}, "epochs=2")
    found = Scripts(report_page(of_runs([run]) | {"subtitle": HOSTILE}))
    assert [attributes.get("type") for attributes, _ in found.scripts] == [
        "application/json",
        None,
        None,
    ]
    assert found.links == []
    assert found.scripts[1][1] == get_plotlyjs()
    read = json.loads(found.scripts[0][1])
    assert read["title"] == read["runs"][0]["name"] == read["subtitle"] == HOSTILE
    place = read["runs"][0]["evals"]["train_loss"]
    np.testing.assert_allclose(unpacked(read["columns"][place]), run.evals["train_loss"], rtol=1e-7)


def test_a_hundred_long_runs_make_a_page_below_ten_megabytes():
    draw = np.random.default_rng(0)
    # The runs of a sweep have the same axes, except for the seconds, and the same rates.
    shared = {name: draw.random(1000) for name in ("epoch", "step", "gradients", "lr")}
    own = {"seconds", *contents.STEP_QUANTITIES} - {"lr"}
    measured = ("train_loss", "validation_loss", "train_accuracy", "validation_accuracy")

    def entry(name):
        steps = shared | {column: draw.random(1000) for column in own}
        evals = {key: shared[key][:501] for key in ("epoch", "step", "gradients")}
        evals |= {key: draw.random(501) for key in ("seconds", *measured)}
        told = {"settings": {}, "name": name, "id": name, "summary": {}, "diagnosis": []}
        return told | contents._traces(steps, evals) | {"status": "finished", "verdict": ""}

    report = contents._report("many", [entry(str(k)) for k in range(100)]) | {"subtitle": ""}
    assert len(report_page(report).encode()) < 10e6


def test_a_thinned_curve_keeps_its_ends_and_its_largest_values():
    loss = np.ones(12_345)
    loss[7_001], grad = 9.0, np.linspace(0, 1, 12_345)
    grad[3_003] = 5.0
    kept = contents._thinned({"step": np.arange(1, 12_346), "batch_loss": loss, "grad_norm": grad})
    assert len(kept["step"]) <= contents.MOST_POINTS
    assert {1, 12_345, 7_002, 3_004} <= set(kept["step"].tolist())


def test_keys_are_those_that_differ_and_name_runs_with_equal_names():
    config = {"name": "a", "dataset": "iris", "model": "softmax"}
    runs = [gdrun.train(config, "epochs=1", f"lr={rate}") for rate in (0.1, 0.2)]
    report = of_runs(runs)
    assert report["keys"] == ["optimizer.lr"]
    assert [run["settings"]["optimizer.lr"] for run in report["runs"]] == ["0.1", "0.2"]
    assert [run["name"] for run in report["runs"]] == ["lr=0.1", "lr=0.2"]


def test_a_name_that_some_runs_share_is_kept_before_what_differs():
    """The title has a name that all runs have."""
    config = {"dataset": "iris", "model": "softmax"}
    runs = [
        gdrun.train(config | {"name": name}, "epochs=1", f"lr={rate}")
        for name, rate in (("raw", 0.1), ("raw", 0.2), ("std", 0.3))
    ]
    report = of_runs(runs)
    assert [run["name"] for run in report["runs"]] == ["raw lr=0.1", "raw lr=0.2", "std"]
    assert (report["title"], of_runs(runs[:2])["title"]) == ("3 runs", "raw, 2 runs")


def test_runs_have_the_same_problem_if_their_losses_can_be_compared():
    base = {"dataset": "diabetes", "model": "linear"}
    settings = [
        ("lr=0.01",),
        ("lr=1e300",),  # diverges, so that it has no weights
        ("standardize=false", "lr=1e-6"),
        ("split.test=0.2",),
        ("standardize={target: true}",),
        ("model.loss=mae",),
    ]
    runs = [gdrun.train(base, "epochs=1", *words) for words in settings]
    assert runs[1].status == "diverged"
    runs.append(gdrun.train({"dataset": "iris", "model": "softmax"}, "epochs=1"))
    problems = [run["problem"] for run in of_runs(runs)["runs"]]
    assert problems[0] == problems[1] == problems[2] == "diabetes test=0.1 loss=mse"
    assert problems[3:] == [
        "diabetes test=0.2 loss=mse",
        "diabetes test=0.1 loss=mse of the standardised target",
        "diabetes test=0.1 loss=mae",
        "iris",
    ]


def test_auto_and_the_loss_that_it_chooses_are_one_problem():
    """Also for a run that diverged, and so has no weights: the target of diabetes is a number."""
    base = {"dataset": "diabetes", "model": "mlp"}
    settings = [("loss=mse",), ("loss=auto",), ("loss=auto", "lr=1e300"), ("loss=mae",)]
    runs = [gdrun.train(base, "epochs=1", *words) for words in settings]
    assert [run.status for run in runs][2] == "diverged"
    for few in (runs[:3], [runs[0], runs[2]], [runs[2], runs[1]]):
        assert {run["problem"] for run in of_runs(few)["runs"]} == {"diabetes"}
    problems = [run["problem"] for run in of_runs(runs)["runs"]]
    assert problems == [*["diabetes loss=mse"] * 3, "diabetes loss=mae"]


def test_the_data_line_says_what_is_not_standardised():
    base = {"dataset": "diabetes", "model": "linear"}
    for setting, words in (
        ("true", "features"),
        ("false", "features; not standardised"),
        ("{target: true}", "features; target standardised"),
        (
            "{features: false, target: true}",
            "features; features not standardised, target standardised",
        ),
    ):
        run = gdrun.train(base, "epochs=1", "lr=1e-6", f"standardize={setting}")
        assert data_line(run.config, run.record).endswith(f"test; 10 {words}")


def test_runs_that_differ_only_in_the_seed_are_named_by_it_and_equal_runs_by_their_ids():
    config = {"name": "a", "dataset": "iris", "model": "softmax"}
    runs = [gdrun.train(config, "epochs=1", f"seed={seed}") for seed in (0, 1, 1)]
    other = gdrun.train(config, "epochs=1", "name=b")
    names = [run["name"] for run in of_runs([*runs, other])["runs"]]
    assert names == ["a, seed 0", runs[1].id, runs[2].id, "b"]


def test_the_report_of_a_sweep_has_its_scores_verdicts_and_limit():
    sweep = gdrun.sweep(
        {"dataset": "iris", "model": "softmax"}, {"lr": [0.01, 0.1]}, "epochs=3", seeds=2
    )
    report = of_study(sweep, "a sweep")
    study = report["study"]
    assert [run["name"] for run in report["runs"][:2]] == ["lr=0.01, seed 0", "lr=0.01, seed 1"]
    assert [each["values"] for each in study["settings"]] == [
        {"optimizer.lr": 0.01},
        {"optimizer.lr": 0.1},
    ]
    for each, standing in zip(study["settings"], sweep.standings, strict=True):
        losses = [result.summary["validation_loss"] for result in standing.results]
        np.testing.assert_allclose(unpacked(each["scores"]), losses, rtol=1e-7)
        assert each["median"] == pytest.approx(np.median(losses))
    assert study["importances"] == {"optimizer.lr": pytest.approx(1.0)}


def test_the_report_of_a_sweep_has_predicted_and_observed_limits():
    """f = ½ (x² + 4 y²) has L = 4: gradient descent is stable below 2/L = 0.5."""
    sweep = gdrun.sweep(
        {"surface": {"name": "bowl", "condition": 4.0}, "optimizer": "vanilla"},
        {"lr": [0.1, 0.4, 0.6, 0.8]},
        "steps=30",
    )
    (limit,) = of_study(sweep, "a sweep")["study"]["limits"]
    assert limit == {
        "of": "",
        "smoothness": pytest.approx(4.0),
        "predicted": pytest.approx(0.5),
        "form": "2/L",
        "exact": True,
        "stable": 0.4,
        "unstable": 0.6,
        "steps_needed": None,
        "unclear": None,
        "is_bound": False,
    }


def test_the_values_of_a_surface_are_those_of_its_function():
    run = gdrun.train({"surface": {"name": "bowl", "condition": 4.0}}, "steps=5", "lr=0.1")
    (surface,) = of_runs([run])["surfaces"]
    xs, ys = unpacked(surface["xs"]), unpacked(surface["ys"])
    values = unpacked(surface["values"]).reshape(len(ys), len(xs))
    expected = 0.5 * (xs[None] ** 2 + 4 * ys[:, None] ** 2)
    np.testing.assert_allclose(values, expected, rtol=1e-5, atol=1e-6)
    assert xs[0] < run.steps["x"].min() and xs[-1] > run.steps["x"].max()


def test_shares_of_an_additive_grid_add_up_to_one():
    # s = a + b with a in {0, 2}, b in {0, 1, 2}: Var a = 1 and Var b = 2/3, so η² = 3/5 and 2/5.
    grid = [(a, b) for a in (0, 2) for b in (0, 1, 2)]
    scores = np.array([a + b for a, b in grid], dtype=float)
    assert explained_share([str(a) for a, _ in grid], scores) == pytest.approx(3 / 5)
    assert explained_share([str(b) for _, b in grid], scores) == pytest.approx(2 / 5)


def test_without_plotly_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly.offline", None)  # as if it were not installed
    with pytest.raises(MissingExtraError, match=r"gdrun report needs.*\n.*gdrun\[report\]"):
        page._plotly()


def test_seconds_that_lanes_share_are_counted_once():
    config = {"dataset": "iris", "model": "softmax", "engine": "numpy"}
    sweep = gdrun.sweep(config, {"lr": [0.01, 0.1, 0.3]}, "epochs=3", seeds=2)
    shown = of_study(sweep, "a sweep")["time"]
    assert shown == {"value": duration(sweep.work.seconds), "words": "for 6 runs"}
    together = {"cohort": ["a", "b"]}
    runs = [
        SimpleNamespace(id=name, record=record, summary={"seconds": 2.0})
        for name, record in (("a", together), ("b", together), ("c", {}))
    ]
    assert contents._seconds(runs) == 4.0


def test_the_pages_have_what_the_terminal_shows():
    config = {"dataset": "iris", "model": "softmax", "engine": "numpy", "name": "one"}
    run = gdrun.train(config, "epochs=3")
    text = of_runs([run])["result"]
    for words in ("accuracy", "macro F1", "baseline", "always setosa", "validation loss"):
        assert words in text
    found = gdrun.compare(["bgd", "mbgd"], config, "epochs=3", seeds=2)
    text = of_study(found, "a comparison")["result"]
    medians = sorted(each.standing.spread.median for each in found.contenders)
    assert f"{medians[0]:.4g}"[:5] in text
    best = found.ranking[0].name
    table = text.split("final results")[1].splitlines()
    assert table[2].startswith(best)


def test_a_page_of_several_runs_tells_what_each_is_and_how_good():
    config = {"dataset": "diabetes", "model": "linear", "variant": "bgd", "name": "one"}
    runs = [
        gdrun.train(config, "epochs=3", f"lr={lr}", f"optimizer={name}")
        for lr, name in ((0.125, "adam"), (0.0625, "momentum"))
    ]
    text = of_runs(runs)["result"]
    for run, (lr, name) in zip(runs, ((0.125, "adam"), (0.0625, "momentum")), strict=True):
        part = text[text.index(f"optimizer  {name}, lr {lr}") :]
        # 10 % of the 442 patients are in the validation and in the test part.
        assert text.count("354 train, 44 validation, 44 test") == 2
        for found in (run.summary["metrics"]["test"], run.summary["baseline"]["metrics"]["test"]):
            assert f"{found['rmse']:.4g} " in part
            assert f"{found['r2']:.4g}" in part
    assert "one" not in of_runs(runs)["result"].splitlines()[0]  # what differs is the name


def luminance(colour):
    """The relative luminance of a colour such as #0072b2, as WCAG 2.2 defines it."""
    parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def test_every_colour_of_a_curve_is_seen_on_light_and_on_dark_paper():
    folder = Path(page.__file__).parent
    papers = re.findall(r"--paper: (#\w{6})", (folder / "page.css").read_text())
    assert len(papers) == 2
    program = (folder / "data.js").read_text()
    lists = re.findall(r"const \w+_COLOURS = \[(.*?)\];", program, re.DOTALL)
    assert len(lists) == 2
    for colour in re.findall(r"#\w{6}", "".join(lists)):
        for paper in papers:
            low, high = sorted((luminance(colour), luminance(paper)))
            assert (high + 0.05) / (low + 0.05) > 2.2, (colour, paper)
    many = [luminance(colour) for colour in re.findall(r"#\w{6}", lists[1])]
    assert many == sorted(many)  # they are in order in grey, too
