"""Arguments of the wrong type are errors of the user, which say what to write instead."""

import pytest

import gdrun
from gdrun.errors import ConfigError

BOWL = {"surface": "bowl", "stopping": {"steps": 3}}
CALLS = {
    "a number as config": (lambda: gdrun.train(3), "config", "a path, a dict or an experiment"),
    "a list as config": (lambda: gdrun.train([1]), "config", "a path, a dict or an experiment"),
    "no keys to sweep": (
        lambda: gdrun.sweep(BOWL, None),
        "values",
        "a text, a list of texts or a dict",
    ),
    "a number to sweep": (
        lambda: gdrun.sweep(BOWL, 3),
        "values",
        "a text, a list of texts or a dict",
    ),
    "a number as metric": (lambda: gdrun.sweep(BOWL, "lr", metric=3), "metric", "a text"),
    "numbers to compare": (
        lambda: gdrun.compare([1, 2], BOWL),
        "config",
        "a path, a dict or an experiment",
    ),
}


@pytest.mark.parametrize(("call", "where", "wanted"), CALLS.values(), ids=CALLS)
def test_a_wrong_type_is_named(call, where, wanted):
    with pytest.raises(ConfigError) as caught:
        call()
    problem = caught.value.problems[0]
    assert problem.where == where
    assert problem.what.startswith(f"must be {wanted}, got ")
    assert problem.hint.startswith("such as ")


def test_words_in_one_text_are_shown_as_a_list():
    with pytest.raises(ConfigError) as caught:
        gdrun.compare("bgd sgd", BOWL)
    assert caught.value.problems[0].hint == 'write a list of contenders, such as ["bgd", "sgd"]'
    assert gdrun.compare(["bgd", "sgd"], BOWL).complete
