"""help(gdrun.Sweep) and help(gdrun.Comparison): what the README says that they describe."""

import pydoc
import re
from pathlib import Path

import pytest

import gdrun

README = Path(__file__).resolve().parents[2] / "README.md"
CONFIG = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 2}}


def _help(kind):
    """What help() prints on a class, up to its methods."""
    return pydoc.render_doc(kind, renderer=pydoc.plaintext).partition("Methods defined here")[0]


def _described(name, text):
    """Whether a name is followed by a colon, perhaps after arguments, a shape, or other names."""
    return re.search(rf"\b{name}(\([^)]*\)|, \w+|\s\([^)]*\))*:", text) is not None


@pytest.fixture(scope="module")
def studies():
    sweep = gdrun.sweep(CONFIG, {"lr": [0.01, 0.1]}, seeds=6)
    return sweep, gdrun.compare(["bgd", "mbgd"], CONFIG, seeds=6, tune=["lr=0.01,0.1"])


def test_the_names_in_the_readme_are_described():
    text = README.read_text(encoding="utf-8").partition("\n## From Python\n")[2]
    paragraph = re.search(r"`sweep\.best` and `table\.best` have .*?describe them all", text, re.S)
    names = set(re.findall(r"`(\w+)`", paragraph[0]))
    assert {"median", "quartiles", "to_target", "symptom"} <= names
    of_comparisons = {"tuning", "to_target"}
    sweep, comparison = _help(gdrun.Sweep), _help(gdrun.Comparison)
    assert [name for name in sorted(names) if not _described(name, comparison)] == []
    assert [name for name in sorted(names - of_comparisons) if not _described(name, sweep)] == []


def test_every_public_attribute_of_a_part_is_described(studies):
    for study in studies:
        row = study.ranking[0]
        parts = [study.best, row, row.interval, row.results[0]]
        parts += [row.tuning, study.pairs[0]] if isinstance(study, gdrun.Comparison) else []
        text = _help(type(study))
        for part in parts:
            names = [name for name in dir(part) if not name.startswith("_")]
            missing = [name for name in names if not _described(name, text)]
            assert missing == [], type(part)
