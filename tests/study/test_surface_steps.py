"""Studies on surfaces count steps: walks against closed forms, whatever their batches."""

import numpy as np
import pytest

import gdrun
from gdrun.views.comparisons import comparison_result
from gdrun.views.notebook import plain_text
from gdrun.views.sweeps import sweep_result

PLAIN = ("optimizer=vanilla", "schedule=constant")


def heights(condition, lr, steps):
    """f = ½ (x² + κ y²) after each step of x ← (1 − α) x and y ← (1 − κα) y from (−4, 1.5)."""
    n = np.arange(steps + 1)
    x, y = -4 * (1 - lr) ** n, 1.5 * (1 - condition * lr) ** n
    return 0.5 * (x * x + condition * y * y)


def first_below(values, level):
    return int(np.argmax(values <= level))


def test_a_run_stops_at_the_first_step_that_reaches_its_target():
    """At α = 2/(L + μ) = 2/11 both weights shrink to 9/11 of their size: f = 19.25 (9/11)^(2n)."""
    words = ("surface=bowl", *PLAIN, f"lr={2 / 11}", "steps=600", "target_loss=1.925e-5")
    run = gdrun.train(None, *words)
    values = 19.25 * (9 / 11) ** (2 * np.arange(50))
    assert run.stop["step"] == first_below(values, 1.925e-5) == 35
    assert run.summary["train_loss"] == pytest.approx(values[35])


@pytest.mark.parametrize("config", [None, {"surface": "bowl"}])
def test_settings_that_vary_batches_or_noise_have_the_same_variant(config):
    """A sweep over the batch size needs batches; with noise in some settings all have batches."""
    for key, values in (("batch_size", [1, 10]), ("noise", [0, 0.5])):
        found = gdrun.sweep(config, {key: values}, "surface=bowl", "epochs=1")
        names = [each.experiment.variant.name for each in found.plan.candidates]
        assert names == ["mbgd", "mbgd"]
    found = gdrun.compare(["vanilla", "batch_size=10+adam"], config, "surface=bowl", "epochs=1")
    assert [each.experiment.variant.name for each in found.plan.candidates] == ["mbgd", "mbgd"]
    found = gdrun.compare(["vanilla", "adam"], config, "surface=bowl", "epochs=1")
    assert [each.experiment.variant.name for each in found.plan.candidates] == ["bgd", "bgd"]


def test_a_walk_costs_the_same_with_batches_of_any_size():
    words = (*PLAIN, "surface=bowl", "lr=0.05", "steps=37")
    found = gdrun.compare(["bgd", "mbgd", "sgd"], None, *words, target="train_loss=1")
    expected = heights(10, 0.05, 37)
    for row in found.contenders:
        (result,) = row.standing.results
        assert result.evals["step"].tolist() == list(range(38))
        assert result.evals["train_loss"] == pytest.approx(expected, rel=1e-12)
        assert row.to_target["updates"] == first_below(expected, 1.0)
        # 100 examples are 1, 2 and 100 steps an epoch; of the two, one has 64 examples.
        updates, per_epoch = row.to_target["updates"], {"bgd": 1, "mbgd": 2, "sgd": 100}[row.name]
        assert row.to_target["epochs"] == pytest.approx(updates / per_epoch)
        whole, part = divmod(updates, per_epoch)
        alone = {"bgd": 0, "mbgd": 64, "sgd": 1}[row.name]
        assert row.to_target["gradients"] == pytest.approx(100 * whole + part * alone)
        assert row.standing.rank == 1
    assert [row.name for row in found.ranking] == ["bgd", "mbgd", "sgd"]
    page = " ".join(plain_text(comparison_result(found)).split())
    assert "bgd, mbgd and sgd have the same train loss" in page
    assert "budgets differ" not in page


def test_a_tie_says_which_difference_is_none():
    """With the same rate bgd and mbgd have the same bits; lr (1 + 1e-12) moves the last ones.

    f = ½ (x² + 10 y²) shrinks by (1 − α)² a step, so that its relative change is
    2 · 37 α 1e-12 / (1 − α): far below 1e-9.
    """
    words = (*PLAIN, "surface=bowl", "lr=0.05", "steps=37")

    def tie(*contenders):
        found = gdrun.compare(list(contenders), None, *words)
        assert [row.standing.rank for row in found.contenders] == [1, 1]
        page = " ".join(plain_text(comparison_result(found)).split())
        return page.split("have the same train loss")[1]

    assert not tie("bgd", "mbgd").startswith(" up to rounding")
    near = tie("bgd", "bgd+lr=0.05000000000005")
    assert near.startswith(" up to rounding: a difference below 1e-09 of it does not count")


def test_epochs_of_unequal_steps_are_a_warning_that_a_number_of_steps_cures():
    # 100 examples: an epoch has one step of all, or 100 steps of one.
    found = gdrun.compare(["bgd", "sgd"], None, "surface=bowl", "lr=0.01", "epochs=3")
    page = " ".join(plain_text(comparison_result(found)).split())
    assert "the budgets differ in steps: bgd 3, sgd 300; " in page
    assert "stopping.steps=3 gives all the same number" in page
    cured = gdrun.compare(["bgd", "sgd"], None, "surface=bowl", "lr=0.01", "stopping.steps=3")
    assert "budgets differ" not in plain_text(comparison_result(cured))


@pytest.mark.parametrize("words", [("noise=0.1",), ("optimizer.average=polyak",)])
def test_evaluations_are_not_completed_where_a_batch_has_another_loss(words):
    found = gdrun.compare(["sgd", "sgd+adam"], None, "surface=bowl", "steps=37", *words)
    for row in found.contenders:
        assert row.standing.results[0].evals["step"].tolist() == [0, 37]


@pytest.mark.longer
def test_settings_that_cannot_be_ranked_have_the_steps_to_their_target():
    words = (*PLAIN, "surface=bowl", "lr=0.01", "steps=600", "target_loss=0.01")
    found = gdrun.sweep(None, {"surface.condition": [1.0, 20.0]}, *words)
    assert found.unlike == "data"
    for standing, condition in zip(found.standings, (1.0, 20.0), strict=True):
        expected = first_below(heights(condition, 0.01, 600), 0.01)
        assert standing.to_target(found.target, "step").tolist() == [expected]
    assert "steps until train loss ≤ 0.01, where a run stops" in " ".join(
        plain_text(sweep_result(found)).split()
    )


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "ends"),
    [
        # From (1, 0) every step stays on y = 0, and x ← (1 − α) x leads to the saddle at 0.
        (("surface=saddle", "start=[1, 0]"), "at the saddle point (0, 0)"),
        (("surface=saddle", "start=[1, 0.1]"), None),
        (("surface=plateau", "start=[5, 5]"), "on a plateau"),
        (("surface=bowl",), None),
    ],
)
def test_a_sweep_says_that_no_rate_leads_away_from_a_flat_point(words, ends):
    found = gdrun.sweep(None, {"lr": [0.05, 0.1, 0.15]}, *PLAIN, *words, "variant=bgd", "steps=200")
    page = " ".join(plain_text(sweep_result(found)).split())
    assert ("all good settings end" in page) == (ends is not None)
    if ends is not None:
        assert f"all good settings end {ends}" in page
        assert found.at_edge == []
        assert "wider range" not in page


@pytest.mark.longer
def test_a_comparison_says_that_all_contenders_end_at_the_saddle():
    """From (1, 0) every step of every rule stays on y = 0, where the saddle (0, 0) is lowest."""
    words = ("surface=saddle", "schedule=constant", "steps=300")
    for start, said in (("start=[1, 0]", True), ("start=[1, 0.1]", False)):
        found = gdrun.compare(["vanilla", "momentum"], None, *words, start)
        page = " ".join(plain_text(comparison_result(found)).split())
        assert ("all contenders end at the saddle point (0, 0)" in page) == said
