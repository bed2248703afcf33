"""Every claim: its verdict, its numbers against derived values, its curves and its commands."""

import json
import math
import shlex

import pytest

from gdrun.cli.options import as_options
from gdrun.config.loading import load
from gdrun.config.overrides import swept_values
from gdrun.insight.claims import CLAIMS, experiments
from gdrun.insight.claims.registry import CHAPTERS
from gdrun.runs.session import Session
from gdrun.study.requests import SweepRequest

# For each claim: the verdict, and numbers with their tolerance.
EXPECTED = {
    "decrease": ("corrected", {"falling_below": (1, 0), "rising_above": (1, 0.1)}),
    # f = ½(x² + 4y²) from (1, 1): ‖∇f‖² = 1 + 16 = 17 and ∇fᵀH∇f = 1 + 64 = 65, so that the
    # decrease is α‖∇f‖² (1 − (α/2) 65/17), and α = αL/4.
    "first-order": (
        "corrected",
        {
            "small": (1 - 0.001 * 65 / 136, 1e-9),
            "at_1": (1 - 65 / 136, 1e-9),
            "at_3": (1 - 3 * 65 / 136, 1e-9),
        },
    ),
    "stability-limit": (
        "holds",
        {"rises_below": (0, 0), "diverged_below": (0, 0), "diverged_above": (2, 0)},
    ),
    "smoothness": ("holds", {"rising_bgd": (0, 0), "rising_sgd": (0.5, 0.1)}),
    "speed": ("corrected", {}),
    # A gradient of BGD needs N gradients of examples: the number of its steps does not depend on N.
    "dataset-size": ("fails", {"growth": (1, 0.2)}),
    "critical-batch": ("corrected", {"gain_small": (4, 1)}),
    "parallel": ("fails", {}),
    # 1437 training rows in blocks of 100: 15 blocks; rounding errors of sums in another order.
    "entire-dataset": ("fails", {"blocks": (15, 0), "relative_error": (0, 1e-13)}),
    "convex-guarantee": ("corrected", {"squared": (0, 1e-12)}),
    # E f = ασ²/(2 − α) for draws with replacement.
    "sgd-ball": ("corrected", {"predicted": ((0.1 / 1.9) / (0.025 / 1.975), 1e-12)}),
    "interpolation": ("fails", {"fitted": (0, 1e-20), "unfitted": (0.003, 0.002)}),
    # The noise vectors of all examples have the sum 0.
    "reshuffling": ("fails", {"missed_shuffled": (0, 1e-9)}),
    # The rate is proportional to t^−½ and to t^−1, and so is the noise that it leaves.
    "sgd-rate": ("corrected", {"exponent_root": (-0.5, 0.08), "exponent_inverse": (-1, 0.12)}),
    # σ²/B, and (120 − 60)/(120 − 1) at B = N/2.
    "batch-variance": ("corrected", {"exponent": (-1, 0.1), "ratio_predicted": (60 / 119, 1e-12)}),
    "unbiased": ("holds", {}),
    "batch-size": ("fails", {}),
    # Least squares on diabetes has 2/L = 0.248, so that 1 diverges there; for softmax and logistic
    # regression on standardised data it is above 0.2 and not reached far from the minimum.
    "fixed-rates": ("fails", {"diverged_1": (1, 0)}),
    "three-rates": ("holds", {"diverged": (1, 0), "right": (0, 1e-9)}),
    # (1 − 3)² = 4; log(1e300)/log(4) = 498.3. 2y − y³ from 3: −21, 9219, 7.8e11, 4.8e35, 1.1e107,
    # and f = ¼y⁴ of the last is above 1e308.
    "overflow": (
        "corrected",
        {"factor": (4, 1e-9), "finite_steps": (499, 1), "quartic_steps": (4, 0)},
    ),
    "schedule-formulas": ("holds", {"error_cosine": (0, 1e-12), "error_step": (0, 1e-12)}),
    # The floor is about proportional to the last rate, which step decay lowers to 0.5³ = 0.125.
    "decay-helps": ("holds", {"share_step": (0.07, 0.07)}),
    "warmup-saves": ("holds", {"diverged_without": (5, 0), "trained_with": (5, 0)}),
    "warmup-start": ("corrected", {"moved_from_zero": (0, 0)}),
    # ∫ t^2p dt of the last rates: p = 2 leaves less than p = 1, which leaves less than p = ½.
    "polynomial-power": ("fails", {"excess_2": (0, 3e-4), "excess_0.5": (0.003, 0.002)}),
    # 1000 examples less the 20% of each of the other parts: 800/4 · 10 + ⌈800/16⌉ · 10 steps.
    "batch-growth": ("fails", {"share_growth": (0.15, 0.08), "steps_growth": (2500, 0)}),
    # No expected value is known: no schedule is behind by more than a third of the loss, 0.02.
    "cosine-best": ("fails", {"gap_linear": (0, 0.007), "gap_cool-down": (0, 0.007)}),
    "smooth-rate": ("holds", {"steps": (300, 0)}),
    "non-convex": ("fails", {"steps": (200, 0)}),
    "edge-of-stability": (
        "corrected",
        {"sharpness_0.1": (1, 0.2), "sharpness_0.2": (1, 0.2)},
    ),
    # λ = 10: (1 − 0.5)(1 − 2.5) = −0.75; λ = 1: (1 − 0.05)(1 − 0.25) = 0.7125; 30 pairs of steps,
    # and f = ½(x² + 10y²) = 5.5 at the start.
    "long-steps": (
        "corrected",
        {"left": ((0.5 * 0.7125**60 + 5 * 0.75**60) / 5.5, 1e-12)},
    ),
    # Curvatures that are even on a logarithmic scale: Σ λ(1 − λ/L)^2T ≈ ∫ e^(−2λT/L) dλ = L/(2T).
    "accelerated-rate": (
        "corrected",
        {"exponent_descent": (-1, 0.2), "exponent_nesterov": (-2, 0.3)},
    ),
    "strong-convexity": ("corrected", {"factor": (0.75, 0.02)}),
    "saddle-noise": ("holds", {"loss_bgd": (0, 1e-3), "left": (10, 0)}),
    # y grows by the factor 1 + α = 1.05 in each step.
    "saddle-end": ("corrected", {"slope": (1 / math.log(1.05), 0.2)}),
    "local-minima": ("fails", {"spread_convex": (0, 1e-9)}),
    # wₙ = 0.9ⁿ (1, 1). |Δf| = 0.81ⁿ⁻¹ · 0.19 < 1e-6 for n − 1 > 57.7, ‖Δw‖ = 0.1 · 0.9ⁿ⁻¹ √2 for
    # n − 1 > 112.5, and ‖∇f‖ = 0.9ⁿ √2 for n > 134.4.
    "criteria": (
        "corrected",
        {
            "loss_change": (59, 0),
            "weight_change": (114, 0),
            "grad_norm": (135, 0),
            "tiny_rate_step": (1, 0),
        },
    ),
    "exploding-cures": ("holds", {"accuracy_before": (0, 0)}),
    # One of ten classes is 10% of the digits.
    "vanishing-cures": ("holds", {"accuracy_before": (0.1, 0.01)}),
    "vanishing-rate": ("fails", {"best_accuracy": (0.1, 0.01)}),
    # √(2/64), and √(2/1064).
    "init-names": ("corrected", {"he": (0.17678, 0.003), "xavier": (0.043355, 0.001)}),
    # Descent turns in each step while α > 1/L: at 1.9/L e^(−0.05n), that is until step 13.
    "oscillation-decay": ("holds", {"turns_constant": (1, 0), "turns_decay": (0, 0)}),
    # A walk around its mean rises in half of its steps; f is proportional to 1/B. 100 examples make
    # four batches of 25, so that all batches are whole. 1000 steps are about 100 independent ones.
    "oscillation-cause": (
        "fails",
        {"rising_bgd": (0, 0), "rising_sgd": (0.5, 0.1), "gain_25": (25, 7)},
    ),
    # From 1/(2L) to (L/2)(α − 1/L)², with L = 4 and α = 0.625.
    "clipping-rate": ("corrected", {"last": ((0.125 + 0.28125) / 2, 0.08)}),
    "conditioning": (
        "corrected",
        {"exponent_descent": (1, 0.15), "exponent_heavy_ball": (0.5, 0.2)},
    ),
    # Σ 0.9ⁿ = 10.
    "momentum-limit": ("corrected", {"step_length": (10, 0.1), "final_share": (0, 1e-6)}),
    # θ/π with cos θ = (1 + β − αL)/(2√β), for αL = 1.8 and 0.18, of 59 pairs of steps.
    "zigzag": (
        "corrected",
        {
            "turns_descent": (1, 0),
            "turns_equal_rate": (math.acos(0.1 / (2 * math.sqrt(0.9))) / math.pi, 0.02),
            "turns_equal_length": (math.acos(1.72 / (2 * math.sqrt(0.9))) / math.pi, 0.02),
        },
    ),
    # The cycle of the paper: 792/1225, −2208/1225, 2592/1225.
    "heavy-ball-cycle": (
        "fails",
        {"lowest_x": (-2208 / 1225, 1e-9), "highest_x": (2592 / 1225, 1e-9)},
    ),
    "adam-convex": ("fails", {"excess_amsgrad": (0, 0.01)}),
    "adam-smooth": ("fails", {"rising_descent": (0, 0)}),
    # |g|/(|g| + ε) = 1e-9/(1e-9 + 1e-8).
    "adam-epsilon": ("corrected", {"step": (1 / 11, 1e-6), "step_without": (1, 1e-9)}),
    # With a gradient that hardly changes, g/√v is 1 as soon as v has forgotten its start.
    "rmsprop-steps": ("corrected", {"ratio": (1, 0.01), "length": (1, 0.01)}),
    # 600 steps of at most about 0.001 move the bias of diabetes by 0.6 of its 150: R² < 0.
    # So one data set of five contradicts "on any data", as one batch size does in "batch-size".
    "adam-defaults": ("fails", {"works": (3, 0), "fit_diabetes": (-3.9, 0.1)}),
    "adam-best": ("fails", {"adam_best": (0, 0)}),
    # f falls by ρ² a step: 1 − ρ is about 2/κ for descent, so that ln 1e8 takes 18.4 κ/4 steps;
    # ρ² is β for heavy ball, 18.4/ln(1/0.9) steps.
    "conditioning-cures": (
        "corrected",
        {"steps_vanilla": (921, 100), "steps_momentum": (175, 10)},
    ),
}

# Relations between the numbers of a claim.
ORDERED = {
    "speed": lambda of: of["gradients_sgd"] < of["gradients_mbgd"] < of["gradients_bgd"],
    "conditioning-cures": lambda of: (
        of["steps_momentum"] < of["steps_vanilla"] / 2 < of["steps_adam"]
    ),
    # Shuffled epochs have an error of the order α², here 0.01, and not α.
    "reshuffling": lambda of: of["share"] < 0.2,
}

# Claims that train nothing, so that their commands only show the problem.
UNTRAINED = {"batch-variance", "unbiased", "entire-dataset", "init-names"}

# Claims of which a command repeats only a part of the runs.
PARTLY_REPEATED = {
    # The best of several rates each.
    "adam-smooth": "gdrun train",
    "conditioning-cures": "gdrun train",
    "critical-batch": "gdrun compare",
    # Steps of the first epochs of each contender.
    "smoothness": "gdrun compare",
    # The first epoch by itself is a part of the whole run.
    "reshuffling": "gdrun train",
}

# One step of Adam, a single gradient and initial weights are no curve.
WITHOUT_CURVES = {"adam-epsilon", "entire-dataset", "init-names"}


def plain(experiment):
    """The config without the name, which commands leave out, as a text."""
    return json.dumps({k: v for k, v in experiment.plain().items() if k != "name"})


def repeated(command):
    """The configs that a command trains."""
    verb, *words = shlex.split(as_options(command))[1:]
    end = next((at for at, word in enumerate(words) if word.startswith("--")), len(words))
    settings, options = words[:end], dict(zip(words[end::2], words[end + 1 :: 2], strict=False))
    seeds = range(int(options.get("--seeds", 1)))
    if verb == "train":
        return {plain(load(None, settings).with_seed(seed)) for seed in seeds}
    if verb != "sweep":
        return set()
    values = {key: swept_values(key, text) for key, _, text in (w.partition("=") for w in settings)}
    single = [word for word in settings if len(values[word.partition("=")[0]]) == 1]
    swept = {key: each for key, each in values.items() if len(each) > 1}
    request = SweepRequest(overrides=single, values=swept, seeds=len(seeds))
    return {plain(trial.experiment) for trial in request.planned().plan.trials}


@pytest.fixture
def trained(monkeypatch):
    """The configs of the experiments that are trained for a claim."""
    configs = []

    class Recorded(Session):
        def __init__(self, experiments, **options):
            configs.extend(map(plain, experiments))
            super().__init__(experiments, **options)

    monkeypatch.setattr(experiments, "Session", Recorded)
    return configs


def test_every_claim_is_here():
    assert CLAIMS.keys() == EXPECTED.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_a_claim(name, trained):
    finding, seconds = CLAIMS[name].measure()
    verdict, numbers = EXPECTED[name]
    assert finding.verdict == verdict, finding.measured
    assert seconds > 0
    for key, (value, tolerance) in numbers.items():
        assert finding.numbers[key] == pytest.approx(value, abs=tolerance), key
    assert ORDERED.get(name, bool)(finding.numbers)
    assert bool(finding.curves) == (name not in WITHOUT_CURVES)
    assert finding.commands
    assert all(command.startswith("gdrun ") for command in finding.commands)
    by_hand = set().union(*map(repeated, finding.commands))
    if name in PARTLY_REPEATED:
        assert by_hand <= set(trained)
        assert finding.commands[0].startswith(PARTLY_REPEATED[name])
    elif name in UNTRAINED:
        assert not trained
    else:
        assert by_hand == set(trained)


@pytest.mark.parametrize("name", EXPECTED)
def test_what_holds_is_a_sentence(name):
    claim = CLAIMS[name]
    assert claim.truth.endswith(".")
    assert claim.chapter in CHAPTERS
    assert not claim.statement.endswith(".")
