"""The same mistake gets the same error message in Python and on the command line."""

import pytest
from study.cases import LOGISTIC

import gdrun as python
from gdrun.cli import faults
from gdrun.config.writing import to_yaml

CONFIG = {"name": "small"} | LOGISTIC
NO_EPOCHS = CONFIG | {"stopping": {"steps": 50}}
RATES = {"lr": [0.1, 1.0]}
TWO = ("bgd", "mbgd")
BATCHES = "batch_size=8,500"

SWEEPS = [
    (RATES, {"seeds": 0}, ("lr=0.1,1.0", "--seeds", "0")),
    (RATES, {"jobs": 0}, ("lr=0.1,1.0", "--jobs", "0")),
    (RATES, {"seeds": 0, "jobs": -1}, ("lr=0.1,1.0", "--seeds", "0", "-j", "-1")),
    (
        RATES,
        {"search": "random", "trials": 0},
        ("lr=0.1,1.0", "--search", "random", "--trials", "0"),
    ),
    (RATES, {"trials": 5}, ("lr=0.1,1.0", "--trials", "5")),
    (RATES, {"search": "bayes"}, ("lr=0.1,1.0", "--search", "bayes")),
    (RATES, {"metric": "acurcy"}, ("lr=0.1,1.0", "--metric", "acurcy")),
    (RATES, {"target": "loss"}, ("lr=0.1,1.0", "--target", "loss")),
    (RATES, {"target": "los=1"}, ("lr=0.1,1.0", "--target", "los=1")),
    (RATES, {"halving": True, "jobs": 2}, ("lr=0.1,1.0", "--halving", "--jobs", "2")),
    (RATES, {"resume": "nowhere"}, ("lr=0.1,1.0", "--resume", "nowhere")),
    ({}, {}, ("lr=0.1",)),
    ({"lrr": None}, {}, ("lrr",)),
    ({"seed": None}, {}, ("seed",)),
    ({"batch_size": [8, 500]}, {}, ("batch_size=8,500",)),
    (
        {"lr": "lin:0.1:1:400", "beta": "lin:0.1:0.9:400"},
        {},
        ("lr=lin:0.1:1:400", "beta=lin:0.1:0.9:400", "--seeds", "1"),
    ),
]

COMPARISONS = [
    (("bgd",), {}, ("bgd",)),
    (("bgd", "bgd"), {}, ("bgd", "bgd")),
    (("bgd", "adm"), {}, ("bgd", "adm")),
    (TWO, {"seeds": 0}, (*TWO, "--seeds", "0")),
    (TWO, {"metric": "acurcy"}, (*TWO, "--metric", "acurcy")),
    (TWO, {"budget": "second=1"}, (*TWO, "--budget", "second=1")),
    (TWO, {"budget": "steps"}, (*TWO, "--budget", "steps")),
    (TWO, {"budget": "steps=1.5"}, (*TWO, "--budget", "steps=1.5")),
    (TWO, {"budget": "epochs=many"}, (*TWO, "--budget", "epochs=many")),
    (TWO, {"budget": "seconds=1", "jobs": 2}, (*TWO, "--budget", "seconds=1", "--jobs", "2")),
    (TWO, {"tune": "lrr"}, (*TWO, "--tune", "lrr")),
    (
        ("mbgd", "adam"),
        {"tune": BATCHES},
        ("mbgd", "adam", "--tune", BATCHES),
    ),
    (("bgd", "cosine"), {"budget": "seconds"}, ("bgd", "cosine", "--budget", "seconds")),
]


@pytest.fixture
def answered(gdrun, tmp_path, monkeypatch):
    """A function that runs a command line on the small problem, in a temporary directory."""
    monkeypatch.chdir(tmp_path)

    def call(verb, config, words):
        path = tmp_path / "small.yaml"
        path.write_text(to_yaml(config), encoding="utf-8")
        answer = gdrun(verb, *words, "-c", str(path))
        assert (answer.code, answer.out) == (2, "")
        return answer.err

    return call


def shown(error, capsys):
    """How the command line would show an error that Python raised."""
    faults.show(error.problems)
    return capsys.readouterr().err


@pytest.mark.longer
@pytest.mark.parametrize(("values", "arguments", "words"), SWEEPS)
def test_a_mistake_in_a_sweep(answered, capsys, tmp_path, values, arguments, words):
    on_the_command_line = answered("sweep", CONFIG, words)
    with pytest.raises(python.GdrunError) as caught:
        python.sweep(CONFIG, values, **arguments)
    assert "--" not in str(caught.value)
    assert shown(caught.value, capsys) == on_the_command_line
    assert not (tmp_path / "runs").exists()


@pytest.mark.longer
@pytest.mark.parametrize(("contenders", "arguments", "words"), COMPARISONS)
def test_a_mistake_in_a_comparison(answered, capsys, tmp_path, contenders, arguments, words):
    on_the_command_line = answered("compare", CONFIG, words)
    with pytest.raises(python.GdrunError) as caught:
        python.compare(contenders, CONFIG, **arguments)
    assert "--" not in str(caught.value)
    assert shown(caught.value, capsys) == on_the_command_line
    assert not (tmp_path / "runs").exists()


def test_halving_without_epochs_leaves_nothing(answered, capsys, tmp_path):
    on_the_command_line = answered("sweep", NO_EPOCHS, ("lr=0.1,1.0", "--halving"))
    assert on_the_command_line == (
        "error: --halving: halving needs a budget of epochs\n"
        "hint: set stopping.epochs, or leave --halving out\n"
    )
    with pytest.raises(python.GdrunError) as caught:
        python.sweep(NO_EPOCHS, RATES, halving=True)
    assert shown(caught.value, capsys) == on_the_command_line
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(("count", "said"), [(1.5, "got 1.5"), ("2", "got '2'")])
def test_python_can_give_a_count_that_is_no_whole_number(count, said):
    with pytest.raises(python.ConfigError, match=f"seeds: must be a whole number, {said}"):
        python.sweep(CONFIG, RATES, seeds=count)
