"""The tables of `gdrun sweep`: all columns, narrow terminals, headings and the legend."""

import json
import re

import pytest
from study.cases import LEAST_SQUARES

from gdrun.config.writing import to_yaml
from gdrun.views.numbers import range_text


def masked(text):
    """The text without times and run names."""
    text = re.sub(r"in [\d.]+ [mµ]?s", "in <time>", text)
    return re.sub(r"\d{8}-\d{6}-([\w.-]+?)-[0-9a-f]{4}\b", r"<\1>", text)


def test_the_whole_of_a_small_sweep(sweep):
    answer = sweep("lr=0.001,0.1,1,1e6", "--seeds", "2")
    assert (answer.code, answer.err) == (0, "")
    assert masked(answer.out) == (
        "data logistic; model logistic; variant mbgd, batch_size 32, sampling shuffle;\n"
        "optimizer momentum; epochs 6; 2 seeds\n"
        "\n"
        "   lr  verdict             val loss  to target  symptom           curve\n"
        "0.001  too small             0.6541      never  slow convergence  █████▇▇\n"
        "  0.1  best                  0.3005        3.5  -                 █▄▁▁▁▁▁\n"
        "    1  too large             0.3392      never  -                 █▂▂▂▁▁▁\n"
        "1e+06  diverged at step 2         –      never  exploding         █\n"
        "\n"
        "best         lr=0.1: val loss 0.3005, median over 2 seeds, range 0.297 … 0.304\n"
        "             (an interval needs 6 seeds or more)\n"
        # The classes are nearly equally frequent: −log ½ = 0.6931.
        "no features  always predicting 0 has a val loss of 0.6919\n"
        "seeds        one split for all seeds: dataset.seed 0; ranges and intervals cover\n"
        "             only the order of the examples; dataset.seed=run draws a new sample\n"
        "             for each seed\n"
        "to target    epochs until val loss ≤ 0.3201, 95 % of the best improvement, from\n"
        # 0.3005 + 0.05 · (0.6931 − 0.3005) = 0.3201
        "             0.6931 (median start) to 0.3005 (best median)\n"
        "verdicts     p is the share of the best improvement of the val loss; the first\n"
        "             that holds of too large: at a rate above the best, p < 0.95 times\n"
        "             that of the best rate; too small: p < 0.5, at a rate below the\n"
        "             best, which has p ≥ 0.5 or more than twice this p\n"
        "curve        training loss of the median run, the same scale in all rows: 0.36\n"
        "             (▁) to 0.693 (█); ↑: larger losses\n"
        "stability    1 was stable, 1e+06 was not; in theory, with full batches, rates\n"
        "             below 2(1 + β)/L = 14.4 are guaranteed to be stable near a minimum,\n"
        "             and larger ones may be (L = 0.264 is an upper bound of the\n"
        "             curvature)\n"
        "work         8 runs in <time>\n"
        "\n"
        "written to runs/<sweep-lr-small>\n"
        "to train the best setting:\n"
        "  gdrun train runs/<sweep-lr-small>/best.yaml\n"
    )


@pytest.mark.longer
def test_least_squares_shows_the_limit_beside_two_over_l(gdrun, tmp_path):
    path = tmp_path / "least-squares.yaml"
    path.write_text(to_yaml(LEAST_SQUARES), encoding="utf-8")
    words = ("lr=log:0.1:3:13", "-c", str(path), "--seeds", "1", "--json", "-o", str(tmp_path))
    stability = json.loads(gdrun("sweep", *words).out)["stability"]
    assert stability["form"] == "2/L"
    assert stability["predicted"] == pytest.approx(2 / stability["smoothness"])
    step = 30 ** (1 / 12)
    assert stability["stable"] / step <= stability["predicted"] <= stability["unstable"] * step


@pytest.mark.longer
def test_seconds_that_lanes_share_are_pointed_out(sweep):
    words = ("lr=0.01,0.1", "stopping={seconds: 0.05}", "--seeds", "1")
    answer = sweep(*words)
    assert "the budget in seconds ended 2 runs that trained beside others" in answer.out
    # Trials in separate cohorts train one after another.
    assert "used up a budget" not in sweep("batch_size=8,16", *words[1:]).out


def table_of(answer):
    """The lines of the table of a sweep, which is between the first two blank lines."""
    return answer.out.split("\n\n")[1].splitlines()


@pytest.mark.longer
def test_a_narrow_terminal_gets_fewer_columns_and_none_cut_off(sweep, monkeypatch):
    monkeypatch.setenv("COLUMNS", "50")
    words = ("lr=0.001,0.0001581", "--seeds", "2")
    lines = table_of(sweep(*words))
    assert lines[0] == "       lr  verdict    val loss  to target  curve"
    assert "0.0001581" in lines[1]
    monkeypatch.setenv("COLUMNS", "36")
    lines = table_of(sweep(*words))
    assert lines[0] == "       lr  verdict    val loss"
    assert re.fullmatch(r"0\.0001581  [a-z ]{9}    0\.\d+", lines[1])


@pytest.mark.longer
@pytest.mark.parametrize("words", ["sweep optimizer=vanilla,momentum", "compare vanilla momentum"])
def test_a_narrow_terminal_names_the_symptoms_below_the_tables(gdrun, tmp_path, monkeypatch, words):
    words = [*words.split(), "dataset=iris", "model=softmax", "variant=bgd", "lr=1e-6"]
    words += ["epochs=20", "--seeds", "1", "-o", str(tmp_path)]
    assert "symptom    slow" not in gdrun(*words).out
    monkeypatch.setenv("COLUMNS", "40")
    narrow = " ".join(gdrun(*words).out.split())
    names = re.search(r" symptom slow convergence \((.*?)\) ", narrow)[1].split(", ")
    assert {name.removeprefix("optimizer=") for name in names} == {"vanilla", "momentum"}
    assert narrow.count("slow convergence") == 1


@pytest.mark.longer
def test_a_note_on_a_column_is_shown_only_with_the_column(sweep, monkeypatch):
    def labels():
        lines = sweep("lr=0.001,0.1", "--seeds", "2").out.splitlines()
        known = ("to target", "curve")
        return [own for own in (line.partition("  ")[0] for line in lines) if own in known]

    assert labels() == ["to target", "curve"]
    monkeypatch.setenv("COLUMNS", "40")
    assert labels() == ["to target"]
    monkeypatch.setenv("COLUMNS", "36")
    assert labels() == ["curve"]  # it is less important, but needs less room
    monkeypatch.setenv("COLUMNS", "27")
    assert labels() == []


@pytest.mark.longer
def test_several_keys_share_a_column_rather_than_be_cut_off(sweep, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    words = ("lr=0.01581,0.1", "beta=0.5", "optimizer=momentum,nesterov", "batch_size=16,32")
    table = table_of(sweep(*words, "--seeds", "1"))
    assert table[0].split() == ["setting", "verdict", "val", "loss"]
    assert max(map(len, table)) <= 40
    losses = [line.split()[-1] for line in table if re.search(r"\d\.\d{3,}$", line)]
    assert len(losses) == 8
    assert "".join(line[:12].strip() for line in table).count("lr=0.01581") == 4


def test_a_long_heading_is_wrapped_and_no_setting_is_cut(sweep, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    words = ("optimizer=adam,momentum", "lr=0.01,0.1", "--metric", "balanced_accuracy")
    table = table_of(sweep(*words, "--seeds", "1"))
    assert max(map(len, table)) <= 40
    assert " ".join(" ".join(table[:3]).split()) == "val balanced setting verdict accuracy"
    assert sum(line.startswith("optimizer=momentum ") for line in table) == 2
    assert sum(line.strip() == "lr=0.01" for line in table) == 2


def test_the_ends_of_a_range_do_not_exclude_what_is_between_them():
    assert range_text(3817.6, 3822.4, 3820.0) == "3818 … 3822"
    # Three digits, 3820 and 3830, would exclude a median of 3818.
    assert range_text(3817.6, 3826.0, 3818.0) == "3818 … 3826"
    assert range_text(0.12, 0.34, 0.2) == "0.12 … 0.34"
    assert range_text(1.3779, 1.3779, 1.3779) == "1.378 … 1.378"


@pytest.mark.longer
def test_the_legend_says_with_which_settings_a_rate_is_compared(sweep):
    text = " ".join(sweep("lr=0.001,0.1,10", "beta=0,0.9").out.split())
    assert "too small: p < 0.5, at a rate below the best" in text
    assert "; the best rate is the best with the same beta" in text
    alone = sweep("lr=0.001,0.1,10").out
    assert "too small" in alone
    assert "the best rate is" not in alone


def test_a_good_setting_that_missed_the_target_is_explained(sweep):
    # Epochs until a loss that no run reaches; the best setting is as good as it gets.
    text = " ".join(sweep("lr=0.03,0.1", "--target", "loss=0.01").out.split())
    assert (
        "never: half of the runs or more did not reach it, although the median may be good" in text
    )
    assert "never:" not in sweep("lr=0.03,0.1").out
