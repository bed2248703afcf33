"""The commands in the hints of errors about runs, studies and data work as they are written."""

import os
import re
import shlex
import shutil
from pathlib import Path

import pytest

import gdrun as package
from gdrun.cli import main

BOWL = {"name": "bowl", "surface": "bowl", "stopping": {"steps": 3}}
LINE = {"name": "line", "model": "linear", "stopping": {"epochs": 2}}

CASES = {
    "two configs": "train bowl.yaml other.yaml",
    "data for a config": "config show data.csv",
    "a second study": "export BOWL STUDY files",
    "a page of a run and a study": "report BOWL STUDY",
    "a model of a surface": "predict BOWL data.csv",
    "weights of a surface": "show BOWL --weights",
    "theory of a study": "theory STUDY",
    "theory of a changed run": "theory BOWL lr=0.1",
    "no bound": "plot MODEL --kind bounds -o bounds.svg",
    "no walk": "plot MODEL --kind walk -o walk.svg",
    "remedies of a study": "diagnose STUDY --try",
    "no destination": "export",
    "no tag": "runs tag",
    "an option for a name": "list batch_size",
    "a bad option": "train optimizer=adam beta1=2",
    "an extra word": "help train lr",
    "no terminal": "train --watch",
    "data for a run": "predict data.csv MODEL",
    "one contender": "compare bgd",
    "no weights": "show UNENDED --weights",
    "no weights after an interruption": "show INTERRUPTED --weights",
    "a study that is no run": "train --resume STUDY",
    "a run for a config": "train last",
    "a run for the config of a study": "sweep lr -c last",
    "a run for a key": "sweep lr last",
    "a run for a contender": "compare bgd last",
    "a run for the config of a check": "config check last",
    "a file for a command": "data.csv",
    "several values of a key": "train lr=0.1,0.2",
    "several values": "train 'lr=[0.1, 0.2]'",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with configs, data, four runs and a sweep, which have short names in `runs`."""
    folder = tmp_path_factory.mktemp("place")
    rows = "".join(f"{k % 7},{(3 * k) % 11},{k % 7 - k % 11}.5\n" for k in range(100))
    for name in ("data.csv", "houses.csv", "new.csv"):
        (folder / name).write_text(f"a,b,price\n{rows}", encoding="utf-8")
    for name in ("bowl.yaml", "other.yaml"):
        (folder / name).write_text("surface: bowl\nstopping: {steps: 3}\n", encoding="utf-8")
    data = LINE | {"dataset": {"path": str(folder / "data.csv")}}
    out = folder / "runs"
    runs = {
        "BOWL": package.train(BOWL, out=out),
        "UNENDED": package.train(data, out=out),
        "INTERRUPTED": package.train(data, out=out),
        "MODEL": package.train(data, out=out),
    }
    for name, run in runs.items():
        run.directory.rename(out / name)
    for name in ("UNENDED", "INTERRUPTED"):
        (out / name / "weights.npz").unlink()
    record = out / "INTERRUPTED" / "run.json"
    text = record.read_text(encoding="utf-8")
    record.write_text(text.replace('"exhausted"', '"interrupted"'), encoding="utf-8")
    os.utime(record, (1e9, 1e9))  # the run `last` is another one
    with pytest.MonkeyPatch.context() as patch:
        words = ["gdrun", "sweep", "lr=0.01,0.1", "-c", "bowl.yaml", "-o", "studies", "-q"]
        patch.chdir(folder)
        patch.setattr("sys.argv", words)  # for the record of the study
        assert main(words[1:]) == 0
    (study,) = (folder / "studies").iterdir()
    study.rename(out / "STUDY")
    return folder


SPACED = {
    "a second study": "export BOWL STUDY files --runs 'my runs'",
    "a page of a run and a study": "report BOWL STUDY --runs 'my runs'",
    "theory of a changed run": "theory BOWL lr=0.1 -o 'my runs'",
    "no destination": "export 'my runs/BOWL'",
}


@pytest.mark.longer
@pytest.mark.parametrize("words", SPACED.values(), ids=SPACED)
def test_the_command_in_a_hint_works_for_a_path_with_a_space(
    gdrun, place, tmp_path, monkeypatch, words
):
    (tmp_path / "place").mkdir()
    shutil.copytree(place / "runs", tmp_path / "place" / "my runs")
    monkeypatch.chdir(tmp_path / "place")
    check_hints(gdrun, words)


@pytest.mark.longer
@pytest.mark.parametrize("words", CASES.values(), ids=CASES)
def test_the_command_in_a_hint_works(gdrun, place, tmp_path, monkeypatch, words):
    here = tmp_path / "place"
    shutil.copytree(place, here)
    monkeypatch.chdir(here)
    check_hints(gdrun, words)


def check_hints(gdrun, words):
    """Run a command line that is refused, and each command in its hints, which must work."""
    answer = gdrun(*shlex.split(words))
    assert answer.code == 2
    commands = re.findall(r"`gdrun ([^`]+)`", answer.err)
    assert commands
    for command in commands:
        for stand_in, value in {"KEY=VALUE": "lr=0.1", "DEST": "files"}.items():
            command = command.replace(stand_in, value)
        more = ["--print-trials"] if command.startswith("sweep") else []
        more = ["epochs=1", "--seeds", "1"] if command.startswith("compare bgd") else more
        following = gdrun(*shlex.split(command), *more)
        assert (following.code, re.findall("^error.*", following.err, re.MULTILINE)) == (0, [])


@pytest.mark.longer
def test_a_run_on_changed_data_is_trained_again(gdrun, place, tmp_path, monkeypatch):
    here = tmp_path / "place"
    shutil.copytree(place, here)
    monkeypatch.chdir(here)
    changed = Path("changed.csv")
    shutil.copy("data.csv", changed)
    gdrun("train", "changed.csv", "model=linear", "epochs=2", "-q")
    changed.write_text(changed.read_text(encoding="utf-8").replace("1", "2"), encoding="utf-8")
    for words in (("plot", "last", "--kind", "residuals", "-o", "x.svg"), ("theory", "last")):
        answer = gdrun(*words)
        assert answer.code == 2
        assert "the data changed since this run" in answer.err
        (command,) = re.findall(r"`gdrun ([^`]+)`", answer.err)
        assert command.startswith("train ")
        assert gdrun(*shlex.split(command), "-q", "-o", "again").code == 0


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["target_loss=0.5"], 0, "trains a new run without stopping.target_loss"),
        (["early_stopping.patience=1", "lr=5"], 0, "trains a new run without stopping.early_"),
        (["lr=1e30"], 3, "shows the cause"),
    ],
)
def test_what_to_do_with_a_run_that_did_not_end_by_its_budget(
    gdrun, tmp_path, monkeypatch, words, code, hint
):
    monkeypatch.chdir(tmp_path)
    iris = ("train", "dataset=iris", "model=softmax", "epochs=50", "lr=0.1")
    assert gdrun(*iris, *words, "-o", "my runs", "-q").code == code
    answer = gdrun("train", "--resume", "last", "--extend", "epochs=60", "-o", "my runs")
    assert (answer.code, hint in answer.err) == (2, True)
    (command,) = re.findall(r"a larger budget changes nothing; `gdrun ([^`]+)`", answer.err)
    following = gdrun(*shlex.split(command))
    assert following.code == 0
    if code == 0:
        assert "finished: all 50 epochs done" in following.out


def test_a_run_in_place_of_a_config_leads_to_what_is_wanted(gdrun, place, tmp_path, monkeypatch):
    here = tmp_path / "place"
    shutil.copytree(place, here)
    monkeypatch.chdir(here)
    os.utime("runs/MODEL/run.json", (2e9, 2e9))
    ended = gdrun("train", "last", "lr=0.1")
    hint = "did you mean runs/MODEL/config.yaml? `gdrun show last` shows the run"
    assert (ended.code, "last: is a run, not a config" in ended.err) == (2, True)
    assert hint in " ".join(ended.err.split())
    Path("runs/MODEL").rename("runs/20260101-080000-line-abcd")
    by_id = gdrun("gradcheck", "20260101-08")
    assert "did you mean runs/20260101-080000-line-abcd/config.yaml?" in by_id.err
    os.utime("runs/STUDY/study.json", (2.1e9, 2.1e9))
    study = " ".join(gdrun("train", "last").err.split())
    assert "last: is a study, not a config" in study
    assert "did you mean runs/STUDY/best.yaml? `gdrun show last` shows the study" in study
    record = Path("runs/BOWL/run.json")
    text = record.read_text(encoding="utf-8")
    record.write_text(text.replace('"exhausted"', '"interrupted"'), encoding="utf-8")
    os.utime(record, (2.2e9, 2.2e9))
    assert "`gdrun train --resume last` continues the run" in gdrun("train", "last").err
    shutil.rmtree("runs")
    assert "did you mean optimizer=lars?" not in gdrun("train", "last").err


def test_an_option_in_place_of_a_command_names_the_commands_that_have_it(gdrun):
    answer = gdrun("resume", "last")
    assert "hint: --resume is an option of gdrun train, sweep, compare" in answer.err
    assert "hint: --tune is an option of gdrun compare" in gdrun("tune", "lr").err
