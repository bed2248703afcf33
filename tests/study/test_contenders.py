"""Contenders: how they are named, their budgets, and whether a seed changes their runs."""

import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.config.writing import to_yaml
from gdrun.errors import ConfigError, GdrunError
from gdrun.study.design.budgets import parse_budget, with_budget
from gdrun.study.design.comparison_plan import plan_comparison
from gdrun.study.design.contenders import contenders_of, is_setting
from study.cases import LOGISTIC
from study.comparisons import BASE, IRIS, shown


def named(*words, base=BASE):
    return [candidate.experiment for candidate in contenders_of(words, base)]


def test_a_name_changes_one_section_and_keeps_one_that_is_chosen_already():
    bgd, sgd, mbgd, adam, cosine = named("bgd", "sgd", "mbgd", "mbgd+adam", "cosine")
    assert [e.variant.name for e in (bgd, sgd, mbgd)] == ["bgd", "sgd", "mbgd"]
    assert mbgd.variant["batch_size"] == 32  # the config's own, not the default 64
    assert mbgd.optimizer == BASE.optimizer
    assert (adam.optimizer.name, adam.optimizer["lr"]) == ("adam", 0.001)
    assert cosine.schedule.name == "cosine"


def test_sgd_is_the_variant_and_gd_the_rule():
    variant, rule = named("sgd", "gd")
    assert (variant.variant.name, variant.optimizer.name) == ("sgd", "momentum")
    assert (rule.variant.name, rule.optimizer.name) == ("mbgd", "vanilla")


def test_settings_and_signs_within_numbers():
    small, large = named("mbgd+lr=1e-3", "mbgd+adam+lr=1e+3")
    assert small.optimizer["lr"] == 1e-3
    assert (large.optimizer.name, large.optimizer["lr"]) == ("adam", 1000.0)
    candidate, _ = contenders_of(["mbgd+adam+lr=1e+3", "bgd"], BASE)
    assert candidate.settings == {"optimizer": "adam", "optimizer.lr": 1000.0}
    assert is_setting("lr=1e+3")
    assert not is_setting("mbgd+lr=0.1")


def test_a_file_is_a_contender_under_the_same_seed(tmp_path):
    path = tmp_path / "tuned.yaml"
    path.write_text(to_yaml(LOGISTIC | {"optimizer": "lion", "seed": 99}), encoding="utf-8")
    contenders = contenders_of(["mbgd", str(path)], load(LOGISTIC, ["seed=3"]))
    assert [c.name for c in contenders] == ["mbgd", "tuned"]
    assert [c.experiment.seed for c in contenders] == [3, 3]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["bgd", "sdg"], "no variant, optimizer, schedule or model is called 'sdg'"),
        (["bgd", "linear"], "linear is ambiguous: it is the name of a schedule and of a model"),
        (["bgd"], "needs at least two contenders"),
        (["bgd", "bgd"], "is listed twice"),
        (["bgd+sgd", "mbgd"], "bgd and sgd both set the variant"),
        # The config's own variant is no less named for being there already.
        (["bgd+mbgd", "sgd"], "bgd and mbgd both set the variant"),
        (["bgd+lr=1+lr=2", "mbgd"], "lr=1 and lr=2 both set the lr"),
        (["bgd", "mbgd+momentumm+lr=-1"], "momentumm"),
    ],
)
def test_a_bad_contender_says_what_next(words, message):
    with pytest.raises(ConfigError, match=message) as caught:
        contenders_of(words, BASE)
    assert all(problem.hint for problem in caught.value.problems)


def test_contenders_share_their_problem(tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text(to_yaml(LOGISTIC | {"dataset": "breast-cancer"}), encoding="utf-8")
    with pytest.raises(ConfigError, match="has a different dataset from mbgd"):
        plan_comparison(contenders_of(["mbgd", str(path)], BASE), [0])


def test_budgets():
    # 6 epochs of 200 training rows are 1200 gradients.
    assert parse_budget("epochs", BASE, 200) == ("epochs", 6)
    assert parse_budget("gradients", BASE, 200) == ("gradients", 1200)
    assert parse_budget("seconds=2.5", BASE, 200) == ("seconds", 2.5)
    for wrong in ("epoch", "steps", "epochs=0", "epochs=many"):
        with pytest.raises(GdrunError):
            parse_budget(wrong, BASE, 200)


def test_a_budget_takes_the_place_of_every_other():
    (bgd, _) = contenders_of(["bgd", "mbgd"], load(LOGISTIC, ["stopping.steps=50"]))
    assert with_budget(bgd, ("gradients", 1000)).experiment.stopping.budgets == {"gradients": 1000}


def test_a_budget_of_seconds_needs_no_length():
    (cosine, _) = contenders_of(["cosine", "mbgd"], BASE)
    with pytest.raises(ConfigError, match="only seconds are given") as caught:
        with_budget(cosine, ("seconds", 1.0))
    assert "+constant" in caught.value.problems[0].hint


def test_a_noiseless_surface_is_run_once():
    bowl = {"surface": "bowl", "stopping": {"steps": 5}}
    found = gdrun.compare(["vanilla", "adam"], bowl, seeds=8)
    assert found.plan.seeds == (0,)
    assert found.pairs == []
    assert "every seed gives the same run" in shown(found)
    assert gdrun.compare(["vanilla", "adam"], bowl, "noise=1", seeds=3).plan.seeds == (0, 1, 2)
    assert gdrun.sweep(bowl, {"lr": [0.1, 0.2]}, seeds=3).plan.seeds == (0,)


def _under_each_seed(config, *overrides):
    """The training losses of two runs that differ in nothing but the seed."""
    overrides = (*overrides, "engine=numpy", "epochs=3", "evaluate.every=1")
    runs = [gdrun.train(config, *overrides, f"seed={seed}", out=None) for seed in (0, 1)]
    return [run.evals["train_loss"].tolist() for run in runs]


@pytest.mark.longer
@pytest.mark.parametrize(
    ("config", "overrides"),
    [
        (IRIS, []),
        (IRIS, ["variant=sgd"]),
        (IRIS, ["variant=mbgd", "sampling=sequential"]),
        (IRIS, ["init=normal"]),
        (IRIS, ["model=mlp"]),
        (IRIS, ["model=mlp", "init=zeros"]),
        ({"surface": "bowl"}, ["variant=mbgd"]),
        ({"surface": "bowl"}, ["variant=sgd", "noise=1"]),
        ({"surface": "bowl"}, ["variant=bgd", "noise=1"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_an_experiment_is_deterministic_if_two_seeds_give_the_same_run(config, overrides):
    first, second = _under_each_seed(config, *overrides)
    assert load(config, overrides).deterministic == (first == second)


def test_dropout_and_a_budget_in_seconds_are_not_deterministic():
    masked = load(IRIS, ["model=mlp", "init=zeros", "dropout=0.5"])
    assert not masked.deterministic
    assert not load(IRIS, ["seconds=1"]).deterministic


def test_contenders_without_randomness_run_once():
    found = gdrun.compare(["adam+lr=0.1", "adamax+lr=0.1"], IRIS, "epochs=3", seeds=12)
    assert found.plan.seeds == (0,)
    text = shown(found)
    assert "every seed gives the same run" in text
    assert "p = " not in text
    assert "significance" not in text
    # One contender with a random order gives the seeds a meaning.
    assert len(gdrun.compare(["bgd", "mbgd"], IRIS, "epochs=1", seeds=2).plan.seeds) == 2
