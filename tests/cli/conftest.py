"""Run a command line inside the test: fixed width, no colour, streams captured."""

import re
from dataclasses import dataclass

import numpy as np
import pytest
from saved_models import LINE, save
from short_runs import QUIET_IRIS
from study.cases import LOGISTIC

from gdrun import compare
from gdrun.cli import main
from gdrun.config.writing import to_yaml
from gdrun.methods.rules import OPTIMIZERS


@dataclass(frozen=True)
class Answer:
    """The result of a command line: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def page(self):
        """The output without the next step at its end, which test_next_steps.py checks."""
        return re.sub(r"\n*((none of .*\n)?to [^\n]+:\n  gdrun [^\n]+\n)+\Z", "\n", self.out)


@pytest.fixture
def gdrun(capsys, monkeypatch):
    """A function that runs a command line and returns its Answer."""
    # As in a new process: a plugin that another test loaded is in no record and in no command.
    monkeypatch.setattr("gdrun.methods.plugins._LOADED", {})
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "_GDRUN_COMPLETE"):
        monkeypatch.delenv(name, raising=False)

    def run(*words):
        monkeypatch.setattr("sys.argv", ["gdrun", *words])  # for the records of studies
        code = main(words)
        captured = capsys.readouterr()
        return Answer(code, captured.out, captured.err)

    return run


@pytest.fixture
def here(gdrun, tmp_path, monkeypatch):
    """The function gdrun, in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    return gdrun


@pytest.fixture
def train(here):
    """A function that runs `gdrun train`, in a directory of the test's own."""
    return lambda *words: here("train", *words)


@pytest.fixture
def three(here):
    """Three runs: one plain, one whose loss is lower, one that diverged."""
    here("train", *QUIET_IRIS, "name=plain")
    here("train", *QUIET_IRIS, "name=lower", "optimizer=adam", "lr=0.1")
    here(
        *("train", "dataset=diabetes", "model=linear", "variant=bgd", "schedule=constant"),
        *("lr=1e200", "name=lost", "-q"),
    )
    return here


@pytest.fixture
def config(tmp_path):
    """A file with the small logistic problem."""
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    return str(path)


@pytest.fixture
def sweep(here, config):
    """A function that runs a sweep on the config, in a directory of the test's own."""
    return lambda *words: here("sweep", *words, "-c", config)


@pytest.fixture
def houses(tmp_path, monkeypatch):
    """A directory of the test's own with houses.csv: 120 houses, their prices and bands."""
    monkeypatch.chdir(tmp_path)
    rows = 120
    rng = np.random.default_rng(0)
    size, town = rng.normal(80, 20, rows), rng.integers(0, 2, rows)
    price = 100_000 + 2_500 * size + 40_000 * town + rng.normal(0, 5_000, rows)
    towns, bands = ("north", "south"), ("low", "mid", "high")
    lines = [
        f"{s:.1f},{towns[t]},{p:.0f},{bands[int(s > 70) + int(s > 90)]}"
        for s, t, p in zip(size, town, price, strict=True)
    ]
    (tmp_path / "houses.csv").write_text("size,town,price,band\n" + "\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def forget(monkeypatch):
    """A function that forgets the plugin with the rule my_descent, as in a new process."""

    def forget():
        OPTIMIZERS.pop("my_descent", None)
        monkeypatch.setattr("gdrun.methods.plugins._LOADED", {})

    yield forget
    OPTIMIZERS.pop("my_descent", None)


@pytest.fixture(scope="module")
def contenders(tmp_path_factory):
    """A comparison on a surface without noise, and its directory."""
    out = tmp_path_factory.mktemp("contenders")
    bowl = {"surface": "bowl", "variant": "bgd", "stopping": {"steps": 6}, "engine": "numpy"}
    found = compare(["vanilla+lr=0.1", "momentum+lr=1e9"], bowl, out=out)
    (directory,) = out.iterdir()
    return found, directory


@pytest.fixture
def line_file(tmp_path):
    """The model LINE in the directory of the test, as line.npz."""
    save(tmp_path / "line.npz", LINE)
