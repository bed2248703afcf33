"""`gdrun theory RUN`: a run and its bounds, and the errors about its records and its data."""

import json
import re
import shlex

import numpy as np
import pytest
from short_runs import BOWL, NETWORK

from gdrun import train


@pytest.fixture
def trained(gdrun, tmp_path, monkeypatch):
    """A function that trains an experiment in a directory of its own, and makes it the current."""
    monkeypatch.chdir(tmp_path)

    def train(*words):
        return gdrun("train", "-q", *words)

    return train


@pytest.mark.longer
def test_a_run_beside_its_bounds(gdrun, trained):
    trained(*BOWL, "steps=20")
    answer = gdrun("theory", "last")
    assert (answer.code, answer.err) == (0, "")
    assert "BROKEN" not in answer.out
    assert answer.out.count("held at all 20 points") == 4
    document = json.loads(gdrun("theory", "last", "--json").out)
    assert [each["held"] for each in document["checks"]] == [True] * 4
    # Along x the position is 0.2 − 1, along y 0.8 − 1: at the end only x moves.
    assert document["positions"]["position"][-1] == pytest.approx(-0.8, abs=1e-6)
    text = " ".join(answer.out.split())
    assert "100% of 20 steps end before the lowest point" in text
    # The trace has f before each step, and an evaluation after the last one.
    assert "20 of 20 steps count: those that change f" in text
    # f falls by 0.8² along x and by 0.2² along y at each step.
    assert document["observed"]["excess"][1] == pytest.approx(8 * 0.64 + 4.5 * 0.04)


def test_too_few_steps_have_no_shares(gdrun, trained):
    """With 60 steps in points of 3 and f at steps 30 and 60, two steps count."""
    words = ("dataset=iris", "model=softmax", *BOWL[1:-1], "lr=0.1", "evaluate.every=30")
    trained(*words, "epochs=60", "log.points=30")
    text = " ".join(gdrun("theory", "last").out.split())
    assert "too few steps to say where they end" in text and "%" not in text.split("too few")[1]
    assert "2 of 60 steps count: those that change f" in text
    command = re.search(r"gdrun (train \S+ log.points=all)", text)[1]
    assert gdrun(*command.split()).code == 0
    assert "60 of 60 steps count" in " ".join(gdrun("theory", "last").out.split())
    trained(*BOWL, "steps=19")
    text = " ".join(gdrun("theory", "last").out.split())
    assert "too few steps" in text and "a run of 20 steps or more may show it" in text


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("dataset=iris", "model=softmax", "optimizer=adam"), "gradient descent fails"),
        # L is the largest curvature at the start, and the bound needs a rate of at most 1/L.
        (("surface=rosenbrock", *BOWL[1:-1], "lr=0.001"), "α = 0.001 > 1/L = 0.0006638"),
        ((*NETWORK, *BOWL[1:-1], "lr=9"), "stable rate fails α = 9 ≥ 2/L"),
    ],
)
def test_the_hint_for_a_run_without_a_bound_works(gdrun, trained, words, reason):
    assert trained(*words, "epochs=3").code == 0
    answer = gdrun("theory", "last")
    text = " ".join(answer.out.split())
    assert "no bound applies to this run" in text
    assert reason in text
    command = next(line for line in answer.out.splitlines() if line.startswith("  gdrun "))
    words = shlex.split(command)
    assert words[:2] == ["gdrun", "train"]
    assert gdrun(*words[1:], "-q").code == 0
    assert "held at all" in gdrun("theory", "last").out


@pytest.mark.longer
def test_errors(gdrun, trained, tmp_path):
    trained(*BOWL, "steps=3")
    answer = gdrun("theory", "last", "lr=1")
    assert answer.code == 2
    assert answer.err.startswith("error: last: a recorded run cannot be changed\nhint: ")
    assert "runs: no run or study is called 'nowhere'\n" in gdrun("theory", "nowhere").err
    assert gdrun("theory", "nowhere.yaml").code == 2
    (run,) = (tmp_path / "runs").iterdir()
    (run / "trace.jsonl").write_text("")
    answer = gdrun("theory", "last")
    assert answer.code == 2
    assert "its trace has no evaluation after step 0" in answer.err
    assert f"`gdrun train runs/{run.name}/config.yaml` trains it again" in answer.err


def test_a_run_that_diverged_before_its_first_evaluation(gdrun, trained):
    """A second training would diverge as well, so the hint is another."""
    noisy = ("surface=bowl", "surface.noise=1", "variant=sgd", "optimizer=vanilla")
    assert gdrun("train", *noisy, "lr=1e9", "epochs=1", "evaluate.every=1").code == 3
    answer = gdrun("theory", "last")
    assert (answer.code, answer.out) == (2, "")
    (command,) = re.findall(r"`gdrun (diagnose .*)` shows why", answer.err)
    assert gdrun(*shlex.split(command)).out.startswith("exploding")


@pytest.mark.longer
@pytest.mark.parametrize("option", [(), ("--noise",)])
def test_a_run_without_weights_is_refused(gdrun, trained, tmp_path, option):
    trained(*NETWORK, "epochs=2")
    (weights,) = tmp_path.glob("runs/*/weights.npz")
    weights.unlink()
    answer = gdrun("theory", "last", *option)
    assert answer.code == 2
    assert "has no weights, so its end cannot be analysed\nhint: " in answer.err
    assert gdrun(*shlex.split(answer.err.split("`")[1])[1:]).code == 0


@pytest.mark.longer
def test_a_study_is_refused(gdrun, trained, tmp_path):
    trained(*BOWL, "steps=3")
    gdrun("sweep", "lr=0.1,0.2", *BOWL[:-1], "steps=3", "-q")
    gdrun("compare", "vanilla", "adam", *BOWL[:-1], "steps=3", "-q")
    studies = [path for path in (tmp_path / "runs").iterdir() if (path / "study.json").exists()]
    for study in (*studies, studies[0].name):
        answer = gdrun("theory", str(study))
        assert answer.code == 2
        assert "is a study, not a run" in answer.err
        words = shlex.split(" ".join(answer.err.split()).split("`")[1])
        assert gdrun(*words[1:]).code == 0
    # Without a best setting, such as before the study has ended, there is nothing to analyse.
    (studies[0] / "best.yaml").unlink()
    answer = gdrun("theory", str(studies[0]))
    assert answer.code == 2
    assert "it is a sweep or comparison: `gdrun show " in answer.err


@pytest.mark.longer
@pytest.mark.parametrize("option", [(), ("--noise",)])
def test_data_that_changed_are_refused(gdrun, trained, tmp_path, option):
    rows = [f"{k},{k % 3},{2 * k}" for k in range(12)]
    (tmp_path / "d.csv").write_text("\n".join(["a,b,y", *rows]) + "\n")
    words = ("dataset={path: d.csv, target: y}", "model=linear", *BOWL[1:], "steps=3")
    trained(*words)
    assert gdrun("theory", "last", *option).code == 0
    (tmp_path / "d.csv").unlink()
    answer = gdrun("theory", "last", *option)
    assert answer.code == 2
    assert answer.err.startswith(f"error: {tmp_path / 'd.csv'}: no such file\nhint: ")
    (tmp_path / "d.csv").write_text("\n".join(["a,b,y", *rows, "9,9,9"]) + "\n")
    answer = gdrun("theory", "last", *option)
    assert answer.code == 2
    assert "the data changed since this run" in answer.err
    hint = shlex.split(" ".join(answer.err.split()).split("`")[1])
    assert gdrun(*hint[1:], "-q").code == 0
    assert gdrun("theory", "last", *option).code == 0


@pytest.mark.longer
@pytest.mark.parametrize("option", [(), ("--noise",)])
def test_arrays_from_python_are_refused(gdrun, trained, tmp_path, option):
    X = np.arange(40.0).reshape(20, 2) % 7
    config = {"model": "linear", "variant": "bgd"}
    train(config, data=(X, X.sum(axis=1)), out=tmp_path / "runs")
    answer = gdrun("theory", "last", *option)
    assert answer.code == 2
    assert "was trained on arrays from Python, which are not stored" in answer.err


@pytest.mark.longer
def test_a_network_has_a_path(gdrun, trained):
    words = ("dataset=iris", "model={name: mlp, hidden: [4]}", "optimizer=momentum", "epochs=4")
    answer = gdrun("theory", *words)
    assert (answer.code, answer.err) == (0, "")
    assert "curvature along the path" in answer.out
    assert "a network is not convex in its weights" in answer.out
    document = json.loads(gdrun("theory", *words, "--json").out)
    assert document["path"]["rows"] == 120
    assert document["path"]["points"][0]["step"] == 0
    trained(*words)
    answer = gdrun("theory", "last")
    assert (answer.code, answer.err) == (0, "")
    assert "no bound applies to this run" in answer.out
    assert "curvature along the path" in answer.out


@pytest.mark.longer
def test_noise(gdrun, trained):
    answer = gdrun("theory", "dataset=iris", "model=softmax", "--noise")
    assert (answer.code, answer.err) == (0, "")
    assert "BIASED" not in answer.out
    assert "gradient noise scale" in answer.out
    trained("dataset=iris", "model=softmax", "epochs=3")
    document = json.loads(gdrun("theory", "last", "--noise", "--json").out)
    assert document["step"] == 6
    assert document["rows"] == 120
    assert all(each["unbiased"] for each in document["replacement"])
    answer = gdrun("theory", "dataset=iris", "model={name: mlp, batch_norm: true}", "--noise")
    assert answer.code == 2
    assert "hint: model.batch_norm=false" in answer.err


@pytest.mark.longer
@pytest.mark.parametrize("width", [80, 60, 40])
def test_no_width_cuts_a_number_or_a_heading(gdrun, trained, monkeypatch, width):
    network = (*NETWORK, "optimizer=momentum", "epochs=4")
    penalised = ("dataset=iris", "model={name: softmax, l2: 0.1, bias: false}", *BOWL[1:])
    trained(*penalised, "epochs=30")
    monkeypatch.setenv("COLUMNS", str(width))
    for words in (penalised, ("last",), network, (*network[:2], "--noise")):
        answer = gdrun("theory", *words)
        assert answer.code == 0
        assert "…" not in answer.out
        lines = answer.page.splitlines()
        assert max(len(line) for line in lines if not line.startswith("  gdrun ")) <= width


@pytest.mark.longer
def test_examples_without_noise(gdrun, trained):
    # At the weights of a diverged run, rounding errors are far above 0.
    trained("surface=rosenbrock", *BOWL[1:-1], "lr=1")
    for words in (("last",), ("surface=rosenbrock", "lr=0.001")):
        answer = gdrun("theory", *words, "--noise")
        assert (answer.code, answer.err) == (0, "")
        assert "all 100 examples have the same gradient" in answer.out


@pytest.mark.longer
def test_every_bounded_quantity_is_shown_step_by_step(gdrun, trained):
    trained("dataset=iris", "model=svm", *BOWL[1:-1], "lr=0.05", "epochs=4")
    answer = gdrun("theory", "last")
    assert (answer.code, answer.err) == (0, "")
    lines = [line.split() for line in answer.out.splitlines()]
    assert ["step", "min", "f", "−", "f*", "subgradient"] in lines
    document = json.loads(gdrun("theory", "last", "--json").out)
    (check,) = document["checks"]
    assert (check["name"], check["held"], check["step"]) == ("subgradient", True, [1, 2, 3, 4])
    # (‖w₀ − w*‖²/(2α) + …)/N: the first part falls like 1/N.
    bound, f = check["bound"], check["observed"]
    assert bound[0] - bound[1] == pytest.approx(document["distance"] ** 2 / (2 * 0.05) / 2)
    assert f == sorted(f, reverse=True)
    trained("dataset=breast-cancer", "model=logistic", "l2=0.1", *BOWL[1:-1], "lr=0.05", "epochs=4")
    answer = gdrun("theory", "last")
    for heading in ("step f − f* smooth textbook", "step min ‖∇f‖² gradient"):
        assert heading.split() in [line.split() for line in answer.out.splitlines()]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("status", "words", "hint"),
    [
        ("running", "still running", "the run has not ended: repeat this command"),
        ("interrupted", "interrupted: the process died", "`gdrun train runs/"),
    ],
)
def test_a_run_that_has_not_ended(gdrun, trained, tmp_path, status, words, hint):
    # The record names this process, which is alive.
    trained(*BOWL, "steps=20")
    (record,) = tmp_path.glob("runs/*/run.json")
    document = json.loads(record.read_text()) | {"status": status, "stop": None}
    record.write_text(json.dumps(document))
    answer = gdrun("theory", "last")
    assert (answer.code, answer.err) == (0, "")
    assert f"the run has not ended ({words}" in answer.out
    assert answer.out.count("held at all 20 points") == 4
    (record.parent / "trace.jsonl").write_text("")
    answer = gdrun("theory", "last")
    assert answer.code == 2
    assert f"hint: {hint}" in answer.err


def test_a_diverged_run(gdrun, trained):
    trained("dataset=diabetes", "model=linear", *BOWL[1:-1], "lr=5")
    answer = gdrun("theory", "last")
    assert (answer.code, answer.err) == (0, "")
    assert "the run diverged with α = 5, above 2/L" in answer.out


def test_the_curve_begins_at_step_0(gdrun, trained):
    trained(*BOWL, "steps=8")
    lines = gdrun("theory", "last").out.splitlines()
    place = next(k for k, line in enumerate(lines) if line.startswith("f − f* (log"))
    axis = next(line for line in lines[place:] if line.split()[1:2] == ["step"])
    assert axis.split() == ["0", "step", "8"]


def test_the_observed_factor_of_a_step_beside_the_predicted_one(gdrun, trained):
    # Along x each step multiplies the error by 1 − 0.2, along y by 1 − 4 · 0.2 = 0.2.
    trained(*BOWL, "steps=40")
    text = " ".join(gdrun("theory", "last").out.split())
    assert "each step multiplied the error by 0.8, the root of the factor of f − f*" in text
    assert "theory predicts ρ = 0.8 after many steps" in text
    found = json.loads(gdrun("theory", "last", "--json").out)["contraction"]
    assert found["observed"] == pytest.approx(0.8, rel=1e-6)
    assert (found["predicted"], found["first"], found["last"]) == (pytest.approx(0.8), 20, 40)
