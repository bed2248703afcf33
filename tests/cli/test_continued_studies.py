"""`gdrun sweep --resume STUDY` and `gdrun compare --resume STUDY`, without keys or names."""

import json
import re
import shlex
import signal
from pathlib import Path

import numpy as np
import pytest

import gdrun as package
from gdrun.errors import RecordError
from gdrun.runs.signals import Interruption

SMALL = "dataset: iris\nmodel: softmax\nstopping: {epochs: 40}\n"

STUDIES = [
    "sweep lr=0.01,0.1 -c small.yaml --seeds 2 --metric accuracy",
    "sweep lr=log:1e-3:1 --config=small.yaml --search random --trials 4 --seeds 1 --seed 3",
    "sweep lr=log:1e-3:1:9 -c small.yaml --seeds 1 --halving",
    "compare mbgd sgd lr=0.02 -c small.yaml --seeds 2 --baseline sgd",
    "compare mbgd+adam sgd -c small.yaml --seeds 2 --tune lr=0.01,0.1 --budget epochs=30",
]


@pytest.fixture
def interrupted(here, tmp_path, monkeypatch):
    """A function that interrupts a command after some checks, and returns its Answer."""

    def run(*words, checks=3):
        calls = iter(range(1000))

        def name(self):
            if next(calls) < checks:  # the training asks before each chunk of steps
                return None
            self.signal = signal.SIGINT
            return "Ctrl-C (SIGINT)"

        with monkeypatch.context() as patched:
            patched.setattr(Interruption, "name", name)
            return here(*words)

    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    return run


def _directory(answer):
    return Path(re.search(r"^written to (.+)$", answer.out, re.MULTILINE)[1])


def _record(directory):
    return json.loads((directory / "study.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("line", STUDIES)
def test_the_short_command_gives_the_results_of_a_whole_study(here, interrupted, line):
    words = line.split()
    begun = interrupted(*words)
    directory = _directory(begun)
    assert begun.code == 130
    assert begun.out.endswith(f"; to continue:\n  gdrun {words[0]} --resume {directory}\n")
    assert here(words[0], "--resume", str(directory)).code == 0
    whole = here(*words)
    assert whole.code == 0
    continued, reference = (package.read_study(each) for each in (directory, _directory(whole)))
    assert np.array_equal(continued.results, reference.results)
    assert [row.name for row in continued.ranking] == [row.name for row in reference.ranking]
    for key in ("metric", "seeds", "asked", "candidates", "base", "baseline", "target"):
        assert _record(directory).get(key) == _record(_directory(whole)).get(key), key


@pytest.mark.parametrize("options", ["", "--halving"])
def test_the_work_says_that_the_time_before_the_checkpoint_is_not_counted(
    here, interrupted, options
):
    """lr=1e6 diverges within the first checks, so that 1 run of 3 has ended at the signal."""
    words = f"sweep lr=0.01,0.1,1e6 -c small.yaml --seeds 1 {options}".split()
    directory = _directory(interrupted(*words))
    ended = len((directory / "trials.jsonl").read_text(encoding="utf-8").splitlines())
    assert ended == 1
    answer = here("sweep", "--resume", str(directory))
    shown = here("show", str(directory))
    assert _record(directory)["work"]["continued"] == 2
    for text in (answer.out, shown.out):
        assert re.search(
            r" work 2 runs in [^;]+; 2 of them continued from a checkpoint, and the time before "
            r"it is not counted; 1 run already done ",
            " ".join(text.split()),
        )
    assert "checkpoint" not in here(*words).out


def test_it_can_be_continued_again_and_again(here, interrupted):
    directory = _directory(interrupted(*STUDIES[0].split()))
    assert interrupted("sweep", "--resume", "last", checks=1).code == 130
    assert here("sweep", "--resume", directory.name[:20], "--json").code == 0
    record = _record(directory)
    assert (record["status"], record["metric"]) == ("complete", "validation_accuracy")
    assert here("sweep", "--resume", "last").code == 0
    words = shlex.split(_record(directory)["command"])
    assert "--json" not in words
    assert words.count("--resume") == 1


def test_more_seeds_beside_resume_are_run(here, interrupted):
    directory = _directory(interrupted(*STUDIES[0].split()))
    interrupted  # noqa: B018
    answer = here("sweep", "--resume", str(directory), "--seeds", "3", "--json")
    assert (answer.code, _record(directory)["seeds"]) == (0, [0, 1, 2])


def _refused(answer):
    assert (answer.code, answer.out) == (2, "")
    return answer.err


def test_options_that_would_make_another_study_are_refused_together(here, interrupted):
    directory = _directory(interrupted(*STUDIES[0].split()))
    before = (directory / "study.json").read_bytes()
    err = _refused(here("sweep", "--resume", "last", "-c", "other.yaml", "--halving"))
    hint = "hint: leave it out, or start a new study without --resume\n"
    assert err == (
        f"error: --config other.yaml: this study was started with --config small.yaml\n{hint}"
        f"error: --halving: this study was started without --halving\n{hint}"
    )
    assert (directory / "study.json").read_bytes() == before


@pytest.mark.parametrize("verb", ["sweep", "compare"])
def test_a_setting_alone_beside_resume_is_refused(here, verb):
    assert _refused(here(verb, "--resume", "last", "epochs=50")) == (
        "error: 'epochs=50': a study that continues keeps its settings\n"
        "hint: leave it out, or start a new study without --resume\n"
    )


@pytest.mark.parametrize("words", [["last"], ["last", "epochs=50"], ["nothing"]])
def test_help_beside_resume_is_shown_and_nothing_runs(here, words):
    answer = here("sweep", "--resume", *words, "--help")
    assert answer.code == 0
    assert "Usage: gdrun sweep [OPTIONS]" in answer.out
    assert not Path("runs").exists()


def test_a_config_that_has_changed_is_named_with_its_change(here, interrupted, tmp_path):
    directory = _directory(interrupted(*STUDIES[0].split()))
    file = tmp_path / "small.yaml"
    file.write_text(SMALL.replace("40", "50"), encoding="utf-8")
    err = _refused(here("sweep", "--resume", str(directory)))
    assert "it has none of these experiments, which have stopping.epochs 50 in place of 40" in err
    assert "hint: that study was started by: gdrun sweep lr=0.01,0.1 -c small.yaml" in err
    file.unlink()
    err = _refused(here("sweep", "--resume", str(directory)))
    assert "the config of this study, small.yaml, is not in this directory" in err
    line = err.rpartition(", then: gdrun ")[2]
    file.write_text(SMALL, encoding="utf-8")
    assert here(*shlex.split(line)).code == 0


def test_another_command_and_a_lost_command_are_refused_with_one_that_works(here, interrupted):
    directory = _directory(interrupted(*STUDIES[0].split()))
    err = _refused(here("compare", "--resume", "last"))
    assert "is a study of gdrun sweep, not of gdrun compare" in err
    assert here(*shlex.split(re.search("`gdrun (.+)` continues it", err)[1])).code == 0
    record = _record(directory)
    del record["command"]
    (directory / "study.json").write_text(json.dumps(record), encoding="utf-8")
    err = _refused(here("sweep", "--resume", "last"))
    assert "the record of this study has no command" in err
    words = shlex.split(err.rpartition("to: gdrun ")[2])
    assert words[:2] == ["sweep", "optimizer.lr=0.01,0.1"]
    assert here(*words, "-c", "small.yaml", "--metric", "accuracy").code == 0


def test_a_study_of_python_and_of_another_command_is_continued_as_the_hint_says(here, tmp_path):
    """It has no command, so that `gdrun sweep --resume` alone would fail."""
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    package.sweep("small.yaml", {"lr": [0.01, 0.1]}, seeds=1, out="runs")
    (directory,) = Path("runs").iterdir()
    err = " ".join(_refused(here("compare", "--resume", str(directory))).split())
    assert "is a study of gdrun sweep, not of gdrun compare" in err
    assert "`gdrun sweep --resume" not in err
    call = re.search(r"in Python, (gdrun\.\S+) continues it", err)[1]
    assert eval(call, {"gdrun": package}).complete
    words = shlex.split(err.rpartition("to: gdrun ")[2])
    assert here(*words, "-c", "small.yaml").code == 0


def test_the_tuning_of_a_study_of_python_is_continued_as_the_hint_says(here, tmp_path):
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    package.compare(["mbgd", "sgd"], "small.yaml", tune="lr=0.01,0.1", seeds=1, out="runs")
    (directory,) = Path("runs").iterdir()
    err = " ".join(_refused(here("sweep", "--resume", str(directory / "tuning"))).split())
    call = re.search(r"in Python, (gdrun\.\S+) continues it", err)[1]
    assert eval(call, {"gdrun": package}).complete


def test_a_config_from_stdin_must_be_passed_again(here, interrupted, tmp_path):
    directory = _directory(interrupted(*STUDIES[0].split()))
    record = _record(directory)
    record["command"] = record["command"].replace("-c small.yaml", "-c -")
    (directory / "study.json").write_text(json.dumps(record), encoding="utf-8")
    err = _refused(here("sweep", "--resume", "last"))
    assert "the config of this study came from stdin" in err
    assert "--config - " in err and err.endswith(f"--resume {directory} --seeds 2 < CONFIG\n")
    shown = here("show", str(directory)).out + here("show", str(directory)).err
    assert f"-c - --seeds 2 --metric accuracy --resume {directory}" in shown
    assert here("sweep", "--resume", "last", "-c", "small.yaml").code == 0


def test_without_resume_the_keys_are_required(here):
    assert "KEY[=VALUES]... is missing" in here("sweep").err
    assert "NAME... is missing" in here("compare", "--seeds", "2").err


def test_the_best_setting_is_saved_when_the_study_is_complete(here, interrupted, tmp_path):
    """The two variants train one after the other: the second one is interrupted."""
    words = ["variant=bgd,mbgd", "-c", "small.yaml", "--seeds", "1", "--save-best", "best.yaml"]
    begun = interrupted("sweep", *words, checks=60)
    assert "1 of 2 runs are missing" in begun.out
    assert not (tmp_path / "best.yaml").exists()
    assert here("sweep", "--resume", "last").code == 0
    assert (tmp_path / "best.yaml").is_file()


def test_changed_values_are_named_as_a_config_has_them(here, interrupted, tmp_path):
    directory = _directory(interrupted(*STUDIES[0].split()))
    changed = SMALL.replace("softmax", "{name: softmax, bias: false}") + "schedule: cosine\n"
    (tmp_path / "small.yaml").write_text(changed, encoding="utf-8")
    err = _refused(here("sweep", "--resume", str(directory)))
    assert "model.bias false in place of true" in err
    assert "schedule cosine in place of constant" in err
    assert "schedule.lr_min 0 in place of not set" in err


SWEPT = {
    "no value": {"clip.norm": [None, 1.0]},
    "a mapping": {"clip": [None, {"norm": 1.0}], "standardize": [True, False]},
    "lists": {"hidden": [[8], [4, 4]], "stopping.steps": [None, 10]},
}
"""Values of Python that YAML writes in another way: None is null, and True is true."""


@pytest.mark.parametrize("values", SWEPT.values(), ids=SWEPT)
def test_the_line_for_a_study_from_python_has_values_as_yaml_has_them(here, tmp_path, values):
    config = SMALL.replace("softmax", "mlp").replace("40", "2")
    (tmp_path / "small.yaml").write_text(config, encoding="utf-8")
    begun = package.sweep("small.yaml", values, out="runs")
    assert begun.work.run == begun.plan.runs
    err = _refused(here("sweep", "--resume", "last"))
    words = shlex.split(err.rpartition("to: gdrun ")[2])
    answer = here(*words, "-c", "small.yaml", "--json")
    assert answer.code == 0, answer.err
    work = json.loads(answer.out)["work"]
    assert (work["run"], work["found"]) == (0, begun.plan.runs)


def test_the_hint_for_a_study_from_python_has_what_its_record_does_not_have(here, tmp_path):
    config = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 2}}
    package.sweep(config, "lr=0.1,1", out="runs")
    (directory,) = Path("runs").iterdir()
    record = _record(directory)
    del record["call"]["values"]
    (directory / "study.json").write_text(json.dumps(record), encoding="utf-8")
    err = _refused(here("sweep", "--resume", "last"))
    again = f"gdrun.sweep(…, resume='{directory}') with every argument of its start"
    assert f"hint: in Python, {again} continues it; on the command line, add" in err
    X = np.random.default_rng(0).normal(size=(40, 2))
    config = {"model": "linear", "stopping": {"epochs": 2}}
    package.sweep(config, "lr=0.1,0.2", data=(X, X[:, 0]), out="arrays")
    (directory,) = Path("arrays").iterdir()
    err = _refused(here("sweep", "--resume", str(directory)))
    call = f"gdrun.sweep(data=(X, y), resume='{directory}')"
    assert err.endswith(f"hint: in Python, {call} continues it\n")


@pytest.mark.parametrize(
    "command",
    [
        "gdrun sweep --foo",
        "gdrun sweep 'lr",
        "gdrun sweep",
        "gdrun train lr=1",
        "",
        "gdrun sweep lr=0.01,0.1 --seeds x",
        "gdrun sweep lr=0.01,0.1 --seeds 1.5",
    ],
)
def test_an_edited_command_is_refused_with_a_line_that_continues_the_study(
    here, interrupted, command
):
    directory = _directory(interrupted(*STUDIES[0].split()))
    record = _record(directory) | {"command": command}
    (directory / "study.json").write_text(json.dumps(record), encoding="utf-8")
    err = _refused(here("sweep", "--resume", str(directory)))
    assert f"the record of this study has no command that can be repeated, but {command!r}\n" in err
    words = shlex.split(err.rpartition("to: gdrun ")[2])
    assert here(*words, "-c", "small.yaml", "--metric", "accuracy").code == 0


@pytest.mark.parametrize("verb", ["sweep", "compare"])
def test_the_tuning_part_is_refused_with_the_comparison_that_continues(here, interrupted, verb):
    directory = _directory(interrupted(*STUDIES[4].split()))
    err = _refused(here(verb, "--resume", f"{directory}/tuning"))
    assert f"{directory}/tuning: contains only the tuning part of a comparison\n" in err
    with pytest.raises(RecordError, match="only the tuning part") as caught:
        getattr(package, verb)(resume=directory / "tuning")
    hint = f"the command line can continue it: it was started by gdrun {STUDIES[4]}"
    assert caught.value.problems[0].hint == hint  # its record has no arguments of Python
    assert here(*shlex.split(re.search("`gdrun (.+)` continues it", err)[1])).code == 0


@pytest.mark.parametrize("verb", ["sweep", "compare"])
def test_where_no_study_is_the_words_are_about_studies(here, verb):
    making = "`gdrun sweep lr` makes a study; --out is the directory that holds the studies"
    err = _refused(here(verb, "--resume", "last"))
    assert err == f"error: runs: there is no such directory\nhint: {making}\n"
    assert here("train", "surface=bowl", "steps=3").code == 0
    for word, what in (("last", "has no study"), ("x", "no study is called 'x'")):
        err = _refused(here(verb, "--resume", word))
        assert err == f"error: runs: {what}\nhint: {making}\n"
    for rate in ("0.1,0.2", "0.1,0.3"):
        assert here("sweep", f"lr={rate}", "surface=bowl", "steps=3").code == 0
    assert "error: runs: 2 studies match 'sweep'\n" in _refused(here(verb, "--resume", "sweep"))
    assert _refused(here(verb, "--resume", "x")).startswith("error: runs: no study is called 'x'\n")
