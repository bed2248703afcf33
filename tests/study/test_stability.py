"""The observed stability limit, compared with the predicted one."""

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.study.judgement.stability import predicted_limit
from gdrun.views.study_notes import limit_sentence
from study.cases import LEAST_SQUARES, LOGISTIC

GRID = "log:0.05:5:41"


def limit_of(optimizer, **dataset):
    config = LEAST_SQUARES | {"dataset": LEAST_SQUARES["dataset"] | dataset}
    config["optimizer"] = optimizer
    found = gdrun.sweep(config, {"lr": GRID})
    rates = list(found.values("optimizer.lr"))
    return found.limit, rates


@pytest.mark.slow
@pytest.mark.parametrize(
    "optimizer",
    [
        {"name": "vanilla", "lr": 0.1},
        {"name": "momentum", "lr": 0.1, "beta": 0.5},
        {"name": "momentum", "lr": 0.1, "beta": 0.5, "dampening": 0.5},
        {"name": "nesterov", "lr": 0.1, "beta": 0.5},
    ],
    ids=["vanilla", "momentum", "dampened", "nesterov"],
)
@pytest.mark.parametrize("condition", [1.0, 30.0])
def test_on_least_squares_they_agree_within_one_grid_step(optimizer, condition):
    limit, rates = limit_of(optimizer, condition=condition)
    assert limit.exact
    # The two neighbours on the grid that the limit was seen between, and one step either side.
    low, high = rates.index(limit.stable), rates.index(limit.unstable)
    assert high == low + 1
    assert rates[max(low - 1, 0)] <= limit.predicted <= rates[min(high + 1, len(rates) - 1)]


@pytest.mark.slow
@pytest.mark.parametrize("epochs", [20, 50])
@pytest.mark.parametrize("condition", [1.0, 30.0, 1000.0])
def test_a_short_run_of_heavy_momentum_swings_and_is_not_called_unstable(epochs, condition):
    # At β = 0.9 amplitudes shrink by √0.9 = 0.949 a step at most, so that after 20 steps a stable
    # rate above the best has still a third of its swing left.
    dataset = LEAST_SQUARES["dataset"] | {"condition": condition}
    config = LEAST_SQUARES | {"dataset": dataset, "optimizer": {"name": "momentum", "beta": 0.9}}
    found = gdrun.sweep(config, {"lr": GRID}, f"epochs={epochs}")
    rates = list(found.values("optimizer.lr"))
    low, high = rates.index(found.limit.stable), rates.index(found.limit.unstable)
    assert rates[low - 1] <= found.limit.predicted <= rates[high + 1]


def test_no_limit_is_read_from_less_than_a_swing():
    """Amplitudes shrink like √β^t: a run shows this in 1.5/(1 − β) steps, 15 at β = 0.9."""
    config = LEAST_SQUARES | {"optimizer": {"name": "momentum", "beta": 0.9}}
    for epochs, needed in ((14, 15), (15, None)):
        limit = gdrun.sweep(config, {"lr": [0.1, 1.0]}, f"epochs={epochs}").limit
        assert limit.steps_needed == needed
        assert (limit.stable is None and limit.unstable is None) == (needed is not None)
        assert limit.predicted == pytest.approx(3.8 / limit.smoothness)


def test_the_prediction_is_two_over_the_largest_curvature():
    # Least squares without ½ has the Hessian 2 X̃ᵀX̃/N with a column of ones, here from the data
    # that the run itself is given.
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 2)) * [1, 3], rng.normal(size=50)
    config = LEAST_SQUARES | {"dataset": {"name": "arrays", "split": {"validation": 0, "test": 0}}}
    config["dataset"]["standardize"] = False
    found = gdrun.sweep(config, {"lr": [0.01, 0.02]}, "epochs=2", data=(X, y))
    wide = np.column_stack([X, np.ones(50)])
    largest = np.linalg.eigvalsh(2 * wide.T @ wide / 50).max()
    assert found.limit.smoothness == pytest.approx(largest, rel=1e-12)
    assert found.limit.predicted == pytest.approx(2 / largest, rel=1e-12)


@pytest.mark.parametrize(
    "override", ["optimizer=adam", "model={name: linear, loss: mae}", "average=polyak"]
)
def test_where_there_is_no_theory_nothing_is_predicted(override):
    assert predicted_limit(load(LEAST_SQUARES, [override])) is None


def test_a_bound_is_not_called_a_limit():
    assert predicted_limit(load(LOGISTIC, ["variant=bgd"])).exact is False
    assert predicted_limit(load(LEAST_SQUARES, ["variant=sgd"])).exact is False
    # A rate that comes down, or a step that is cut short, may begin above the limit.
    for change in ("schedule=cosine", "schedule.warmup=3", "clip.norm=1", "clip.value=1"):
        assert predicted_limit(load(LEAST_SQUARES, [change])).exact is False


@pytest.mark.slow
def test_each_rule_of_a_sweep_has_its_own_limit():
    rules = ["vanilla", {"name": "momentum", "beta": 0.5}, "adam"]
    found = gdrun.sweep(LEAST_SQUARES, {"optimizer": rules, "lr": "log:0.1:10:21"})
    assert found.limit is None
    plain, heavy = found.limits.values()  # nothing is known of Adam's
    assert list(found.limits) == ["optimizer=vanilla", "optimizer={name: momentum, beta: 0.5}"]
    # 2/L and 2 (1 + 0.5)/L
    assert heavy.predicted == pytest.approx(1.5 * plain.predicted)
    step = 100 ** (1 / 20)
    for limit in (plain, heavy):
        assert limit.stable / step <= limit.predicted <= limit.unstable * step


def test_many_combinations_have_no_limits_to_read():
    penalties = [k / 10 for k in range(7)]
    found = gdrun.sweep(LEAST_SQUARES, {"lr": [0.1, 0.2], "l2": penalties}, "epochs=2")
    assert found.limits == {}


@pytest.mark.longer
def test_a_rate_whose_loss_jumps_above_its_start_is_not_stable():
    """At 1000 the loss of softmax regression jumps between 98 and 386, above its start ln 10."""
    config = {
        "dataset": "digits",
        "model": {"name": "softmax", "l2": 1e-4},
        "variant": "bgd",
        "optimizer": "vanilla",
    }
    found = gdrun.sweep(config, {"lr": [20, 1000]}, "epochs=100", "schedule=constant")
    assert found.limit.stable == 20
    assert found.limit.unstable == 1000
    assert [each.word for each in found.verdicts] == ["best", "unstable"]
    assert found.standings[1].symptom == "exploding"


def test_a_first_swing_above_the_start_shows_neither_stability_nor_the_opposite():
    """Heavy ball on ½(x² + 10 y²) at 0.99 of its limit 2(1 + β)/10 = 0.38: the swing of y rises to
    about 1/(1 − β) times its start, and then shrinks by √β = 0.949 a step. f shrinks by 0.9 a step
    from about 100 times its start: after 24 steps it is still above its start, after 60 below."""
    config = {"surface": {"name": "bowl"}, "optimizer": "momentum", "schedule": "constant"}
    rates = {"lr": [0.1, 0.99 * 0.38]}
    found = gdrun.sweep(config, rates, "steps=24", "beta=0.9", "variant=bgd")
    assert found.standings[1].symptom == "oscillation"
    assert (found.limit.stable, found.limit.unstable) == (0.1, None)
    assert found.limit.unclear == 0.99 * 0.38
    assert "0.1 was stable; 0.3762 is unclear: its loss rose" in limit_sentence(found.limit)
    longer = gdrun.sweep(config, rates, "steps=60", "beta=0.9", "variant=bgd").limit
    assert (longer.stable, longer.unclear, longer.unstable) == (0.99 * 0.38, None, None)
