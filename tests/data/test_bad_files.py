"""Bad data files, each with its whole error message: bad/NAME.csv and bad/NAME.txt."""

from pathlib import Path

import pytest

from gdrun.data import load_table, prepare
from gdrun.errors import DataError

BAD = Path(__file__).parent / "bad"
FILES = {path.stem: path.name for path in sorted(BAD.glob("*.[ct]sv"))}

OPTIONS = {
    "gap_in_every_row": {"missing": "drop"},
    "ignored_target": {"target": "age", "ignore": ("size", "age")},
    "misspelt_ignored_column": {"ignore": ("sise",)},
    "misspelt_target": {"target": "prise"},
    "target_out_of_range": {"target": 3},
}
PREPARATION = {
    "beyond_float32": {"task": "regression", "standardize": False, "dtype": "float32"},
    "text_target": {"task": "regression"},
}
DEFAULTS = {
    "task": "classification",
    "validation": 0.1,
    "test": 0.1,
    "standardize": True,
    "seed": 0,
    "dtype": "float64",
}
BETWEEN_LINES = {"missing_values", "words_for_missing", "many_columns_with_gaps"}
"""Files with several problems of the same kind; only the last problem has a hint."""


def answer(name):
    with pytest.raises(DataError) as caught:
        table = load_table({"path": FILES[name], **OPTIONS.get(name, {})})
        prepare(table, **{**DEFAULTS, **PREPARATION.get(name, {})})
    return f"{caught.value}\n"


@pytest.mark.longer
@pytest.mark.parametrize("name", FILES)
def test_a_bad_file_is_answered_in_full(name, monkeypatch):
    monkeypatch.chdir(BAD)
    assert answer(name) == (BAD / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", FILES)
def test_every_answer_names_the_place_and_the_next_move(name):
    lines = (BAD / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith((f"error: {FILES[name]}", "error: dataset."))
    assert lines[-1].startswith("hint: ")
    if name not in BETWEEN_LINES:
        assert [line.split(":")[0] for line in lines] == ["error", "hint"] * (len(lines) // 2)


def test_there_are_enough_to_trust():
    assert len(FILES) >= 25
    assert {*OPTIONS, *PREPARATION, *BETWEEN_LINES} <= set(FILES)
    assert {path.stem for path in BAD.glob("*.txt")} == set(FILES)
