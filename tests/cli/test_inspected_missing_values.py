"""`gdrun inspect`: which cells are missing values, and what becomes of their rows."""

import json

import pytest


def test_rows_without_a_target_are_dropped_and_nothing_is_filled(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = "".join(f"{k % 7},{'' if k % 3 == 0 else 'yes' if k % 2 else 'no'}\n" for k in range(24))
    (tmp_path / "made.csv").write_text(f"a,y\n{rows}")
    found = json.loads(gdrun("inspect", "made.csv", "--json").out)
    assert (found["rows"], found["classes"]) == (16, {"no": 8, "yes": 8})
    assert found["notes"] == ["dropped 8 of 24 rows because the target is missing"]


@pytest.mark.longer
def test_a_word_for_nothing_may_be_a_category(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{i % 7},{('None', 'Attached', 'Detached')[i % 3]},{i}" for i in range(60)]
    (tmp_path / "garages.csv").write_text("size,garage,price\n" + "\n".join(rows) + "\n")
    note = 'garage has "None" in 20 of 60 cells, which are read as missing values;'
    answer = gdrun("inspect", "garages.csv")
    assert note in " ".join(answer.out.split())
    answer = gdrun("inspect", "garages.csv", 'missing_values=[""]')
    assert "3 columns of 0 and 1: Attached, Detached, None" in " ".join(answer.out.split())
    assert note not in answer.out


def test_a_word_that_the_user_lists_is_no_category(gdrun, tmp_path, monkeypatch):
    """The words are in 20, 20 and 10 of 60 cells; only n/a is an assumption of gdrun."""
    monkeypatch.chdir(tmp_path)
    words = ("None", "Unknown", "None", "Unknown", "n/a", "Attached")
    rows = [f"{i % 7},{words[i % 6]},{i}" for i in range(60)]
    (tmp_path / "garages.csv").write_text("size,garage,price\n" + "\n".join(rows) + "\n")
    answer = gdrun("inspect", "garages.csv", "missing_values=[standard, unknown, NONE]")
    shown = " ".join(answer.out.split())
    assert 'garage has "n/a" in 10 of 60 cells, which are read as missing values;' in shown
    answer = gdrun("inspect", "garages.csv", "missing_values=[unknown, NONE, n/a]")
    assert "which are read as missing values" not in " ".join(answer.out.split())


@pytest.mark.longer
def test_the_missing_values_in_force_are_shown_with_errors_too(gdrun, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"{'?' if k % 9 else k},{'' if k == 4 else k},{k}" for k in range(40)]
    (tmp_path / "made.csv").write_text("a,b,y\n" + "\n".join(rows) + "\n")
    answer = gdrun("inspect", "made.csv", "missing_values=[k.A., -9]")
    shown = " ".join(answer.out.split())
    assert "missing an empty cell, k.a., -9 (missing_values changes this list)" in shown
    document = json.loads(gdrun("inspect", "made.csv", "missing_values=[k.A.]", "--json").out)
    assert document["missing_values"] == ["", "k.a."]
