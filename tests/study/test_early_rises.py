"""Good settings of which runs rose well above their start before they fell."""

import pytest

from gdrun import views
from gdrun.study.judgement.early_rises import EarlyRises, early_rises
from gdrun.views.early_rises import early_rise_notes, rose_first_text
from gdrun.views.verdicts import verdicts_page
from study.cases import result, standing_texts

FALLS = [1, 0.6, 0.3, 0.2, 0.15, 0.11, 0.1, 0.1, 0.1, 0.1]
# The largest fall possible is from 1 to 0, so that a rise counts above 1.05.
SMALL = [1, 1.04, 0.6, 0.3, 0.2, 0.11, 0.1, 0.1, 0.1, 0.1]
RISES = [1, 1.2, 0.9, 0.5, 0.3, 0.15, 0.1, 0.1, 0.1, 0.1]
JUMPS = [1, 9, 3, 0.8, 0.4, 0.2, 0.1, 0.1, 0.1, 0.1]
STAYS = [1, 1.3, 1.2, 1.3, 1.2, 1.3, 1.2, 1.3, 1.2, 1.3]


@pytest.mark.parametrize(
    ("runs", "rose"),
    [
        ([FALLS, FALLS, FALLS], 0),
        ([SMALL, SMALL, SMALL], 0),
        ([FALLS, RISES, FALLS], 1),
        ([RISES, JUMPS, FALLS], 2),
        ([RISES, RISES, STAYS], 2),
    ],
)
def test_runs_that_rose_above_their_start_and_fell_are_counted(runs, rose):
    found, _ = standing_texts({0.1: [result(FALLS)] * 3, 1.0: [result(each) for each in runs]})
    counted = early_rises(found[1])
    assert (counted.rose, counted.runs) == (rose, 3)
    notes = dict(early_rise_notes(found))
    assert ("rose first" in notes) == (rose > 0)
    assert not rose or notes["rose first"].startswith(f"lr=1 ({rose} of 3 runs")


def test_a_single_run_is_named_without_a_count():
    found, _ = standing_texts({0.1: [result(FALLS)], 1.0: [result(RISES)]})
    assert dict(early_rise_notes(found))["rose first"].startswith("lr=1: the training loss rose")
    assert rose_first_text(found[1]) == "rose first"


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        (EarlyRises(1, {"early explosion": 1}, 1), "lr=1 (early explosion)"),
        (EarlyRises(2, {"exploding": 1}, 3), "lr=1 (2 of 3 runs, 1 exploding)"),
    ],
)
def test_an_explosion_has_the_name_of_its_symptom(counts, words, monkeypatch):
    found, _ = standing_texts({0.1: [result(FALLS)], 1.0: [result(RISES)]})
    monkeypatch.setattr(views.early_rises, "early_rises", lambda _: counts)
    assert dict(early_rise_notes(found[1:]))["rose first"].startswith(f"{words}: the training loss")


def test_a_diverged_run_is_counted_as_diverged_only():
    runs = [result(JUMPS), result([1, 9, 90], diverged=True), result(FALLS)]
    found, _ = standing_texts({0.1: [result(FALLS)] * 3, 1.0: runs})
    assert early_rises(found[1]).rose == 1


@pytest.mark.parametrize(("rose", "most"), [(0, False), (2, False), (3, True), (4, True)])
def test_most_is_more_than_half(rose, most):
    assert EarlyRises(rose, {}, 4).most == most


def test_the_page_of_verdicts_explains_the_addition():
    intro = verdicts_page().renderables[0]
    assert "`rose first` to best and good if, in most runs" in intro
