"""The values that `tune` lists are those that are tried, in every form in which they are given."""

import numpy as np
import pytest

import gdrun
from gdrun.errors import ConfigError
from gdrun.study.design.tuning_plan import beyond

SMALL = {
    "dataset": {"name": "iris"},
    "model": "softmax",
    "engine": "numpy",
    "stopping": {"epochs": 3},
}
NAMES = ["mbgd", "mbgd+momentum"]


def compared(**options):
    return gdrun.compare(NAMES, SMALL, seeds=1, **options)


@pytest.mark.longer
@pytest.mark.parametrize(
    "tune",
    [{"lr": [1e-6, 0.3]}, {"optimizer.lr": np.array([1e-6, 0.3])}, {"lr": "1e-6,0.3"}],
)
def test_a_dict_lists_the_values_as_a_text_does(tune):
    found = compared(tune=tune)
    for row in found.contenders:
        assert row.tuning.settings == 2  # and not the 11 of the default range
        # A rate of 1e-6 leaves the weights near zero after 3 epochs: 0.3 is better.
        assert row.tuning.chosen == {"optimizer.lr": 0.3}
    texts = compared(tune="lr=1e-6,0.3")
    assert (found.results == texts.results).all()


def test_a_dict_may_have_several_keys():
    found = compared(tune={"lr": [1e-6, 0.3], "beta": [0.0, 0.5, 0.9]})
    assert [row.tuning.settings for row in found.contenders] == [2, 6]  # only momentum has beta


@pytest.mark.parametrize(
    ("tune", "message"),
    [
        (5, "must be a text, a list of texts or a dict, got 5"),
        ([("lr", [0.1])], "must be a text, a list of texts or a dict, got"),
        ({1: [0.1]}, "must be a text, a list of texts or a dict, got"),
        ({"lr": 0.1}, "needs several values, got 0.1"),
        ({"lr": []}, "the list of values is empty"),
        ("lr=0.1,1,beta=0.5,0.9", "a comma cannot separate keys"),
        (["lr", "lr"], "is swept twice"),
    ],
)
def test_what_is_not_understood_is_refused(tune, message):
    with pytest.raises(ConfigError, match=message) as caught:
        compared(tune=tune)
    assert all(problem.hint for problem in caught.value.problems)


def test_the_hint_for_several_keys_in_one_text_works():
    with pytest.raises(ConfigError) as caught:
        compared(tune="lr=1e-6,0.3,beta=0.5,0.9")
    (problem,) = caught.value.problems
    assert problem.hint == 'write `tune=["lr=1e-6,0.3", "beta=0.5,0.9"]`'
    found = compared(tune=["lr=1e-6,0.3", "beta=0.5,0.9"])
    assert [row.tuning.settings for row in found.contenders] == [2, 4]


@pytest.mark.parametrize("edge", [0.0001, 0.0003162, 0.001, 0.3162, 1.0, 3.162, 10.0])
@pytest.mark.parametrize("smallest", [False, True])
def test_a_range_that_is_widened_stays_on_the_grid_of_all_contenders(edge, smallest):
    grid = [float(f"{10 ** (half / 2):.4g}") for half in range(-40, 40)]
    grid = grid[::-1] if smallest else grid
    at = grid.index(edge)
    (base,) = gdrun.sweep(SMALL, {"lr": [edge]}).standings
    further = beyond(
        base.candidate, base.candidate, "optimizer.lr", smallest, grid[at - 3 : at + 1]
    )
    assert [each.settings["optimizer.lr"] for each in further] == grid[at + 1 : at + 5]
