"""Nothing is written outside the output directory, whatever a config or a file says."""

import json

import pytest

from gdrun.config.loading import load
from gdrun.runs.session import Session

NAMES = [
    "../../elsewhere",
    "/tmp/elsewhere",
    "a/../../b",
    "..",
    "C:\\elsewhere",
    "x" * 300,
    "é" * 300,
    "\x1b[2J\x07\n\0",
    "[bold]x[/bold] <script>alert(1)</script> | `a` & _b_ $\\frac ${HOME} $(id)",
    "-rf",
    "~root",
    " ",
]


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory with the working directory of the commands; `outside` lists all other files."""
    (tmp_path / "work").mkdir()
    (tmp_path / "outside.txt").write_text("kept")
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def outside(place):
    """The files and their contents that are not in the output directory."""
    own = place / "work" / "out"
    files = [path for path in place.rglob("*") if own not in (path, *path.parents)]
    return {path: path.read_bytes() if path.is_file() else None for path in files}


@pytest.mark.longer
@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_names_of_experiments(gdrun, place, name):
    config = place / "work" / "a.yaml"
    config.write_text(
        json.dumps(
            {
                "name": name,
                "dataset": "iris",
                "model": "softmax",
                "variant": "bgd",
                "stopping": {"epochs": 2},
            }
        )
    )
    before = outside(place)
    commands = (
        ["train", "a.yaml"],
        ["sweep", "lr=0.1,0.2", "-c", "a.yaml", "--seeds", "1"],
        ["show", "last"],
        ["runs"],
    )
    for command in commands:
        answer = gdrun(*command, "-o", "out")
        assert answer.code == 0, answer.err
        assert "\x1b" not in answer.out
    runs = sorted(path.name for path in (place / "work" / "out").iterdir())
    assert len(runs) == 2
    assert all(len(run.encode()) <= 255 for run in runs)
    assert outside(place) == before


def test_names_of_contenders(gdrun, place):
    names = [name for name in NAMES if "/" not in name and "\0" not in name and len(name) < 100]
    text = "{dataset: iris, model: softmax, variant: bgd, stopping: {epochs: 1}}"
    files = [place / "work" / f"{name}.yaml" for name in names]
    for file in files:
        file.write_text(text)
    before = outside(place)
    answer = gdrun("compare", *(f"./{file.name}" for file in files), "--seeds", "1", "-o", "out")
    assert answer.code == 0, answer.err
    assert not any(sign in answer.out for sign in "\x1b\x07")
    assert outside(place) == before


@pytest.mark.longer
@pytest.mark.parametrize(
    "key",
    ["out=x", "runs=x", "directory=x", "dataset.out=x", "plugin=x.py", "plugins=[x.py]"],
)
def test_a_config_cannot_name_a_place_to_write_or_code_to_run(gdrun, place, key):
    (place / "work" / "x.py").write_text("open('ran', 'w').close()")
    before = outside(place)
    answer = gdrun("train", key, "-o", "out")
    assert answer.code == 2
    assert "unknown key" in answer.err or "has no option" in answer.err
    assert outside(place) == before


# Directories of others: files in them may be links that lead elsewhere.

CONFIG = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 40}}


def interrupted(out, seeds=1):
    count = iter(range(100))
    experiment = load(CONFIG)
    session = Session([experiment.with_seed(seed) for seed in range(seeds)], out=out)
    return session.run(interrupted=lambda: "a test" if next(count) >= 3 else None)


@pytest.mark.longer
@pytest.mark.parametrize(
    "name", ["config.yaml", "run.json", "trace.jsonl", "weights.npz", "checkpoint.npz"]
)
def test_a_run_with_a_link_is_continued_in_its_directory(gdrun, place, name):
    (run,) = interrupted(place / "work" / "out")
    file = run.directory / name
    target = place / f"linked-{name}"
    file.rename(target)
    file.symlink_to(target)
    before = outside(place)
    answer = gdrun("train", "--resume", str(run.directory), "-q")
    assert answer.code == 0, answer.err
    assert outside(place) == before


@pytest.mark.longer
@pytest.mark.parametrize("name", ["trials.jsonl", "traces.jsonl", "study.json", "best.yaml"])
def test_a_study_with_a_link_writes_nothing_elsewhere(gdrun, place, name):
    words = ("sweep", "lr=0.1,0.2", "epochs=2", "-o", "out")
    gdrun(*words, "--seeds", "1")
    (study,) = (place / "work" / "out").iterdir()
    file = study / name
    target = place / f"linked-{name}"
    file.rename(target)
    file.symlink_to(target)
    before = outside(place)
    answer = gdrun(*words, "--seeds", "2", "--resume", str(study))
    assert outside(place) == before
    if name.endswith(".jsonl"):
        assert answer.code == 2
        assert f"{name} is a symbolic link" in answer.err
    else:
        assert answer.code == 0, answer.err


@pytest.mark.longer
def test_a_tuning_in_a_linked_directory_is_refused(gdrun, place):
    words = ("compare", "bgd", "mbgd", "epochs=1", "--tune", "lr", "--seeds", "1", "-o", "out")
    assert gdrun(*words).code == 0
    (study,) = (place / "work" / "out").iterdir()
    (study / "tuning").rename(place / "elsewhere")
    (study / "tuning").symlink_to(place / "elsewhere")
    before = outside(place)
    answer = gdrun(*words, "--resume", str(study))
    assert (answer.code, "it is a symbolic link" in answer.err) == (2, True)
    assert outside(place) == before


@pytest.mark.longer
@pytest.mark.parametrize("other", ["../../{}", "{}", "."])
def test_runs_that_trained_together_are_in_one_directory(gdrun, place, other):
    first, second = interrupted(place / "work" / "out", seeds=2)
    elsewhere = place / second.directory.name
    second.directory.rename(elsewhere)
    path = str(elsewhere) if other == "{}" else other.format(elsewhere.name)
    record = json.loads((first.directory / "run.json").read_text())
    record["cohort"][1] = path
    (first.directory / "run.json").write_text(json.dumps(record))
    before = outside(place)
    answer = gdrun("train", "--resume", str(first.directory))
    assert answer.code == 2
    assert "is not the name of a run" in answer.err
    assert outside(place) == before


def test_a_run_or_study_that_is_a_link_itself_may_be_continued(gdrun, place):
    (run,) = interrupted(place / "work" / "out")
    (place / "work" / "mine").symlink_to(run.directory)
    assert gdrun("train", "--resume", "mine", "-q").code == 0
