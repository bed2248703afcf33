"""A surface in place of dataset and model."""

import pytest

from gdrun.config.loading import load
from gdrun.config.resolving import resolve
from gdrun.errors import ConfigError


def refused(data):
    with pytest.raises(ConfigError) as caught:
        resolve(data)
    return [(problem.where, problem.what) for problem in caught.value.problems]


def test_a_surface_is_the_whole_problem():
    experiment = resolve({"surface": "bowl", "variant": "bgd"})
    plain = experiment.plain()
    assert plain["surface"]["condition"] == 10.0
    assert "dataset" not in plain
    assert "model" not in plain
    assert experiment.name == "bowl"
    assert resolve(plain).plain() == plain


def test_a_walk_says_where_it_begins_and_keeps_every_place():
    """The resolved config contains the default start and log, so that it repeats the run."""
    plain = resolve({"surface": "rosenbrock"}).plain()
    # Rosenbrock's own start, from his paper.
    assert plain["surface"]["start"] == [-1.2, 1.0]
    assert plain["log"] == {"points": "all"}
    told = {"surface": {"name": "rosenbrock", "start": [0.0, 2.0]}, "log": {"points": 50}}
    plain = resolve(told).plain()
    assert plain["surface"]["start"] == [0.0, 2.0]
    assert plain["log"] == {"points": 50}
    assert resolve({"dataset": "iris", "model": "softmax"}).plain()["log"] == {"points": 1000}


def test_dataset_and_model_have_no_place_beside_it():
    data = {"surface": "bowl", "dataset": "iris", "model": "softmax"}
    what = "a surface replaces dataset and model"
    assert refused(data) == [("config dataset", what), ("config model", what)]


@pytest.mark.parametrize("start", [[], [1.0], [1.0, 2.0, 3.0]])
def test_a_start_is_two_numbers(start):
    what = f"must have two numbers, one for each weight, got {list(map(float, start))}"
    refusal = refused({"surface": {"name": "bowl", "start": start}})
    assert refusal == [("config surface.start", what)]


def test_it_takes_the_place_of_a_problem_that_is_overridden():
    assert load(None, ["surface=saddle", "surface.start=[0.5, 0.1]", "lr=0.2"]).plain()["surface"][
        "start"
    ] == [0.5, 0.1]


def test_rules_that_need_a_validation_part_or_accuracy_are_refused():
    data = {"surface": "bowl", "stopping": {"early_stopping": {}, "target_accuracy": 0.9}}
    assert [where for where, _ in refused(data)] == [
        "config stopping.early_stopping",
        "config stopping.target_accuracy",
    ]
