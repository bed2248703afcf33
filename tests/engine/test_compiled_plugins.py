"""Rules of plugins, with any names of slots and options: both engines take the same steps."""

import pytest

import gdrun

HEAD = """\
import numpy as np
from gdrun.methods.definitions import Rate
from gdrun.methods.rules import rule

"""
RULES = {
    "locals_like_the_loops": """
@rule(slots="kept")
def odd(w, g, kept, lr: Rate = 0.01):
    'Descend.\\n\\n    w ← w − α g'
    t = lr * g
    length = 0.5 * kept + t
    moved = w - length
    ema = moved
    return ema, length
""",
    "a_step_that_is_changed": """
@rule
def odd(w, g, t, lr: Rate = 0.1):
    'Descend.\\n\\n    w ← w − α g'
    t = t + 1
    return w - lr * g / t
""",
    "options_like_the_loops": """
@rule
def odd(
    w, g, lr: Rate = 0.05, penalty: Rate = 0.5, moved: Rate = 0.7, t: Rate = 0.9, ema: Rate = 0.8,
    squares: Rate = 2.5, length: Rate = 0.6, share: Rate = 1.1,
):
    'Descend.\\n\\n    w ← w − α g'
    return w - lr * penalty * moved * t * ema * squares * length * share * g
""",
}
NETWORK = {"name": "mlp", "hidden": [6], "loss": "cross_entropy"}
WORKS = {
    "by example": {
        "dataset": {"name": "linear", "n": 60, "d": 3, "noise": 0.5},
        "model": "linear",
        "variant": "sgd",
    },
    "by rows": {"model": "softmax", "variant": {"name": "mbgd", "batch_size": 16}},
    "network": {"model": NETWORK},
    "update alone": {"model": NETWORK | {"batch_norm": True}},
}


@pytest.fixture
def plugin(plugin):
    """Load a plugin of this text, with imports in front of it."""
    return lambda text: plugin(HEAD + text, "odd.py")


def trained(engine, work, **optimizer):
    config = {"dataset": "iris", "stopping": {"epochs": 3}, "log": {"points": "all"}}
    config |= {"optimizer": {"name": "odd"} | optimizer, "engine": engine}
    return gdrun.train(config | work)


@pytest.mark.slow
@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("text", RULES)
def test_names_of_a_rule_are_its_own(plugin, text, work):
    plugin(RULES[text])
    fused, plain = (trained(engine, WORKS[work], average="ema") for engine in ("compiled", "numpy"))
    assert fused.record["engine"] == "compiled"
    for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm"):
        assert fused.steps[name] == pytest.approx(plain.steps[name], rel=1e-8)
    assert fused.evals["train_loss"] == pytest.approx(plain.evals["train_loss"], rel=1e-9)


@pytest.mark.slow
def test_a_step_that_is_changed_is_that_of_each_lane(plugin):
    plugin(RULES["a_step_that_is_changed"])
    config = {"dataset": "iris", "optimizer": "odd", "engine": "compiled"}
    config |= WORKS["update alone"] | {"stopping": {"epochs": 3}}
    swept = gdrun.sweep(config, {"lr": [0.1, 0.2, 0.4]})
    assert swept.standings[0].results[0].record["lanes"] == 3
    for row in swept.standings:
        record = row.results[0].record
        alone = trained("numpy", WORKS["update alone"], lr=row.candidate.experiment.optimizer["lr"])
        assert record["summary"]["train_loss"] == pytest.approx(
            alone.summary["train_loss"], rel=1e-9
        )


HELPER = """
def {name}(x):
    return 2 * x

@rule
def odd(w, g, lr: Rate = 0.01):
    'Descend.\\n\\n    w ← w − α g'
    return w - lr * {name}(g)
"""
CONSTANT = """
{name} = 3.0

@rule
def odd(w, g, lr: Rate = 0.01):
    'Descend.\\n\\n    w ← w − α g'
    return w - {name} * lr * g
"""


@pytest.mark.parametrize(
    ("text", "name", "work"),
    [
        (HELPER, "bring", "by rows"),
        (HELPER, "clip", "by rows"),
        (CONSTANT, "VECTOR", "network"),
        (CONSTANT, "AHEAD", "by rows"),
        (CONSTANT, "kernel", "update alone"),
    ],
    ids=lambda given: given if given in WORKS or given.isidentifier() else "",
)
def test_helpers_and_constants_may_have_any_name(plugin, text, name, work):
    plugin(text.format(name=name))
    fused, plain = (trained(engine, WORKS[work]) for engine in ("compiled", "numpy"))
    assert fused.record["engine"] == "compiled"
    assert fused.steps["weight_norm"] == pytest.approx(plain.steps["weight_norm"], rel=1e-9)


KINGMA = """
@rule(slots="m v")
def odd(w, g, m, v, t, lr: Rate = 0.001, beta1: Rate = 0.9, beta2: Rate = 0.999):
    'Adam in the efficient order of section 2 of Kingma & Ba 2014.'
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g * g
    step = lr * np.sqrt(1 - beta2**t) / (1 - beta1**t)
    return w - step * m / (np.sqrt(v) + 1e-12), m, v
"""


@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_functions_of_numpy_on_options_and_t_keep_float32(plugin, engine):
    plugin(KINGMA)
    half = trained(engine, WORKS["by rows"] | {"dtype": "float32"})
    paper = {"name": "adam", "eps": 1e-12}
    whole = trained(engine, WORKS["by rows"] | {"dtype": "float64"}, **paper)
    assert half.record["engine"] == engine
    assert half.weights["w"].dtype == "float32"
    assert half.steps["batch_loss"] == pytest.approx(whole.steps["batch_loss"], rel=1e-5)


def test_a_sweep_of_a_rule_with_functions_on_options_keeps_float32(plugin):
    plugin(KINGMA)
    config = {
        "dataset": "iris",
        "model": "softmax",
        "optimizer": "odd",
        "engine": "numpy",
        "dtype": "float32",
    }
    swept = gdrun.sweep(config, {"beta2": [0.9, 0.99]}, "epochs=2")
    for row in swept.standings:
        alone = gdrun.train(
            config, "epochs=2", f"beta2={row.candidate.settings['optimizer.beta2']}"
        )
        assert row.results[0].number("train_loss") == pytest.approx(
            alone.summary["train_loss"], rel=1e-5
        )
