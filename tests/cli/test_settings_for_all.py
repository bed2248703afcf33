"""A setting for all candidates of a study reaches each of them, or the study says where not."""

import json

import pytest
from study.cases import LOGISTIC

import gdrun
from gdrun.config.loading import load
from gdrun.config.writing import to_yaml

BOWL = {"surface": "bowl", "stopping": {"steps": 5}, "optimizer": {"name": "vanilla", "lr": 0.01}}


def rates(found):
    return {each.name: each.experiment.optimizer["lr"] for each in found.plan.candidates}


def test_a_rate_for_all_is_that_of_contenders_with_another_optimizer():
    # As `gdrun train optimizer=adam lr=0.1` has the rate 0.1, and not the default 0.001 of adam.
    found = gdrun.compare(["vanilla", "adam", "adam+lr=0.5"], BOWL, "lr=0.1")
    assert rates(found) == {"vanilla": 0.1, "adam": 0.1, "adam+lr=0.5": 0.5}
    assert load(BOWL, ["optimizer=adam", "lr=0.1"]).optimizer["lr"] == 0.1


def test_the_options_of_the_config_are_those_of_its_own_optimizer():
    # lr: 0.01 in the config belongs to vanilla; adam keeps its default.
    assert rates(gdrun.compare(["vanilla", "adam"], BOWL)) == {"vanilla": 0.01, "adam": 0.001}


def test_a_rate_for_all_is_that_of_every_swept_optimizer():
    found = gdrun.sweep(BOWL, {"optimizer": ["momentum", "adam"]}, {"lr": 0.1})
    assert set(rates(found).values()) == {0.1}


def test_a_contender_chooses_its_own_name_for_a_section_that_is_set_for_all():
    found = gdrun.compare(["adam", "bgd"], BOWL, "optimizer=rmsprop", "lr=0.1")
    chosen = [
        (each.experiment.optimizer.name, rates(found)[each.name]) for each in found.plan.candidates
    ]
    assert chosen == [("adam", 0.1), ("rmsprop", 0.1)]


@pytest.mark.longer
def test_an_option_that_a_contender_does_not_have_is_named(gdrun, tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    options = ("--seeds", "1", "-c", str(path), "-o", str(tmp_path))
    answer = gdrun("compare", "bgd", "sgd", "mbgd", "batch_size=8", "epochs=1", *options)
    line = "settings      variant.batch_size=8 has no effect on bgd, sgd"
    assert line in answer.out.splitlines()
    assert line in gdrun("show", "-o", str(tmp_path)).out.splitlines()


@pytest.mark.longer
@pytest.mark.parametrize(
    "words",
    [
        ("sweep", "optimizer=momentum,adam", "lr=0.1", "--seeds", "1"),
        ("compare", "momentum", "adam", "lr=0.1", "--seeds", "1"),
    ],
)
def test_the_record_repeats_the_experiments(gdrun, tmp_path, words):
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    first = gdrun(*words, "-c", str(path), "-o", str(tmp_path / "runs"), "--json")
    study = json.loads(first.out)
    assert study["for_all"] == {"optimizer.lr": 0.1}
    (directory,) = (tmp_path / "runs").iterdir()
    shown = gdrun("show", str(directory))
    assert shown.code == 0
    # All results of the record are found, so that none is missing.
    assert "missing" not in shown.out
    again = gdrun(*words, "-c", str(path), "--resume", str(directory), "--json")
    assert json.loads(again.out)["work"]["run"] == 0


def betas(candidates):
    return {each.name: each.experiment.optimizer.options.get("beta1") for each in candidates}


def test_an_option_that_only_the_candidates_have_is_set():
    # vanilla, the optimizer of the config, has no beta1.
    swept = gdrun.sweep(BOWL, {"optimizer": ["adam", "nadam"]}, "beta1=0.8")
    assert betas(swept.plan.candidates) == {"optimizer=adam": 0.8, "optimizer=nadam": 0.8}
    compared = gdrun.compare(["adam", "nadam+beta1=0.5", "bgd"], BOWL, "beta1=0.8")
    assert betas(compared.plan.candidates) == {"adam": 0.8, "nadam+beta1=0.5": 0.5, "bgd": None}
    assert compared.plan.lacking == {"optimizer.beta1": ["bgd"]}


def test_an_option_that_only_the_candidates_have_is_swept():
    found = gdrun.sweep(BOWL, {"optimizer": ["adam", "nadam"], "beta1": [0.5, 0.8]})
    assert sorted(betas(found.plan.candidates).values()) == [0.5, 0.5, 0.8, 0.8]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["optimizer=adam,nadam", "betta1=0.8"], "error: 'betta1=0.8': unknown key 'betta1'\n"),
        (
            ["optimizer=adam,nadam", "beta1=1.8"],
            "error: 'optimizer.beta1=1.8' optimizer.beta1: must be < 1, got 1.8\n",
        ),
        (
            ["optimizer=adam,momentum", "beta1=0.8,0.9"],
            "error: optimizer.beta1: optimizer=momentum has no option beta1\n"
            "hint: sweep only names that have this option, or compare settings such as "
            "adam+beta1=0.8\n",
        ),
    ],
)
def test_a_setting_that_no_candidate_takes_is_an_error(gdrun, words, message):
    answer = gdrun("sweep", *words)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith(message)


@pytest.mark.longer
def test_a_sweep_of_what_only_the_candidates_have_is_resumed(gdrun, tmp_path):
    words = ("sweep", "optimizer=adam,nadam", "beta1=0.8", "surface=bowl", "epochs=none", "steps=3")
    gdrun(*words, "-o", str(tmp_path), "-q")
    (directory,) = tmp_path.iterdir()
    again = gdrun(*words, "--resume", str(directory), "--json")
    assert json.loads(again.out)["work"]["run"] == 0
    assert "missing" not in gdrun("show", str(directory)).out
