"""`gdrun theory`: what it prints for configs and runs, and its errors."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from gdrun import train

BOWL = (
    "surface={name: bowl, condition: 4}",
    *("variant=bgd", "optimizer=vanilla", "schedule=constant", "lr=0.2"),
)


@pytest.fixture
def trained(gdrun, tmp_path, monkeypatch):
    """A function that trains an experiment in a directory of its own, and makes it the current."""
    monkeypatch.chdir(tmp_path)

    def train(*words):
        return gdrun("train", "-q", *words)

    return train


def test_the_answer_in_full(gdrun):
    # f = ½ (x² + 4 y²) from (−4, 1.5): L = 4, μ = 1, f = ½ (16 + 9) = 12.5, ‖w₀‖ = √18.25.
    # ρ: 3/5; (2 − 1)/(2 + 1) with β = 1/9 and α = 4/9; 1 − 2/√13 with α = 4/13. For α = 0.2 it is
    # 1 − 0.2. Bounds after 10 steps: 2·18.25/(1 + 2·10·0.8), 18.25/4, 2·0.8²⁰·18.25, 25/2.
    answer = gdrun("theory", *BOWL, "steps=10")
    assert (answer.code, answer.err) == (0, "")
    # The first line with a name: both a bound and an assumption are called smooth.
    lines = reversed(answer.out.splitlines())
    numbers = {line.split("  ")[0]: line.split() for line in lines if line}
    assert numbers["smoothness L"][2] == "4"
    assert numbers["convexity μ"][2] == "1"
    assert numbers["limit 2/L"][2] == "0.5"
    assert numbers["best rate"][2] == "0.4"
    assert numbers["f at the start"][4] == "12.5"
    assert numbers["descent"][1:] == ["0.4", "–", "0.6", "14"]
    # Where λ = 4 both roots are −1/3: the error is (1 + 4n/3) (−1/3)ⁿ, from e₁ = 1 − 4 · 4/9, and
    # its square is at most 1e-6 from (13/3⁹)² = 4.4e-7 on.
    # ρ changes by the root of a change of α and β: an error of 1e-8 would be seen in ρ.
    assert numbers["heavy ball"][2:] == ["0.444444444", "0.111111111", "0.3333", "9"]
    # Where λ = 1 both roots are z = 0.4453: the error is (1 + kn) zⁿ with (1 + k) z = 2z − β, so
    # that k = 0.357, and its square is 4.5e-7 from n = 11 on.
    assert numbers["Nesterov"][1:] == ["0.307692", "0.286422", "0.4453", "11"]
    assert numbers["this config"][2:] == ["0.2", "–", "0.8", "31"]
    bounds = [numbers[name][1] for name in ("smooth", "textbook", "linear", "gradient")]
    assert bounds == ["2.147", "4.562", "0.4208", "12.5"]
    assert "fails" not in answer.out


@pytest.mark.longer
@pytest.mark.parametrize(("row", "rule"), [("heavy ball", "momentum"), ("Nesterov", "nesterov")])
def test_a_best_setting_that_is_typed_has_the_steps_of_the_table(gdrun, row, rule):
    words = ("dataset=diabetes", "model=linear", "variant=bgd", f"optimizer={rule}")

    def cells(answer, row):
        line = next(each for each in answer.out.splitlines() if each.startswith(row))
        return line.removeprefix(row).split()

    lr, beta, rho, steps = cells(gdrun("theory", *words), row)
    typed = gdrun("theory", *words, f"lr={lr}", f"beta={beta}")
    assert cells(typed, "this config") == [lr, beta, rho, steps]


@pytest.mark.longer
def test_a_minimum_that_is_not_attained_has_a_safe_rate_only(gdrun):
    words = ("theory", "dataset=wine", "model={name: softmax, l2: 0}", "epochs=2")
    lines = gdrun(*words).out.splitlines()
    (safe,) = [line for line in lines if line.startswith("safe rate")]
    assert safe.endswith("1/L: each step of descent lowers f, from any start")
    assert not [line for line in lines if line.startswith("best rate")]
    document = json.loads(gdrun(*words, "--json").out)
    assert document["safe_rate"] == pytest.approx(document["limit"] / 2)
    assert document["best_rate"] is None


def test_the_rate_that_is_safe_and_the_one_that_is_best_near_the_minimum(gdrun):
    """The bound L holds everywhere, and the curvatures at the minimum only near it."""
    words = ("theory", "dataset=iris", "model={name: softmax, l2: 0.01}", "variant=mbgd")
    answer = gdrun(*words, "optimizer=momentum", "schedule=cosine", "lr=0.1")
    lines = {line.split("  ")[0]: line.split() for line in reversed(answer.out.splitlines())}
    document = json.loads(gdrun(*words, "--json").out)
    smallest, largest = document["curvatures"]
    assert document["safe_rate"] == pytest.approx(1 / document["L"])
    assert document["best_rate"] == pytest.approx(2 / (smallest + largest))
    assert document["best_rate"] > 2 * document["limit"]
    # The table of settings has the same rate of descent, with as many digits as its steps need.
    assert float(lines["best rate"][2]) == pytest.approx(float(lines["descent"][1]), rel=1e-3)
    text = " ".join(answer.out.split())
    assert "from any start" in text.split("setting")[0]
    legend = text.split("ρ: ")[1].split(" bound ")[0]
    assert "from a start near the minimum; from other starts, descent may diverge" in legend
    assert "any start" not in legend
    assert (
        "for gradient descent with α = 0.1; they do not apply to this config: mbgd uses "
        "mini-batches; the rule is momentum; the schedule is cosine smooth:"
    ) in text


def test_a_slow_contraction_is_not_shown_as_1(gdrun):
    # 1 − αμ = 1 − 2e-6.
    answer = gdrun("theory", *BOWL[:-1], "lr=0.000002")
    (line,) = [line for line in answer.out.splitlines() if line.startswith("this config")]
    assert line.split()[4] == "0.999998"


def test_json(gdrun):
    answer = gdrun("theory", *BOWL, "--json")
    document = json.loads(answer.out)
    assert document["L"] == 4.0
    assert document["mu"] == 1.0
    assert document["kappa"] == 4.0
    assert document["limit"] == 0.5
    assert document["best_rate"] == 0.4
    assert document["f_star"] == 0.0
    assert all(each["holds"] for each in document["assumptions"])
    assert [each["name"] for each in document["bounds"]] == [
        "smooth",
        "textbook",
        "linear",
        "gradient",
    ]


@pytest.mark.slow
def test_the_quickstart_needs_nothing(gdrun):
    answer = gdrun("theory")
    assert (answer.code, answer.err) == (0, "")
    assert "quickstart: 1,437 training rows, 650 parameters" in answer.out
    assert "variant=bgd optimizer=vanilla schedule=constant" in answer.out


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


NETWORK = ("dataset=iris", "model={name: mlp, hidden: [4], init: normal}")


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
    assert gdrun("theory", "nowhere").err.startswith("error: runs: no run is called 'nowhere'")
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
@pytest.mark.parametrize(
    ("words", "reason", "limit"),
    [
        (NETWORK, "convex fails a network is not convex in its weights", "at the start only"),
        (
            ("dataset=iris", "model=svm"),
            "smooth fails the slope of hinge jumps",
            "none: at a constant rate f may stay above f*",
        ),
        (
            ("surface=rosenbrock", "lr=0.001"),
            "convex fails f has the curvature -47.54 at (-0.91, 1.27)",
            "at the start only",
        ),
    ],
)
def test_an_assumption_that_fails_is_named(gdrun, words, reason, limit):
    answer = gdrun("theory", *words, "epochs=2")
    assert (answer.code, answer.err) == (0, "")
    text = " ".join(answer.out.split())
    assert reason in text
    assert limit in text


@pytest.mark.longer
def test_a_path_that_diverges_is_no_slope(gdrun):
    words = ("surface=himmelblau", "variant=bgd", "optimizer=vanilla", "schedule=constant")
    # From (0, 0) the path runs to the walls, whose curvature is far above 2/α = 40.
    answer = gdrun("theory", *words, "lr=0.05", "engine=numpy")
    run = gdrun("train", *words, "lr=0.05", "engine=numpy", "-q")
    diverged = " ".join(run.out.split()).removeprefix("diverged: ").partition(") ")[0]
    text = " ".join(answer.out.split())
    assert f"the path diverges: {diverged})" in text
    assert "on a slope" not in text
    assert "diverges" not in gdrun("theory", *words, "lr=0.01", "engine=numpy").out
    found = json.loads(gdrun("theory", *words, "lr=0.05", "engine=numpy", "--json").out)
    assert diverged.endswith(f"(step {found['path']['diverged_at']}")


@pytest.mark.longer
@pytest.mark.parametrize("problem", [NETWORK, ("surface=rosenbrock", "lr=0.001")])
def test_the_bounds_of_a_local_constant_are_promised_only_where_it_holds(gdrun, problem):
    local = "the bounds apply to the run while no curvature exceeds L at the start"
    assert local in " ".join(gdrun("theory", *problem, "epochs=1").out.split())
    convex = gdrun("theory", "dataset=iris", "model=logistic", "optimizer=adam", "epochs=1")
    assert "while no curvature" not in convex.out


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


def test_a_narrow_screen_explains_only_what_it_shows(gdrun, monkeypatch):
    monkeypatch.setenv("COLUMNS", "36")
    answer = gdrun("theory", *BOWL)
    assert "no room for the columns beta, ρ" in answer.out
    assert "ρ:" not in answer.out
    assert "steps: how many until f − f* stays ≤ 1e-06" in " ".join(answer.out.split())


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


@pytest.mark.longer
def test_theory_of_a_data_file(gdrun, tmp_path, monkeypatch):
    """The smoothness of least squares is twice the largest eigenvalue of the Gram matrix over N."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(3)
    X = rng.normal(size=(60, 2))
    y = X @ [1.0, -2.0] + rng.normal(size=60)
    rows = "".join(f"{a},{b},{t}\n" for (a, b), t in zip(X.tolist(), y.tolist(), strict=True))
    Path("points.csv").write_text(f"a,b,price\n{rows}", encoding="utf-8")
    answer = gdrun("theory", "points.csv", "split={validation: 0, test: 0}", "--json")
    assert "note: assumed dataset.target: price, the last column" in answer.err
    scaled = np.column_stack([(X - X.mean(0)) / X.std(0), np.ones(60)])
    largest = 2 * np.linalg.eigvalsh(scaled.T @ scaled / 60)[-1]
    assert json.loads(answer.out)["L"] == pytest.approx(largest)


@pytest.mark.longer
def test_the_command_in_the_hint_for_the_suboptimality_has_the_keys_of_the_study(gdrun):
    keys = ("dataset=breast-cancer", "model=logistic", "model.l2=0.01")
    refused = gdrun("compare", "adam", "momentum", *keys, "--metric", "suboptimality")
    command = re.search(r"`gdrun (theory [^`]+)`", refused.err)[1]
    words = ("variant=bgd", "--json")
    own = json.loads(gdrun("theory", *keys, *words).out)
    hinted = json.loads(gdrun(*shlex.split(command), *words).out)
    assert hinted["f_star"] == own["f_star"] > 0


def test_the_observed_factor_of_a_step_beside_the_predicted_one(gdrun, trained):
    # Along x each step multiplies the error by 1 − 0.2, along y by 1 − 4 · 0.2 = 0.2.
    trained(*BOWL, "steps=40")
    text = " ".join(gdrun("theory", "last").out.split())
    assert "each step multiplied the error by 0.8, the root of the factor of f − f*" in text
    assert "theory predicts ρ = 0.8 after many steps" in text
    found = json.loads(gdrun("theory", "last", "--json").out)["contraction"]
    assert found["observed"] == pytest.approx(0.8, rel=1e-6)
    assert (found["predicted"], found["first"], found["last"]) == (pytest.approx(0.8), 20, 40)
