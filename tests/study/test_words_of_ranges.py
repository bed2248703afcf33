"""Values and contenders that are written in another form: the hint is the right form."""

import numpy as np
import pytest

import gdrun
from gdrun.cli.options import with_options
from gdrun.errors import GdrunError

IRIS = {"dataset": "iris", "model": "softmax"}


@pytest.mark.parametrize(
    ("text", "right", "values"),
    [
        ("lr=1e-4..1", "lr=log:1e-4:1:9", np.geomspace(1e-4, 1, 9)),
        ("lr=0.001...0.1", "lr=log:0.001:0.1:9", np.geomspace(0.001, 0.1, 9)),
        ("lr=1e-4:1:5", "lr=log:1e-4:1:5", np.geomspace(1e-4, 1, 5)),
        ("beta=0.5..0.9", "beta=lin:0.5:0.9:9", np.linspace(0.5, 0.9, 9)),
    ],
)
def test_the_ends_of_a_range_alone_lead_to_the_whole_range(text, right, values):
    with pytest.raises(GdrunError) as caught:
        gdrun.sweep(IRIS, text, "optimizer=momentum")
    (problem,) = caught.value.problems
    assert problem.hint == f"write {right} for {len(values)} values"
    found = gdrun.sweep(IRIS, right, "optimizer=momentum", "epochs=1")
    assert [*found.values(right.partition("=")[0])] == pytest.approx(values, rel=1e-3)


def test_contenders_in_one_word_lead_to_words():
    with pytest.raises(GdrunError) as caught:
        gdrun.compare(["adam,momentum"], IRIS)
    (problem,) = caught.value.problems
    assert problem.hint == 'write `contenders=["adam", "momentum"]`'
    assert with_options(problem).hint == "write adam momentum"


def test_the_hint_for_several_swept_keys_in_one_text_works():
    with pytest.raises(GdrunError) as caught:
        gdrun.sweep(IRIS, "lr=0.1,1,l2=0,0.1", "epochs=1")
    (problem,) = caught.value.problems
    assert problem.hint == 'write `values=["lr=0.1,1", "l2=0,0.1"]`'
    assert with_options(problem).hint == "write lr=0.1,1 l2=0,0.1"
    assert gdrun.sweep(IRIS, ["lr=0.1,1", "l2=0,0.1"], "epochs=1").results.shape[0] == 4


def test_a_budget_without_a_unit_leads_to_one():
    with pytest.raises(GdrunError) as caught:
        gdrun.compare(["adam", "momentum"], IRIS, budget="5000")
    assert caught.value.problems[0].hint == "write the unit too, such as gradients=5000"


def test_the_settings_of_the_best_include_what_tuning_chose():
    found = gdrun.compare(
        ["vanilla", "momentum"], IRIS, "epochs=3", seeds=2, tune={"lr": [1e-4, 0.1]}
    )
    options = found.best.experiment.optimizer.options
    assert found.best.settings == {"optimizer": found.best.name, "optimizer.lr": options["lr"]}


def test_a_result_is_shown_in_one_short_line():
    found = gdrun.sweep(IRIS, {"lr": [0.1]}, "epochs=2")
    (result,) = found.ranking[0].results
    shown = repr(result)
    assert len(shown) < 100
    assert f"validation_loss={result.summary['validation_loss']:.4g}" in shown
