"""`gdrun theory`: what it prints for a config."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from short_runs import BOWL, NETWORK


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


def test_a_narrow_screen_explains_only_what_it_shows(gdrun, monkeypatch):
    monkeypatch.setenv("COLUMNS", "36")
    answer = gdrun("theory", *BOWL)
    assert "no room for the columns beta, ρ" in answer.out
    assert "ρ:" not in answer.out
    assert "steps: how many until f − f* stays ≤ 1e-06" in " ".join(answer.out.split())


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
