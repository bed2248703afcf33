"""No option of a method has the name of a key that its section of a config always has."""

import re

import pytest
from readme import README

import gdrun
from gdrun.config.loading import load
from gdrun.config.sections import SECTIONS
from gdrun.errors import ConfigError, GdrunError
from gdrun.methods.plugin_kinds import KINDS

# The keys that each section had in a config written by hand, whatever method it names.
TAKEN = {
    "rule": ["name", "average"],
    "schedule": ["name", "per", "warmup", "warmup_start"],
    "loss": ["name", "loss", "l2", "init"],
    "surface": ["name", "start", "noise", "examples"],
}
TEXTS = {
    "rule": (
        "@rule\ndef mine(w, g, lr: float = 0.1, {0}: float = 1.0):\n"
        '    """Mine."""\n    return w - lr * g * {0}\n'
    ),
    "schedule": (
        "@schedule\ndef mine(t, lr, {0}: float = 1.0):\n"
        '    """Mine."""\n    return lr / (1 + {0} * t)\n'
    ),
    "loss": (
        "@loss\ndef mine(s, y, {0}: float = 1.0):\n"
        '    """Mine."""\n    return {0} * (s - y) ** 2, 2 * {0} * (s - y)\n'
    ),
    "surface": (
        "@surface(start=(1.0, 1.0), minima=((0.0, 0.0),))\ndef mine(x, y, {0}: float = 1.0):\n"
        '    """Mine."""\n    return {0} * x**2 + y**2, 2 * {0} * x, 2 * y\n'
    ),
}
SECTION_OF = {"rule": "optimizer", "schedule": "schedule", "loss": "model", "surface": "surface"}
CASES = [(kind, name) for kind, names in TAKEN.items() for name in names]


@pytest.mark.parametrize(("kind", "name"), CASES)
def test_a_plugin_with_an_option_of_a_taken_name_is_refused(plugin, kind, name):
    text = f"from gdrun import {kind}\n\n" + TEXTS[kind]
    with pytest.raises(GdrunError) as caught:
        plugin(text.format(name))
    (problem,) = caught.value.problems
    others = ", ".join(each for each in TAKEN[kind] if each != name)
    assert problem.where == "my.py:3"
    assert problem.what == (
        f"mine has an option {name}, but every {SECTION_OF[kind]} section has this key"
    )
    assert problem.hint == f"choose another name, such as own_{name}; also taken: {others}"
    # The hint works when it is typed.
    assert plugin(text.format(f"own_{name}")) == ("mine",)


def test_every_kind_of_plugin_is_in_these_tests():
    assert {kind.name for kind in KINDS} == TEXTS.keys()


@pytest.mark.parametrize("section", SECTIONS.values(), ids=SECTIONS)
def test_no_method_of_gdrun_has_an_option_of_a_taken_name(section):
    for method in section.registry.values():
        assert not method.options.keys() & {"name", *section.common}, method.name


def test_a_method_of_a_notebook_is_refused_by_the_config_that_names_it(registries):
    @gdrun.schedule
    def slow_start(t, lr, warmup: float = 10.0):
        """A warm-up of its own."""
        return lr * (t + 1) / (t + warmup)

    with pytest.raises(ConfigError) as caught:
        load(
            {
                "dataset": "iris",
                "model": "softmax",
                "schedule": {"name": "slow_start", "warmup": 5},
            }
        )
    (problem,) = caught.value.problems
    assert (problem.where, problem.what) == (
        "config schedule",
        "slow_start has an option warmup, but every schedule section has this key",
    )
    assert "own_warmup" in problem.hint


@pytest.mark.parametrize("kind", TAKEN)
def test_the_help_names_the_taken_names(kind):
    def words(text):
        return " ".join(text.split())

    *first, last = TAKEN[kind]
    listed = f"{', '.join(first)} or {last}"
    assert f"called {listed}: every" in words(getattr(gdrun, kind).__doc__)
    marked = re.sub(r"(\w+)", r"`\1`", f"{', '.join(first)}") + f" and `{last}` for a {kind}"
    assert marked in words(README.read_text(encoding="utf-8"))
