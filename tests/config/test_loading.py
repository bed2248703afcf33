"""Loading an experiment from a file, from plain data or by default, and overrides of its keys."""

import keyword
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gdrun.config.document import parse_document
from gdrun.config.loading import load, quickstart_text, starter_text
from gdrun.config.resolving import resolve
from gdrun.config.sections import OPTIMIZER, SCHEDULE, SECTIONS
from gdrun.config.settings import HeldOut, Standardized
from gdrun.config.writing import to_yaml
from gdrun.errors import ConfigError

CONFIGS = Path(__file__).parents[2] / "configs"


def refused(source, *overrides):
    with pytest.raises(ConfigError) as caught:
        load(source, overrides)
    return str(caught.value)


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_resolves_under_its_own_name(path):
    assert load(path).name == path.stem


def test_the_quickstart_in_the_package_is_the_one_in_configs():
    assert (CONFIGS / "quickstart.yaml").read_text(encoding="utf-8") == quickstart_text()
    assert load() == load(CONFIGS / "quickstart.yaml")


def test_the_starter_resolves_with_every_comment_taken_away():
    lines = starter_text().splitlines()
    assert load(parse_document(starter_text(), "starter").data).name == "first-experiment"
    # A commented key looks like `  # key: value`; target belongs to files alone.
    keys = [line.replace("# ", "", 1) if is_key(line) else line for line in lines]
    opened = "\n".join(line for line in keys if not line.strip().startswith("target:"))
    assert opened.count("\n") == len(lines) - 2
    experiment = resolve(parse_document(opened, "starter").data)
    assert experiment.log.points == "all"
    assert experiment.stopping.early_stopping.patience == 5


def is_key(line):
    name, colon, _ = line.strip().removeprefix("# ").partition(":")
    commented = line.strip().startswith("# ")
    return commented and bool(colon) and name.isidentifier() and not keyword.iskeyword(name)


def test_data_from_python_may_hold_arrays_paths_and_tuples():
    data = {
        "dataset": {"path": Path("data") / "train.csv", "split": {"test": np.float64(0.25)}},
        "model": {"name": "linear", "l2": np.float32(0.5)},
        "variant": {"name": "mbgd", "batch_size": np.int64(16)},
        "stopping": {"watch": ("grad_norm",)},
    }
    experiment = load(data)
    assert experiment.dataset.name == "data/train.csv"
    assert experiment.dataset["split"].test == 0.25
    assert experiment.variant["batch_size"] == 16
    assert experiment.stopping.watch.grad_norm == 1e-6


def test_an_experiment_is_a_source_too():
    experiment = load(None, ["seed=3"])
    assert load(experiment) == experiment
    assert load(experiment, ["seed=4"]) == experiment.with_seed(4)


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("optimizer.lr=0.5", lambda e: e.optimizer["lr"] == 0.5),
        ("lr=1e-3", lambda e: e.optimizer["lr"] == 0.001),
        ("optimizer=adam", lambda e: e.optimizer.name == "adam" and e.optimizer["lr"] == 0.001),
        ("batch_size=16", lambda e: e.variant["batch_size"] == 16),
        ("epochs=3", lambda e: e.stopping.epochs == 3),
        ("clip.norm=2", lambda e: e.clip.norm == 2),
        ("dataset.path=a.csv", lambda e: e.dataset.chosen_by == "path"),
        ("early_stopping={patience: 2}", lambda e: e.stopping.early_stopping.patience == 2),
    ],
)
def test_overrides_reach_their_key(override, read):
    assert read(load({"dataset": "iris", "model": "softmax"}, [override]))


def test_later_overrides_win():
    assert load(None, ["lr=1", "lr=2"]).optimizer["lr"] == 2


@pytest.mark.parametrize(
    ("overrides", "text"),
    [
        (
            ["lrr=0.1"],
            "error: 'lrr=0.1': unknown key 'lrr'\nhint: did you mean optimizer.lr?",
        ),
        (
            ["bias"],
            "error: 'bias': must have the form KEY=VALUE\nhint: such as lr=0.1",
        ),
        (
            ["=3"],
            "error: '=3': must have the form KEY=VALUE\nhint: such as lr=0.1",
        ),
        (
            ["lr=1,2", "seed=[1"],
            "error: '1,2': expected one value, got several\n"
            "hint: a number has a decimal point: write lr=1.2; "
            "`gdrun sweep lr=1,2` tries several values\n"
            "error: '[1': the value is not complete\n"
            "hint: close every bracket and quote; put text that contains one of "
            ": # , [ ] { } & * ! | > ' \" % @ ` in quotes",
        ),
        (
            ["lr=-1", "epochs=x"],
            "error: 'lr=-1' optimizer.lr: must be > 0, got -1\n"
            "hint: a learning rate is a positive number, such as 0.01\n"
            "error: 'epochs=x' stopping.epochs: must be a whole number, got 'x'\n"
            "hint: such as stopping: {epochs: 50}; "
            "`gdrun list stopping` shows all its keys",
        ),
        (
            ["variant=bgd", "batch_size=16"],
            "error: 'batch_size=16': unknown key 'batch_size'\n"
            "hint: batch_size is an option of variant mbgd, which this experiment does not use",
        ),
    ],
)
def test_a_bad_override_is_shown_as_it_was_given(overrides, text):
    assert refused({"dataset": "iris", "model": "softmax"}, *overrides) == text


def test_a_key_of_two_sections_must_be_written_out():
    text = refused({"dataset": "circles", "model": "logistic"}, "factor=0.3")
    assert text == (
        "error: 'factor=0.3': factor is ambiguous: "
        "it can mean dataset.factor, stopping.divergence.factor\n"
        "hint: write the whole path of the key you mean"
    )


def test_the_outer_of_two_keys_in_one_section_is_meant():
    stopping = load(None, ["loss_change=1e-9"]).stopping
    assert (stopping.loss_change, stopping.watch.loss_change) == (1e-9, None)


def test_plain_data_are_called_config():
    assert refused({"dataset": "iris", "model": "softmax", "variant": "sdg"}) == (
        "error: config variant: no variant is called 'sdg'\nhint: did you mean sgd?"
    )


seeds = st.integers(0, 2**40)
shares = st.one_of(st.integers(0, 50), st.floats(0, 0.4))
amounts = st.floats(1e-12, 1e12)


@st.composite
def experiments(draw):
    """Any experiment that the sections allow: names from the registries, numbers at random."""
    return {
        "name": draw(st.none() | st.text(max_size=12)),
        "seed": draw(seeds),
        "dtype": draw(st.sampled_from(["float32", "float64"])),
        "dataset": draw(
            st.builds(
                lambda name, test, seed: {"name": name, "split": {"test": test}, "seed": seed},
                st.sampled_from(sorted(SECTIONS["dataset"].registry)),
                shares,
                seeds,
            )
        ),
        "model": {
            "name": draw(st.sampled_from(sorted(SECTIONS["model"].registry))),
            "l2": draw(amounts),
        },
        "variant": draw(st.sampled_from(sorted(SECTIONS["variant"].registry))),
        "optimizer": {
            "name": draw(st.sampled_from(sorted(OPTIMIZER.registry))),
            "lr": draw(amounts),
        },
        "schedule": draw(st.sampled_from(sorted(SCHEDULE.registry))),
        "clip": draw(st.sampled_from([{}, {"norm": 1}, {"value": 0.5, "norm": 2e-7}])),
        "stopping": {
            "epochs": draw(st.integers(1, 10**6)),
            "grad_norm": draw(st.none() | amounts),
            "watch": draw(st.sampled_from([{}, ["loss_change"], {"target_loss": 0.1}])),
        },
        "log": {"points": draw(st.integers(1, 10**5) | st.just("all"))},
    }


@given(experiments())
@settings(max_examples=150)
@pytest.mark.slow
def test_a_resolved_experiment_reads_back_from_its_own_file(data):
    experiment = load(data)
    again = resolve(parse_document(to_yaml(experiment.plain()), "config.yaml").data)
    assert again.plain() == experiment.plain()
    assert again.shape == experiment.shape


@pytest.mark.parametrize(
    ("stopping", "budgets"),
    [
        ({}, {"epochs": 100}),
        ({"loss_change": 1e-4}, {"epochs": 100}),
        ({"epochs": None, "loss_change": 1e-4}, {}),
        ({"epochs": None, "early_stopping": {}}, {}),
        ({"epochs": None, "steps": 7}, {"steps": 7}),
    ],
)
def test_a_run_without_a_budget_needs_a_rule_and_has_none_in_its_own_file(stopping, budgets):
    experiment = load({"dataset": "iris", "model": "softmax", "stopping": stopping})
    assert experiment.stopping.budgets == budgets
    again = resolve(parse_document(to_yaml(experiment.plain()), "config.yaml").data)
    assert again.stopping == experiment.stopping


def test_a_rule_that_is_only_watched_ends_no_run():
    stopping = {"epochs": None, "watch": ["loss_change"]}
    with pytest.raises(ConfigError, match="the run never ends"):
        load({"dataset": "iris", "model": "softmax", "stopping": stopping})


def test_a_section_is_set_before_the_keys_within_it():
    for words in (["lr=0.3", "optimizer=adam"], ["optimizer=adam", "lr=0.3"]):
        optimizer = load(None, words).plain()["optimizer"]
        assert (optimizer["name"], optimizer["lr"]) == ("adam", 0.3)


@pytest.mark.parametrize(
    ("overrides", "name"),
    [
        (["lr=0.5", "split.test=0", "l2=0"], "quickstart"),
        (["dataset=iris"], "iris-softmax"),
        (["model=svm"], "digits-svm"),
        (["dataset.path=data/houses.csv", "model=linear"], "houses-linear"),
        (["surface=bowl"], "bowl"),
        (["dataset=iris", "name=mine"], "mine"),
    ],
)
def test_the_quickstart_on_another_problem_is_named_after_it(overrides, name):
    assert load(None, overrides).name == name


@pytest.mark.parametrize(
    "overrides",
    [
        ["missing=drop", "dataset.path=data/houses.csv", "model=linear"],
        ["noise=0.3", "dataset.name=moons", "model=logistic"],
        ["activation=tanh", "model.name=mlp"],
    ],
)
def test_an_option_may_stand_before_what_chooses_it(overrides):
    key, _, value = overrides[0].partition("=")
    experiment = load(None, overrides)
    assert str((experiment.dataset.options | experiment.model.options)[key]) == value


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        (HeldOut, 3, "must be the path of a file, got 3"),
        (HeldOut, ["a.csv"], "must be the path of a file, got ['a.csv']"),
        (Standardized, "yes", "must be true or false, got 'yes'"),
    ],
)
def test_the_error_of_a_wrong_type_says_what_is_expected_and_what_was_found(kind, value, said):
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    assert [each["msg"] for each in caught.value.errors()] == [said]
