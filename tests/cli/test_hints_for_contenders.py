"""Hints on settings and lists in the place of contenders are commands that work."""

import re
import shlex
from pathlib import Path

import pytest


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "candidates"),
    [
        ("lr=0.1 lr=0.01", ["momentum+lr=0.1", "momentum+lr=0.01"]),
        ("momentum beta=0.5 beta=0.9", ["momentum+beta=0.5", "momentum+beta=0.9"]),
    ],
)
def test_values_in_the_place_of_contenders_are_swept_or_compared(here, words, candidates):
    answer = here("compare", *words.split(), "surface=bowl", "steps=5")
    assert answer.code == 2
    compare, sweep = re.findall("`(gdrun [^`]+)`", answer.err)
    for command in (sweep, compare):
        assert here(*shlex.split(command)[1:], "-q").code == 0
    assert shlex.split(sweep)[2] == f"{words.split()[-2]},{words.rpartition('=')[2]}"
    assert shlex.split(compare)[2:4] == candidates


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "contenders"),
    [
        ("optimizer=vanilla,momentum lr=0.1 steps=3", "vanilla momentum lr=0.1 steps=3"),
        ("'optimizer=[vanilla, momentum]' steps=3", "vanilla momentum steps=3"),
        ("variant=bgd,sgd steps=3", "bgd sgd steps=3"),
        ("schedule=cosine,constant steps=3", "cosine constant steps=3"),
        # linear is the name of a model too, and sgd as an optimizer is vanilla.
        ("schedule=linear,cosine", "momentum+schedule=linear momentum+schedule=cosine"),
        ("optimizer=sgd,adam", "vanilla adam"),
        ("adam optimizer=vanilla,momentum", "adam vanilla momentum"),
        ("vanilla adam variant=bgd,sgd", "vanilla+bgd vanilla+sgd adam+bgd adam+sgd"),
        ("optimizer=vanilla optimizer=adam", "vanilla adam"),
        ("lr=0.1 lr=0.2", "momentum+lr=0.1 momentum+lr=0.2"),
        ("lr=0.1 lr=0.2 optimizer=adam", "adam+lr=0.1 adam+lr=0.2 optimizer=adam"),
    ],
)
def test_names_in_the_place_of_contenders_lead_to_the_comparison(here, words, contenders):
    answer = here("compare", "surface=bowl", "epochs=1", *shlex.split(words))
    assert answer.code == 2
    compared, swept = re.findall(r"`gdrun ([^`]+)`", answer.err.replace("\n", " "))
    assert sorted(compared.split()[1:]) == sorted([*contenders.split(), "surface=bowl", "epochs=1"])
    for hinted in (compared, swept):
        assert here(*shlex.split(hinted), "-q", "-o", "studies").code == 0


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "compared"),
    [
        (
            "schedule=constant 'schedule=cosine schedule.warmup=2' lr=0.3 --seeds 3",
            "constant cosine+warmup=2 lr=0.3 --seeds 3",
        ),
        (
            "--tune=lr 'optimizer=momentum beta=0.5' optimizer=adam -j1 --seeds 2",
            "momentum+beta=0.5 adam --tune=lr -j1 --seeds 2",
        ),
    ],
)
def test_settings_in_one_word_become_one_contender(here, words, compared):
    """The command keeps the options that were typed, and works when it is typed."""
    answer = here("compare", *shlex.split(words), "surface=bowl", "epochs=4")
    (hinted,) = re.findall(r"`gdrun compare ([^`]+)`", answer.err)
    assert "gdrun sweep" not in answer.err
    assert sorted(hinted.split()) == sorted([*compared.split(), "surface=bowl", "epochs=4"])
    assert here("compare", *shlex.split(hinted), "-q", "-o", "studies").code == 0


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "compared"),
    [
        ("model=linear mlp", "adam+model=linear mlp"),
        ("mlp model=linear lr=0.1", "adam+model=linear mlp lr=0.1"),
        # Both choose the model, so the schedule is a setting of both.
        ("model=linear mlp schedule=cosine", "adam+model=linear mlp schedule=cosine"),
        ("optimizer=sgd bgd", "vanilla bgd"),
        ("optimizer=vanilla model=mlp", "vanilla mlp"),
        ("schedule=linear adam", "adam+schedule=linear adam"),
        # A mapping is a name with settings of its own.
        ("adam 'optimizer={name: sgd, lr: 0.1}'", "vanilla+lr=0.1 adam"),
        ("adam 'model={name: mlp, hidden: [4, 4]}'", "'mlp+hidden=[4, 4]' adam"),
    ],
)
def test_names_with_their_keys_are_contenders_beside_fewer_than_two(here, words, compared):
    """A name with its key, such as model=linear, is then meant as a contender."""
    base = "dataset: diabetes\nmodel: linear\noptimizer: adam\nstopping: {epochs: 1}\n"
    Path("base.yaml").write_text(base, encoding="utf-8")
    answer = here("compare", *shlex.split(words), "-c", "base.yaml", "--seeds", "2")
    assert answer.code == 2
    assert "needs at least two contenders, and a setting applies to every contender" in answer.err
    (hinted,) = re.findall(r"`gdrun compare ([^`]+)`", answer.err)
    assert sorted(hinted.split()) == sorted(f"{compared} -c base.yaml --seeds 2".split())
    assert here("compare", *shlex.split(hinted), "-q", "-o", "studies").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "adam,sgd model=linear",
            "'adam,sgd': a comma cannot separate contenders\nhint: write adam",
        ),
        (
            "iris model=linear",
            "'iris': no variant, optimizer, schedule or model is called 'iris'\n",
        ),
        ("adamm optimizer=adam,sgd", "'adamm': no variant, optimizer, schedule or model is called"),
        ("linear model=mlp", "'linear': linear is ambiguous"),
        ("adam optimizer=foo", "optimizer=foo: no optimizer is called 'foo'\n"),
        ("optimizer=adam,foo", "optimizer=adam,foo: no optimizer is called 'foo'\n"),
        ("adam 'optimizer={lr: 0.1}'", "'optimizer={lr: 0.1}' optimizer: has no name\n"),
        ("adam optimizer=adam", "a comparison needs at least two contenders\nhint: such as bgd"),
    ],
)
def test_what_is_no_contender_has_its_own_error(here, words, message):
    """A hint with such a word would fail when it is typed."""
    answer = here("compare", *shlex.split(words))
    assert answer.code == 2
    assert answer.err.startswith(f"error: {message}")


def test_the_hint_on_an_ambiguous_name_is_a_contender_as_it_is(here):
    words = ("dataset=diabetes", "optimizer=adam", "epochs=1", "--seeds", "2", "-q")
    answer = here("compare", "linear", "mlp", *words)
    hinted = re.search(r"hint: write (\S+) or (\S+)\n", answer.err).groups()
    assert hinted == ("adam+schedule=linear", "adam+model=linear")
    assert here("compare", hinted[1], "mlp", *words).code == 0
    # In a contender of several parts, the key joins the name.
    answer = here("compare", "bgd+linear", "mlp", *words)
    assert "hint: write bgd+schedule=linear or bgd+model=linear\n" in answer.err


def test_a_sweep_in_place_of_contenders_keeps_the_options_that_it_has(here):
    words = "lr=0.1 lr=0.2 surface=bowl --tune lr --seeds=3 --budget epochs=4 --metric loss -j 1"
    answer = here("compare", *words.split())
    compared, swept = re.findall(r"`gdrun ([^`]+)`", answer.err)
    assert compared.endswith(
        " surface=bowl --tune lr --seeds=3 --budget epochs=4 --metric loss -j 1"
    )
    assert swept == "sweep lr=0.1,0.2 surface=bowl --seeds=3 --metric loss -j 1"
