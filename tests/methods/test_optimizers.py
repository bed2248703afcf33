"""Every rule of the registry: its path, its form, and its documentation."""

import numpy as np
import pytest

from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from methods.papers import PAPERS
from methods.walks import PROBLEMS, path, split_norm

RULES = list(OPTIMIZERS.values())
NAMES = list(OPTIMIZERS)

# Options that are not the defaults, so that each affects the first forty steps.
CHANGED = {
    "momentum": {"dampening": 0.4},
    "adagrad": {"initial": 0.3, "eps": 0.1},
    "adadelta": {"lr": 0.5, "eps": 1e-2},
    "rmsprop": {"momentum": 0.5, "centered": True, "eps": 0.1},
    "adam": {"beta1": 0.7, "beta2": 0.9, "eps": 0.1},
    "adamax": {"beta2": 0.8, "eps": 0.1},
    "nadam": {"momentum_decay": 2.0, "eps": 0.1},
    "amsgrad": {"beta2": 0.5, "eps": 0.1},
    "adamw": {"weight_decay": 2.0},
    "radam": {"beta2": 0.9, "threshold": 8.0, "eps": 0.1},
    "adabelief": {"eps": 1e-3},
    "yogi": {"initial": 0.5},
    "rprop": {"lr": 0.1, "eta_minus": 0.3, "eta_plus": 1.6, "step_min": 0.05, "step_max": 0.4},
    "lion": {"lr": 0.01, "weight_decay": 2.0},
    "lars": {"trust": 0.02, "eps": 0.3},
    "lamb": {"weight_decay": 2.0, "eps": 0.1},
}
CASES = [(name, {}) for name in NAMES] + list(CHANGED.items())


def random_state(rule, lanes=3, dtype=np.float64):
    """Weights, a gradient and slots as they might be along the way; slots are positive."""
    random = np.random.default_rng(5)
    w, g = random.normal(size=(2, lanes, 7)).astype(dtype)
    slots = random.uniform(0.1, 0.9, size=(len(rule.slots), lanes, 7)).astype(dtype)
    return w, g, tuple(slots)


def by_lane(rule, lanes=3, dtype=np.float64):
    """Each real option as a column, a little different in every lane."""
    steps = 1 - 0.01 * np.arange(lanes)[:, None]
    return {
        name: (option.default * steps).astype(dtype) if option.varies else option.default
        for name, option in rule.options.items()
    }


@pytest.mark.longer
@pytest.mark.parametrize("problem", PROBLEMS)
@pytest.mark.parametrize(("name", "options"), CASES)
def test_the_path_is_the_papers(problem, name, options):
    gradient, steps = PROBLEMS[problem], 40
    points = path(name, gradient, options=options, steps=steps)
    complete = OPTIMIZERS[name].defaults | options
    history = [point.tolist() for point in points]
    slopes = [gradient(point).tolist() for point in points]
    wanted = [PAPERS[name](history[:t], slopes[:t], complete) for t in range(1, steps + 1)]
    np.testing.assert_allclose(points[1:], wanted, rtol=1e-9, atol=1e-11)


def test_every_rule_has_a_loop_written_from_its_paper():
    own = {
        name for name, rule in OPTIMIZERS.items() if rule.function.__module__.startswith("gdrun.")
    }
    assert set(PAPERS) == own


def test_the_table_of_the_specification_is_complete():
    table = (
        "vanilla momentum nesterov adagrad adadelta rmsprop adam adamax nadam amsgrad adamw radam "
        "adabelief yogi lion rprop lars lamb"
    )
    assert set(table.split()) <= set(OPTIMIZERS)
    assert OPTIMIZER_ALIASES == {"gd": "vanilla", "sgd": "vanilla"}


@pytest.mark.longer
@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_it_descends_on_a_bowl_with_condition_number_100(rule):
    # f(w) = ½ (w₁² + 10 w₂² + 100 w₃²). The defaults take at least a half of it away in 4000
    # steps: the slowest, lion, moves each weight by 10⁻⁴ a step, from 1 to 0.6.
    curvature = np.array([1.0, 10.0, 100.0])
    w = np.ones((1, 3))
    slots = rule.start(w, rule.defaults)
    start = 0.5 * (curvature * w * w).sum()
    for t in range(1, 4001):
        w, slots = rule.advance(w, curvature * w, slots, float(t), rule.defaults, lane_norm)
    assert 0.5 * (curvature * w * w).sum() < 0.5 * start


def lane_norm(array):
    return np.broadcast_to(np.linalg.norm(array, axis=-1, keepdims=True), array.shape)


@pytest.mark.parametrize(
    "options", [lambda rule: rule.defaults, by_lane], ids=["floats", "columns"]
)
@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_float32_stays_float32(rule, options):
    w, g, slots = random_state(rule, dtype=np.float32)
    given = {
        name: value.astype(np.float32) if isinstance(value, np.ndarray) else value
        for name, value in options(rule).items()
    }
    new, carried = rule.advance(w, g, slots, 3.0, given, split_norm)
    assert [array.dtype for array in (new, *carried)] == [np.float32] * (1 + len(slots))
    assert [array.shape for array in (new, *carried)] == [w.shape] * (1 + len(slots))
    assert len(carried) == len(rule.slots)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_nothing_that_is_handed_in_is_changed(rule):
    w, g, slots = random_state(rule)
    copies = [array.copy() for array in (w, g, *slots)]
    for array in (w, g, *slots):
        array.flags.writeable = False
    rule.advance(w, g, slots, 3.0, by_lane(rule), split_norm)
    for array, copy in zip((w, g, *slots), copies, strict=True):
        assert array.tobytes() == copy.tobytes()


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_a_lane_is_the_run_alone(rule):
    w, g, _ = random_state(rule)
    options = by_lane(rule)
    slots = rule.start(w, options)
    rows = [w[k].copy() for k in range(3)]
    alone = [{name: pick(value, k) for name, value in options.items()} for k in range(3)]
    states = [rule.start(row, own) for row, own in zip(rows, alone, strict=True)]
    for t in range(1, 6):
        w, slots = rule.advance(w, g + w, slots, float(t), options, split_norm)
        for k in range(3):
            rows[k], states[k] = rule.advance(
                rows[k], g[k] + rows[k], states[k], float(t), alone[k], split_norm
            )
    np.testing.assert_allclose(w, rows, rtol=1e-12)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_each_lane_has_its_own_rate(rule):
    point, slope, _ = random_state(rule, lanes=1)
    options = rule.defaults | {"lr": rule.defaults["lr"] * np.array([[1.0], [2.0]])}
    w, g = point.repeat(2, 0), slope.repeat(2, 0)
    moved, _ = rule.advance(w, g, rule.start(w, options), 1.0, options, split_norm)
    # A first step of every rule is in proportion to its rate.
    np.testing.assert_allclose(moved[1] - w[1], 2 * (moved[0] - w[0]), rtol=1e-9)
    assert (moved != w).all()


def pick(value, lane):
    return float(value[lane, 0]) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if not rule.uses_norm], ids=lambda r: r.name
)
def test_a_weight_is_the_scalar_alone(rule):
    w, g, slots = random_state(rule)
    new, carried = rule.advance(w, g, slots, 3.0, rule.defaults)
    one, own = rule.advance(
        w[1, 2], g[1, 2], tuple(slot[1, 2] for slot in slots), 3.0, rule.defaults
    )
    np.testing.assert_allclose([one, *own], [array[1, 2] for array in (new, *carried)], rtol=1e-14)


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_slots_start_like_the_weights(rule):
    w = np.zeros((3, 7), dtype=np.float32)
    slots = rule.start(w, by_lane(rule))
    assert [slot.shape for slot in slots] == [w.shape] * len(rule.slots)
    assert all(slot.dtype == np.float32 for slot in slots)


def test_slots_start_at_the_number_or_the_option_that_is_written():
    w = np.zeros((2, 3))
    column = np.array([[0.1], [0.2]])
    start = OPTIMIZERS["adagrad"].start(w, {"initial": column})
    np.testing.assert_array_equal(start[0], [[0.1] * 3, [0.2] * 3])
    size, last = OPTIMIZERS["rprop"].start(w, {"lr": 0.5})
    assert (size == 0.5).all() and (last == 0).all()
    m, v, product = OPTIMIZERS["nadam"].start(w, OPTIMIZERS["nadam"].defaults)
    assert (m == 0).all() and (v == 0).all() and (product == 1).all()


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_it_tells_its_sentence_equation_source_and_what_others_do(rule):
    assert rule.doc.summary.endswith(".")
    assert "w ← w" in rule.doc.equation
    assert any(character.isdigit() for character in rule.doc.source)
    for library in ("PyTorch", "optax", "Keras"):
        assert library in rule.doc.extra["Elsewhere"]
    for name in set(rule.options) - {"lr"}:
        words = rule.doc.notes + rule.doc.equation
        assert name in words, f"{name} is not explained"


@pytest.mark.parametrize("rule", RULES, ids=NAMES)
def test_every_option_has_a_type_and_its_number_bounds(rule):
    for option in rule.options.values():
        assert option.varies or isinstance(option.default, bool), option
        assert option.bounds or isinstance(option.default, bool), option


def test_which_option_is_the_momentum_that_a_schedule_may_cycle():
    # As PyTorch's OneCycleLR chooses: `momentum` where there is one, else the first of the betas.
    momenta = {rule.name: rule.momentum for rule in RULES if rule.momentum}
    beta1 = set(momenta) - {"momentum", "nesterov", "lars", "rmsprop"}
    assert len(beta1) == 10
    assert momenta == dict.fromkeys(beta1, "beta1") | {
        "momentum": "beta",
        "nesterov": "beta",
        "lars": "beta",
        "rmsprop": "momentum",
    }


def test_layer_norms_are_asked_for_by_the_layerwise_rules_alone():
    assert {rule.name for rule in RULES if rule.uses_norm} == {"lars", "lamb"}


@pytest.mark.parametrize("name", ["lars", "lamb"])
def test_weights_or_gradients_of_zero_take_the_plain_step(name):
    # λ is 1 where ‖w‖ or ‖g‖ is 0. From w = 0 with g = 1 and α = 0.1, lars steps by α g = 0.1, and
    # lamb by α m̂ / (√v̂ + ε) = 0.1 / (1 + 10⁻⁶); with g = 0 neither moves.
    rule = OPTIMIZERS[name]
    options = rule.defaults | {"lr": 0.1}
    zero, one = np.zeros(4), np.ones(4)
    step = {"lars": 0.1, "lamb": 0.1 / (1 + 1e-6)}[name]
    new, _ = rule.advance(zero, one, rule.start(zero, options), 1.0, options, lane_norm)
    np.testing.assert_allclose(new, -step * one, rtol=1e-15)
    still, _ = rule.advance(one, zero, rule.start(one, options), 1.0, options, lane_norm)
    np.testing.assert_array_equal(still, one)


def test_adam_takes_the_step_of_its_first_iteration_whatever_the_gradients_size():
    # m̂ = g and v̂ = g² at t = 1, so the step is α g / (|g| + ε) ≈ α, for tiny and huge g alike.
    rule = OPTIMIZERS["adam"]
    g = np.array([1e-3, 1.0, 1e6])
    w, _ = rule.advance(np.zeros(3), g, rule.start(g, rule.defaults), 1.0, rule.defaults)
    np.testing.assert_allclose(w, -1e-3 * g / (g + 1e-8), rtol=1e-12)


def test_rprop_turns_are_seen_where_the_product_of_gradients_underflows():
    # 10⁻²⁰⁰ · −10⁻²⁰⁰ is −0 in floating point; the signs differ all the same, so the size halves.
    rule = OPTIMIZERS["rprop"]
    options = rule.defaults
    w, g = np.zeros(1), np.array([1e-200])
    w, slots = rule.advance(w, g, rule.start(w, options), 1.0, options)
    _, (size, last) = rule.advance(w, -g, slots, 2.0, options)
    assert size[0] == 0.005 and last[0] == 0


def test_a_steady_gradient_keeps_centred_rmsprop_finite():
    # v − m² is (1 − βᵗ) βᵗ g²: it goes to 0, where rounding alone could make it negative.
    rule = OPTIMIZERS["rmsprop"]
    options = rule.defaults | {"centered": True}
    w, g = np.zeros(1), np.array([0.1])
    slots = rule.start(w, options)
    for t in range(1, 2001):
        w, slots = rule.advance(w, g, slots, float(t), options)
        assert np.isfinite(w).all()
