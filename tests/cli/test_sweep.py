"""`gdrun sweep`: its arguments, its whole output, and its files."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import ANY

import pytest
from rich.cells import cell_len
from study.cases import LEAST_SQUARES, LOGISTIC

from gdrun.cli.studying import RunCounter
from gdrun.config.writing import to_yaml
from gdrun.runs.signals import Interruption
from gdrun.views.numbers import range_text


@pytest.fixture
def config(tmp_path):
    """A file with the small logistic problem."""
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    return str(path)


@pytest.fixture
def sweep(gdrun, config, tmp_path, monkeypatch):
    """A function that runs a sweep on the config, in a temporary directory."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: gdrun("sweep", *words, "-c", config)


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
        "best       lr=0.1: val loss 0.3005, median over 2 seeds, range 0.297 … 0.304 (an\n"
        "           interval needs 6 seeds or more)\n"
        # The classes are nearly equally frequent: −log ½ = 0.6931.
        "constant   always predicting 0 has a val loss of 0.6919\n"
        "seeds      one split for all seeds: dataset.seed 0; ranges and intervals cover\n"
        "           only the order of the examples; dataset.seed=run draws a new sample\n"
        "           for each seed\n"
        "to target  epochs until val loss ≤ 0.3201, 95 % of the best improvement\n"
        "verdicts   p is the share of the best improvement of the val loss; the first\n"
        "           that holds of too large: at a rate above the best, p < 0.95 times\n"
        "           that of the best rate; too small: p < 0.5, at a rate below the best,\n"
        "           which has p ≥ 0.5 or more than twice this p\n"
        "curve      training loss of the median run, the same scale in all rows: 0.36 (▁)\n"
        "           to 0.693 (█); ↑: larger losses\n"
        "stability  1 was stable, 1e+06 was not; in theory, with full batches, rates\n"
        "           below 2(1 + β)/L = 14.4 are guaranteed to be stable near a minimum,\n"
        "           and larger ones may be (curvature L = 0.264)\n"
        "work       8 runs in <time>\n"
        "\n"
        "written to runs/<sweep-lr-small>\n"
        "to train the best setting:\n"
        "  gdrun train runs/<sweep-lr-small>/best.yaml\n"
    )


@pytest.mark.slow
def test_bare_lr_on_the_quickstart_teaches_in_seconds(gdrun, tmp_path):
    answer = gdrun("sweep", "lr", "-o", str(tmp_path))
    lines = answer.out.splitlines()
    assert (answer.code, answer.err) == (0, "")
    assert max(cell_len(line) for line in lines if str(tmp_path) not in line) <= 80
    expected = ("too small", "slow", "best", "too large", "unstable")
    assert [word for word in expected if f"  {word}  " in answer.out] == [*expected]
    assert len([line for line in lines if re.match(r" *[\d.]+  [a-z]", line)]) == 11
    assert "2(1 + β)/L = " in answer.out


def test_a_preview_runs_nothing(sweep, tmp_path):
    answer = sweep("optimizer=adam,lion", "lr=0.1,0.2", "--print-trials", "--seeds", "2")
    assert answer.page == (
        "optimizer   lr\n"
        "adam       0.1\n"
        "adam       0.2\n"
        "lion       0.1\n"
        "lion       0.2\n"
        "\n"
        "4 settings × 2 seeds: 8 runs in 2 cohorts of up to 4 lanes\n"
    )
    assert not (tmp_path / "runs").exists()


def test_a_preview_as_json(sweep):
    document = json.loads(sweep("lr=0.1,0.2", "--print-trials", "--seeds", "2", "--json").out)
    assert document["cohorts"] == [4]
    assert document["trials"][2] == {"trial": 3, "settings": {"optimizer.lr": 0.2}, "seed": 0}


def test_one_value_is_set_and_swept_are_the_others(sweep):
    document = json.loads(sweep("lr=0.1,0.2", "optimizer=adam", "epochs=2", "--json").out)
    assert document["base"]["optimizer"]["name"] == "adam"
    assert document["base"]["stopping"]["epochs"] == 2
    assert [row["settings"].keys() for row in document["ranking"]] == [{"optimizer.lr"}] * 2


def test_the_best_is_a_config_ready_to_train(sweep, gdrun, tmp_path):
    best = tmp_path / "best.yaml"
    document = json.loads(
        sweep("lr=0.001,0.1,0.3", "--save-best", str(best), "--seeds", "1", "--json").out
    )
    answer = gdrun("train", str(best), "--json", "-o", str(tmp_path / "runs"))
    run = json.loads(answer.out)
    (first, *_) = document["ranking"]
    assert run["summary"]["validation_loss"] == pytest.approx(first["median"], rel=1e-9)
    again = sweep("lr=0.1,0.3", "--save-best", str(best))
    assert (again.code, again.out) == (2, "")
    assert "the file exists already\nhint: choose another name\n" in again.err


def test_json_is_one_document_with_the_statistics(sweep):
    answer = sweep("lr=0.1,1e6", "--seeds", "3", "--json")
    document = json.loads(answer.out)
    assert answer.err == ""
    assert (document["status"], document["metric"]) == ("complete", "validation_loss")
    good, lost = document["ranking"]
    assert (good["rank"], good["runs"], good["diverged"]) == (1, 3, 0)
    assert good["quartiles"][0] <= good["median"] <= good["quartiles"][1]
    assert (lost["rank"], lost["diverged"], lost["median"]) == (None, 3, None)
    assert lost["nonfinite"]["median"] == "inf"
    assert lost["verdict"].startswith("diverged at step ")


def test_every_run_diverged_is_exit_code_3(sweep):
    answer = sweep("lr=1e6,1e7")
    assert answer.code == 3
    assert answer.out.count("diverged at step") == 2


def test_a_best_value_at_the_edge_is_a_warning_with_a_wider_range(sweep):
    answer = sweep("lr=0.0001,0.001,0.01")
    assert "warning: the best lr is the largest that was tried" in answer.out
    assert "lr=log:0.0001:0.1:4" in answer.out


def test_resumed_it_runs_nothing_again(sweep, gdrun, config, tmp_path):
    first = json.loads(sweep("lr=0.1,0.2", "--json").out)
    words = ("lr=0.1,0.2", "-c", config, "--json", "--resume", first["directory"])
    second = json.loads(gdrun("sweep", *words).out)
    assert (second["work"]["run"], second["work"]["found"]) == (0, 6)
    assert second["ranking"] == first["ranking"]
    for word in ("last", Path(first["directory"]).name[:20]):
        again = gdrun("sweep", *words[:-1], word)
        assert json.loads(again.out)["work"] == {**second["work"], "seconds": ANY}
    other = gdrun("sweep", "lr=0.3,0.4", "-c", config, "--resume", first["directory"])
    assert other.code == 2
    assert "contains a different study" in other.err


def test_halving_prints_its_rungs(sweep):
    answer = sweep("lr=log:1e-4:1:9", "epochs=9", "--halving", "--seeds", "1")
    assert "at epoch 1: 6 settings dropped, 3 continued" in answer.out
    assert "at epoch 3: 2 settings dropped, 1 continued" in answer.out
    assert answer.out.count("dropped at epoch 1") == 6


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (["--halving"], []),
        ([], ["--halving"]),
        (["--halving"], ["--halving", "--metric", "accuracy"]),
        (["--halving"], ["--halving", "--seeds", "2"]),
    ],
)
def test_another_race_is_not_gone_on_with(sweep, gdrun, config, first, second):
    words = ("lr=log:1e-4:1:9", "epochs=9", "--seeds", "1", "--json")
    begun = json.loads(sweep(*words, *first).out)
    record = Path(begun["directory"], "study.json").read_text()
    answer = gdrun("sweep", *words, *second, "-c", config, "--resume", begun["directory"])
    assert (answer.code, answer.out) == (2, "")
    assert "halving can only continue with the same settings, seeds and metric" in answer.err
    assert "hint: the study was started by: gdrun" in answer.err
    assert Path(begun["directory"], "study.json").read_text() == record


def test_a_fault_leaves_its_traceback_in_the_study(sweep, tmp_path, monkeypatch):
    def fails(*arguments, **options):
        raise RuntimeError("a wrong turn")

    monkeypatch.setattr("gdrun.study.run_studies.judge_sweep", fails)
    answer = sweep("lr=0.1,0.2", "--seeds", "1")
    (directory,) = (tmp_path / "runs").iterdir()
    assert answer.code == 1
    assert str(directory.relative_to(tmp_path) / "traceback.txt") in answer.err
    assert "RuntimeError: a wrong turn" in (directory / "traceback.txt").read_text()
    assert json.loads((directory / "study.json").read_text())["status"] == "failed"


@pytest.mark.longer
@pytest.mark.parametrize("count", ["", ":2", ":5"])
def test_a_random_search_draws_what_is_asked(sweep, count):
    words = (f"lr=log:1e-3:1{count}", "--search", "random", "--trials", "7")
    document = json.loads(sweep(*words, "--json").out)
    rates = [row["settings"]["optimizer.lr"] for row in document["ranking"]]
    assert len(set(rates)) == 7
    assert all(1e-3 <= rate <= 1 for rate in rates)
    # The count has no influence on what is drawn.
    other = json.loads(sweep("lr=log:1e-3:1:9", *words[1:], "--json").out)
    assert [row["settings"] for row in other["ranking"]] == [
        row["settings"] for row in document["ranking"]
    ]


def test_a_grid_needs_the_count_of_a_range(sweep):
    assert "a range needs two finite numbers and a count" in sweep("lr=log:1e-3:1").err
    assert sweep("lr=log:0:1", "--search", "random").err.startswith(
        "error: 'lr=log:0:1': the ends of a log range must be positive"
    )


def test_least_squares_shows_the_limit_beside_two_over_l(gdrun, tmp_path):
    path = tmp_path / "least-squares.yaml"
    path.write_text(to_yaml(LEAST_SQUARES), encoding="utf-8")
    words = ("lr=log:0.1:3:13", "-c", str(path), "--seeds", "1", "--json", "-o", str(tmp_path))
    stability = json.loads(gdrun("sweep", *words).out)["stability"]
    assert stability["form"] == "2/L"
    assert stability["predicted"] == pytest.approx(2 / stability["smoothness"])
    step = 30 ** (1 / 12)
    assert stability["stable"] / step <= stability["predicted"] <= stability["unstable"] * step


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["lrr=1,2"],
            "error: 'lrr=1,2': unknown key 'lrr'\nhint: did you mean optimizer.lr?\n",
        ),
        (
            ["lr=0.1"],
            "error: no key has more than one value to try\n"
            "hint: list several values, such as lr=0.1,0.01, or lr alone for a default range\n",
        ),
        (
            ["seed=1,2"],
            "error: 'seed=1,2': the seed cannot be swept: the best seed would be luck\n"
            "hint: --seeds K runs every setting under K seeds and compares their medians\n",
        ),
        (
            ["lr", "--save-best", "nowhere/best.yaml"],
            "error: --save-best: the directory nowhere does not exist\n"
            "hint: make the directory, or choose another one\n",
        ),
        (
            ["lr", "-j", "0"],
            "error: --jobs: must be ≥ 1, got 0\n",
        ),
        (
            ["lr", "--search", "bayes"],
            "error: --search: no search is called 'bayes'\nhint: choose from grid, random\n",
        ),
        (
            ["lr", "--metric", "acurcy"],
            "error: --metric: small has no metric 'acurcy'\n"
            "hint: did you mean accuracy or train_accuracy?\n",
        ),
        (
            ["batch_size=8,500"],
            "error: variant.batch_size: batch_size is 500, but there are 200 training examples\n"
            "hint: use at most 200, or variant: bgd to use every example in each step\n",
        ),
    ],
)
def test_a_mistake_in_full(sweep, tmp_path, words, text):
    answer = sweep(*words)
    assert (answer.code, answer.out, answer.err) == (2, "", text)
    assert not (tmp_path / "runs").exists()


def test_interrupted_in_training_it_counts_the_runs_with_a_checkpoint(sweep, monkeypatch):
    calls = iter(range(1000))

    def name(self):
        if next(calls) < 5:  # the training asks before each chunk of steps
            return None
        self.signal = signal.SIGINT
        return "Ctrl-C (SIGINT)"

    monkeypatch.setattr(Interruption, "name", name)
    answer = sweep("lr=0.1,0.2", "--seeds", "2", "epochs=500")
    text = "4 of 4 runs are missing, of which 4 continue from a checkpoint; to continue:"
    assert text in answer.out.splitlines()


def test_of_an_interrupted_sweep_only_the_ended_runs_are_judged(
    gdrun, sweep, tmp_path, monkeypatch
):
    """The 2 runs with lr=1e6 diverge at once; the 4 others still train, so nothing says all."""
    calls = iter(range(1000))

    def name(self):
        if next(calls) < 5:  # the training asks before each chunk of steps
            return None
        self.signal = signal.SIGINT
        return "Ctrl-C (SIGINT)"

    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "name", name)
        answer = sweep("lr=0.1,0.2,1e6", "--seeds", "2", "epochs=500")
    assert answer.code == 130
    (study,) = (tmp_path / "runs").iterdir()
    shown = gdrun("show", str(study))
    assert shown.code == 0
    for text in (answer.out, shown.out):
        assert "4 of 6 runs are missing, of which 4 continue from a checkpoint;" in text
        assert re.search(r"^unfinished +no run has ended: lr=0\.1, lr=0\.2$", text, re.MULTILINE)
        assert "every run" not in text
        assert "smaller rates" not in text


def test_interrupted_before_any_run_ended_it_says_how_to_go_on(gdrun, sweep, config, monkeypatch):
    def interrupted(self):
        self.signal = signal.SIGINT

    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "__init__", interrupted)
        answer = sweep("lr=0.1,0.2", "--seeds", "2")
    assert (answer.code, answer.err) == (130, "")
    written, missing, command = answer.out.splitlines()
    directory = written.removeprefix("written to ")
    assert missing == "4 of 4 runs are missing; to continue:"
    assert command.endswith(f" --resume {directory}")
    program, *words = shlex.split(command)
    assert program == "gdrun"
    document = json.loads(gdrun(*words, "--json").out)
    assert (document["status"], document["work"]["run"]) == ("complete", 4)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["model.loss=mse,mae", "model=linear", "dataset=diabetes"],
            "the losses are different quantities",
        ),
        (
            ["dataset.noise=0,1", "model=linear", "dataset=linear"],
            "the datasets or surfaces differ",
        ),
    ],
)
def test_values_that_cannot_be_compared_are_not_passed_over(gdrun, tmp_path, words, said):
    words = (*words, "lr=0.01", "epochs=1", "schedule=constant", "--seeds", "1")
    answer = gdrun("sweep", *words, "-o", str(tmp_path))
    assert answer.code == 0
    assert f"{said}, so the values cannot be ranked" in " ".join(answer.out.split())


def test_seconds_that_lanes_share_are_pointed_out(sweep):
    words = ("lr=0.01,0.1", "stopping={seconds: 0.05}", "--seeds", "1")
    answer = sweep(*words)
    assert "the budget in seconds ended 2 runs that trained beside others" in answer.out
    # Trials in separate cohorts train one after another.
    assert "used up a budget" not in sweep("batch_size=8,16", *words[1:]).out


def test_models_of_unlike_losses_are_ranked_by_accuracy(gdrun, tmp_path):
    words = ("model=softmax,svm", "epochs=1", "--seeds", "1", "--json", "-o", str(tmp_path))
    document = json.loads(gdrun("sweep", *words).out)
    assert (document["metric"], document["unlike"]) == ("validation_accuracy", None)


def test_a_config_among_the_keys_is_that_of_the_study(gdrun, config, tmp_path, monkeypatch):
    plan = ("lr=0.1,1", "--seeds", "2", "--json", "-o", str(tmp_path / "runs"))
    one, other = (gdrun("sweep", *words, *plan) for words in ((config,), ("-c", config)))
    assert (one.code, one.err) == (0, "")
    first, second = (json.loads(each.out) for each in (one, other))
    assert first["base"] == second["base"]
    assert first["candidates"] == second["candidates"]
    twice = gdrun("sweep", config, "lr", "-c", config)
    assert twice.err.startswith(f"error: {config}: is a second file; the first is {config}\n")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "small.yaml").touch()
    assert gdrun("sweep", "smal.yaml", "lr").err == (
        "error: smal.yaml: there is no such file\nhint: did you mean small.yaml?\n"
    )


def table_of(answer):
    """The lines of the table of a sweep, which is between the first two blank lines."""
    return answer.out.split("\n\n")[1].splitlines()


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


def test_a_sweep_that_diverged_leads_to_smaller_rates(gdrun, tmp_path, monkeypatch):
    """On least squares the limit of theory is where to look; elsewhere, below what was tried."""
    monkeypatch.chdir(tmp_path)
    Path("line.yaml").write_text(to_yaml(LEAST_SQUARES), encoding="utf-8")
    words = ["sweep", "lr=1e5,1e6", "-c", "line.yaml", "epochs=50", "--seeds", "1"]
    answer = gdrun(*words)
    assert answer.code == 3
    text = " ".join(answer.out.split())
    predicted = float(re.search(r"2/L = ([\d.]+) is the limit in theory", text)[1])
    (command,) = re.findall(r"to try smaller rates:\n  gdrun (.*)", answer.out)
    assert f"lr=log:{predicted / 1000:.4g}:{predicted:.4g}:7" in command
    following = gdrun(*shlex.split(command))
    assert following.code == 0
    assert "best       lr=" in following.out
    network = ["optimizer=adam", "model=mlp", "clip.norm=1e300"]
    tried = gdrun(*words[:1], "lr=1e250,1e251", *words[2:], *network).out
    assert "every run diverged; try smaller rates: lr=log:3.162e+246:3.162e+249:7" in tried


def test_the_line_of_progress_begins_with_the_runs_of_the_whole_study(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    counter = RunCounter(False, Interruption())
    assert counter.before() == ""
    counter.report(SimpleNamespace(ended=8, of=24))
    assert counter.before() == "8 of 24 runs done; now "
    counter.report(SimpleNamespace(ended=24, of=24))
    assert counter.before() == ""
    assert capsys.readouterr().err == "\r8 of 24 runs done\x1b[K\r\x1b[K"


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


def test_several_keys_in_one_word_are_told_apart(sweep):
    answer = sweep("lr,batch_size")
    assert answer.err == (
        "error: 'lr,batch_size': a comma cannot separate keys, only the values of one key\n"
        "hint: write lr batch_size\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
def test_a_terminal_that_stops_all_processes_prints_no_tracebacks(tmp_path, number):
    """A terminal sends the signal to the workers too, here while they start."""
    words = ["sweep", "lr=log:1e-4:1:24", "epochs=4000", "--jobs", "2", "--out", str(tmp_path)]
    process = subprocess.Popen(
        [sys.executable, "-m", "gdrun", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not list(tmp_path.glob("*/study.json")):
        assert process.poll() is None
        time.sleep(0.02)
    time.sleep(0.3)
    os.killpg(process.pid, number)
    out, err = process.communicate(timeout=100)
    assert (process.returncode, err) == (128 + number, "")
    (directory,) = tmp_path.iterdir()
    assert f"  gdrun {shlex.join(words)} --resume {directory}\n" in out


def test_seeds_that_change_nothing_are_said_once(gdrun, tmp_path):
    words = ("dataset=iris", "model=softmax", "epochs=3", "engine=numpy", "--seeds", "3")
    words = (*words, "-o", str(tmp_path))
    answer = gdrun("sweep", "lr=0.1,0.2", *words, "variant=bgd")
    assert re.search(r"best +lr=0.2: val loss [\d.]+\nconst.+\nseeds +one: nothing", answer.out)
    assert "work       2 runs in" in answer.out
    # One batch of all rows in a random order is no different.
    answer = gdrun("sweep", "lr=0.1,0.2", *words, "batch_size=120")
    assert re.search(r"best +lr=0.2: val loss [\d.]+, the same for 3 seeds\n", answer.out)


def test_the_ends_of_a_range_do_not_exclude_what_is_between_them():
    assert range_text(3817.6, 3822.4, 3820.0) == "3818 … 3822"
    # Three digits, 3820 and 3830, would exclude a median of 3818.
    assert range_text(3817.6, 3826.0, 3818.0) == "3818 … 3826"
    assert range_text(0.12, 0.34, 0.2) == "0.12 … 0.34"
    assert range_text(1.3779, 1.3779, 1.3779) == "1.378 … 1.378"


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


@pytest.mark.parametrize("text", ["lr=1e-3..1", "lr=1e-3:1:9"])
def test_the_ends_of_a_range_alone_are_no_setting(sweep, text):
    answer = sweep(text)
    assert answer.code == 2
    assert "hint: write lr=log:1e-3:1:9 for 9 values" in answer.err
