"""Plugins: what they register, from a file or from an installed package."""

from importlib.metadata import EntryPoint
from inspect import unwrap

import numpy as np
import pytest

from gdrun.config.loading import load
from gdrun.errors import GdrunError
from gdrun.methods import plugins
from gdrun.methods.plugin_checks import first_fault
from gdrun.methods.plugins import load_entry_points, load_plugin
from gdrun.methods.rules import OPTIMIZER_ALIASES, OPTIMIZERS
from gdrun.methods.schedules import SCHEDULES
from gdrun.study.design.axes import axes_of
from methods.plugin_texts import IMPORTS, rule_text

pytestmark = pytest.mark.usefixtures("registries")


@pytest.mark.parametrize("default", ["1", "0.01"])
def test_a_rate_without_a_type_is_positive_no_whole_number_and_can_be_swept(plugin, default):
    plugin(f'''
@rule
def untyped(w, g, lr={default}):
    """The plain rule."""
    return w - lr * g
''')
    iris = {"dataset": "iris", "model": "softmax", "optimizer": "untyped"}
    assert load(iris, ["lr=0.5"]).optimizer.options["lr"] == 0.5
    with pytest.raises(GdrunError, match="must be > 0, got -1"):
        load(iris, ["lr=-1"])
    (axis,) = axes_of(["lr"], load(iris))
    assert (len(axis.values), axis.spacing) == (11, "log")


def test_a_rule_and_a_schedule_become_part_of_gdrun(plugin):
    names = plugin('''
@rule(slots="v", aliases="sd")
def sign_descent(w, g, v, lr: Rate = 0.01, beta: Decay = 0.5):
    """Steps of one length, down the sign of a running mean.

        v ← β v + g
        w ← w − α sign(v)

    Source: a test.
    """
    v = beta * v + g
    return w - lr * np.sign(v), v

@schedule
def falling(t, lr, pace=0.1):
    """A slow fall.

        lr(t) = lr₀ / (1 + p t)
    """
    return lr / (1 + pace * t)
''')
    assert names == ("sign_descent", "falling")
    rule = OPTIMIZERS["sign_descent"]
    assert (rule.slots, rule.doc.source, rule.momentum) == (("v",), "a test.", "beta")
    assert OPTIMIZER_ALIASES["sd"] == "sign_descent"
    w, _ = rule.advance(np.zeros(2), np.array([3.0, -4.0]), (np.zeros(2),), 1.0, rule.defaults)
    assert w.tolist() == [-0.01, 0.01]
    assert SCHEDULES["falling"].options["pace"].varies


def test_a_layerwise_rule_may_ask_for_norms(plugin):
    assert plugin('''
@rule
def normalised(w, g, t, norm, lr: Rate = 0.1):
    """Steps of one length in each layer.

        w ← w − α / √t · g / ‖g‖
    """
    return w - lr / t ** 0.5 * g / norm(g)
''') == ("normalised",)
    assert OPTIMIZERS["normalised"].uses_norm and OPTIMIZERS["normalised"].uses_t


def test_loading_again_changes_nothing_and_a_changed_file_is_loaded_anew(plugin, tmp_path):
    text = '''
@rule()
def mine(w, g, lr: Rate = {rate}):
    """Mine."""
    return w - lr * g
'''
    plugin(text.format(rate=0.1))
    first = OPTIMIZERS["mine"]
    assert load_plugin(tmp_path / "my_rule.py") == ("mine",)
    assert OPTIMIZERS["mine"] is first
    plugin(text.format(rate=0.2))
    assert OPTIMIZERS["mine"].defaults == {"lr": 0.2}


@pytest.mark.parametrize("slots", ['["m", "v=1"]', '("m", "v=1")', '"m v=1"'])
def test_slots_and_aliases_are_a_list_or_a_text(plugin, slots):
    plugin(
        f"@rule(slots={slots}, aliases=['other'])\n"
        'def mine(w, g, m, v, lr: Rate = 0.1):\n    """Mine."""\n    return w - lr * g, m, v\n'
    )
    assert (OPTIMIZERS["mine"].slots, OPTIMIZERS["mine"].starts) == (("m", "v"), (0, 1))
    assert OPTIMIZER_ALIASES["other"] == "mine"


def test_a_plugin_that_registers_nothing_says_how_to(plugin):
    with pytest.raises(GdrunError) as caught:
        plugin("")
    assert str(caught.value) == (
        "error: my_rule.py: registers no method\n"
        "hint: write `from gdrun import rule`, and @rule above the function of your rule; "
        "schedule, loss and surface register the other kinds"
    )


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(GdrunError) as caught:
        load_plugin(tmp_path / "none.py")
    assert str(caught.value) == (
        f"error: {tmp_path}/none.py: cannot be read: No such file or directory\n"
        "hint: a plugin is a Python file, such as my_rule.py"
    )


# unwrap: the function is cached, but each of these tests needs a new call.
def test_an_installed_package_offers_its_methods(tmp_path, monkeypatch):
    module = tmp_path / "offered_methods.py"
    module.write_text(IMPORTS + rule_text("return w - lr * g, v").replace("mine", "offered"))
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("offered", "offered_methods", plugins.ENTRY_POINTS)
    monkeypatch.setattr(
        plugins, "entry_points", lambda group: [point] if group == "gdrun.methods" else []
    )
    assert unwrap(load_entry_points)() == ("offered",)
    assert "offered" in OPTIMIZERS


def test_a_faulty_package_is_named(tmp_path, monkeypatch):
    (tmp_path / "faulty_methods.py").write_text("import a_module_that_is_nowhere\n")
    monkeypatch.syspath_prepend(tmp_path)
    point = EntryPoint("faulty", "faulty_methods", plugins.ENTRY_POINTS)
    monkeypatch.setattr(plugins, "entry_points", lambda group: [point])
    with pytest.raises(GdrunError) as caught:
        unwrap(load_entry_points)()
    (problem,) = caught.value.problems
    assert problem.where == "entry point faulty = faulty_methods"
    assert problem.what == (
        "raises ModuleNotFoundError when it is loaded: No module named 'a_module_that_is_nowhere'"
    )


def test_gdruns_own_methods_pass_the_trial():
    for method in (*OPTIMIZERS.values(), *SCHEDULES.values()):
        assert first_fault(method) is None, method.name
