"""`gdrun list`: overview, table and page, all from the registries."""

import json
from typing import get_args

import pytest
import yaml
from rich.cells import cell_len

from gdrun.config.catalogue import KINDS, kind_called
from gdrun.config.loading import load
from gdrun.config.sections import SECTIONS
from gdrun.study.judgement.verdicts import Word


def test_the_overview_names_everything(gdrun):
    out = gdrun("list").out
    words = " ".join(out.replace(",", " ").split())
    for kind in KINDS.values():
        assert all(f" {name} " in f" {words} " for name in (kind.name, *kind.entries))
    assert max(map(cell_len, out.splitlines())) <= 80


@pytest.mark.longer
def test_every_key_of_a_config_has_a_page(gdrun):
    """The keys are those of resolved configs, of which one has data and one has a surface."""
    for config in ({"dataset": "iris", "model": "softmax"}, {"surface": "bowl"}):
        plain = load(config).plain()
        for section, value in plain.items():
            assert gdrun("list", section).code == 0
            fixed = section in ("evaluate", "log", "diagnose")
            known = SECTIONS[section].common if section in SECTIONS else value if fixed else ()
            for key in known:
                answer = gdrun("list", f"{section}.{key}")
                assert (answer.code, answer.err) == (0, "")
                assert answer.out.startswith(f"{section}.{key}  (keys)\n")
                assert f"{section}.{key}  (keys)\n" in gdrun("list", key).out or kind_called(key)


def test_a_word_shows_all_its_meanings(gdrun):
    out = gdrun("list", "seed").out
    titles = [line for line in out.splitlines() if line.endswith("  (keys)")]
    assert titles == ["seed  (keys)", "dataset.seed  (keys)"]
    assert "whole number or the word run" in out
    assert gdrun("list", "stopping.epochs").out == gdrun("list", "stopping", "epochs").out


def test_the_example_of_each_key_is_a_config():
    for entry in KINDS["keys"].entries.values():
        regression = entry.name in ("dataset.task", "dataset.standardize")
        problem = {"dataset": "iris", "model": "linear" if regression else "softmax"}
        given = yaml.safe_load(entry.usage)
        # A file is not read, and a surface replaces dataset and model.
        load(given if "surface" in given else problem | given)


def test_every_registered_name_is_in_the_catalogue():
    for key, section in SECTIONS.items():
        assert list(kind_called(key).entries) == list(section.registry)


@pytest.mark.longer
@pytest.mark.parametrize("kind", KINDS)
def test_a_table_fits_80_columns_and_shows_every_default(gdrun, kind):
    answer = gdrun("list", kind)
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    for name, entry in KINDS[kind].entries.items():
        assert any(f"{line} ".startswith(f"{name} ") for line in lines)
        assert all(any(f" {option} " in f"{line} " for line in lines) for option in entry.options)


def test_a_table_in_full(gdrun):
    assert gdrun("list", "clip").page == (
        "name   equation                  defaults\n"
        "norm   g ← g · min(1, c / ‖g‖)\n"
        "       Pascanu et al. 2013.\n"
        "\n"
        "value  gⱼ ← max(−c, min(gⱼ, c))\n"
        "\n"
        "In a config, for example: clip: {norm: 1.0}\n"
    )


def test_a_page_in_full(gdrun):
    page = (
        "step  (schedules)\n"
        "\n"
        "Step decay: the rate drops by a constant factor at regular intervals.\n"
        "\n"
        "    lr(t) = lr₀ · γ^⌊t / drop_every⌋\n"
        "\n"
        "lr₀ is the initial rate, γ is gamma; drop_every is the interval between drops,\n"
        "in epochs (or steps).\n"
        "\n"
        "Options\n"
        "  gamma       0.5  0 < x ≤ 1\n"
        "  drop_every  10   0 < x\n"
        "\n"
        "Options of all schedules\n"
        "  per           epoch  one of epoch, step\n"
        "  warmup        0      0 ≤ x\n"
        "  warmup_start  zero   one of zero, one\n"
        "t counts from the end of the warm-up, and T is the length of the run after it.\n"
        "\n"
        "In a config  schedule: {name: step, gamma: 0.5, drop_every: 10}\n"
    )
    assert gdrun("list", "schedule", "step").out.startswith(page)
    assert gdrun("list", "step").out == gdrun("list", "schedules", "step").out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"), [(kind.name, name) for kind in KINDS.values() for name in kind.entries]
)
def test_every_page_fits_80_columns(gdrun, kind, name):
    answer = gdrun("list", kind, name)
    assert answer.code == 0
    assert answer.out.startswith(f"{name}  ({kind})\n")
    assert max(map(cell_len, answer.out.splitlines())) <= 80


def test_a_name_of_several_kinds_has_several_pages(gdrun):
    out = gdrun("list", "logistic").out
    titles = [line for line in out.splitlines() if line.startswith("logistic  (")]
    assert titles == ["logistic  (datasets)", "logistic  (models)", "logistic  (losses)"]


def test_a_surface_shows_its_start_and_its_minima(gdrun):
    """Himmelblau's minima are (3, 2), exact, and three more, here to four digits."""
    out = gdrun("list", "himmelblau").out
    assert "Begins at    (0, 0)\n" in out
    assert "Minima       (3, 2), (-2.805, 3.131), (-3.779, -3.283), (3.584, -1.848)\n" in out
    (entry,) = json.loads(gdrun("list", "rosenbrock", "--json").out)["surfaces"]
    assert entry["begins at"] == "(-1.2, 1)"


def test_files_that_come_in_pairs_are_shown_as_a_pair(gdrun):
    (entry,) = json.loads(gdrun("list", "idx", "--json").out)["files"]
    assert entry["usage"] == (
        "dataset: {path: train-images-idx3-ubyte.gz, targets: train-labels-idx1-ubyte.gz}"
    )


def test_an_activation_tells_what_its_layers_begin_with(gdrun):
    out = gdrun("list", "relu").out
    assert "Begins with  weights from init he, unless model.init names another\n" in out
    assert "Gain         1.414, used by the inits he, he_uniform and orthogonal\n" in out


def test_other_names_find_their_entry(gdrun):
    assert gdrun("list", "optimizers", "gd").out == gdrun("list", "optimizers", "vanilla").out
    assert "Also called  gd, sgd\n" in gdrun("list", "optimizer", "vanilla").out


def test_json_holds_everything_by_kind(gdrun):
    everything = json.loads(gdrun("list", "--json").out)
    assert list(everything) == list(KINDS)
    assert json.loads(gdrun("list", "models", "--json").out) == {"models": everything["models"]}
    (vanilla,) = json.loads(gdrun("list", "vanilla", "--json").out)["optimizers"]
    assert vanilla in everything["optimizers"]
    assert vanilla["equation"] == "w ← w − α g"
    assert vanilla["options"] == [{"name": "lr", "default": 0.01, "takes": "0 < x"}]


OWN = " a method of your own needs --plugin FILE.py"


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["optimzers"], "error: nothing is called 'optimzers'\nhint: did you mean optimizers?\n"),
        (
            ["momentun"],
            f"error: nothing is called 'momentun'\nhint: did you mean momentum?{OWN}\n",
        ),
        (
            ["batch_size"],
            "error: nothing is called 'batch_size'\n"
            "hint: batch_size is an option of mbgd: see `gdrun list mbgd`\n",
        ),
        (
            ["optimizer.beta"],
            "error: nothing is called 'optimizer.beta'\n"
            "hint: beta is an option of momentum, nesterov, rmsprop, …: see `gdrun list "
            "momentum`\n",
        ),
        (
            ["xyzzy"],
            f"error: nothing is called 'xyzzy'\nhint: choose from {', '.join(KINDS)}, …\n",
        ),
        (
            ["optimizers", "momentun"],
            "error: the list of optimizers has no entry 'momentun'\n"
            f"hint: did you mean momentum?{OWN}\n",
        ),
        (
            ["optimisers", "adam"],
            "error: there is no kind 'optimisers'\nhint: did you mean optimizers?\n",
        ),
        (
            ["adam", "cosine"],
            "error: gdrun list shows one name at a time, and adam is no kind\n"
            "hint: write `gdrun list adam`, then `gdrun list cosine`\n",
        ),
        (
            ["adam", "optimizers"],
            "error: the kind comes first\nhint: write `gdrun list optimizers adam`\n",
        ),
        (
            ["adam", "optimizer"],
            "error: the kind comes first\nhint: write `gdrun list optimizer adam`\n",
        ),
        (
            ["momentun", "optimizers"],
            "error: the list of optimizers has no entry 'momentun'\n"
            f"hint: did you mean momentum?{OWN}\n",
        ),
        (
            ["log.points", "momentun"],
            f"error: nothing is called 'momentun'\nhint: did you mean momentum?{OWN}\n",
        ),
    ],
)
def test_a_miss_names_the_near_ones(gdrun, words, text):
    answer = gdrun("list", *words)
    assert (answer.code, answer.out, answer.err) == (2, "", text)


def test_the_rules_of_the_verdicts(gdrun):
    document = json.loads(gdrun("list", "verdicts", "--json").out)
    rules = {each["name"]: each["rule"] for each in document["verdicts"]}
    out = " ".join(gdrun("list", "verdicts").out.split())
    assert all(f"{word} {rule}" in out for word, rule in rules.items())
    assert set(rules) == set(get_args(Word))


def test_each_entry_of_a_name_has_its_command(gdrun):
    lines = gdrun("list", "plateau").out.splitlines()
    place = lines.index("to train with it:")
    assert sorted(lines[place + 1 :]) == [
        "  gdrun train schedule=plateau",
        "  gdrun train surface=plateau optimizer=adam lr=0.1",
    ]


def test_a_name_from_other_libraries_leads_to_the_key(gdrun):
    answer = gdrun("list", "learning-rate")
    assert answer.err.endswith("hint: the key in gdrun is optimizer.lr\n")
