"""Runs and studies with a plugin that is now missing, changed, or loaded in another way."""

import json
import re
from pathlib import Path

import pytest
from plugin_texts import RULE

import gdrun as package
from gdrun.cli.recorded_commands import resuming_words
from gdrun.methods.rules import OPTIMIZERS


@pytest.fixture
def my_descent(tmp_path, monkeypatch):
    """The text of a plugin with the rule my_descent: my.py in a directory of the test's own."""
    monkeypatch.chdir(tmp_path)
    text = RULE.replace("cli_sign_descent", "my_descent")
    Path("my.py").write_text(text, encoding="utf-8")
    return text


@pytest.mark.longer
def test_what_needs_the_plugin_of_a_run_or_a_study_names_it(gdrun, my_descent, forget):
    words = ("surface=bowl", "epochs=none", "steps=3", "--plugin", "my.py", "-q")
    flowers = ("dataset=iris", "epochs=8", "lr=1e-4", "--plugin", "my.py", "-q")
    gdrun("train", "optimizer=my_descent", *flowers)
    gdrun("compare", "my_descent", "adam", *words)
    run, study = sorted(Path("runs").iterdir(), key=lambda path: "compare" in path.name)
    forget()
    assert gdrun("show", str(run)).code == 0
    exported = gdrun("export", str(study), "csv", "--plugin", "my.py").out
    assert exported.endswith(f"gdrun report {study} --plugin my.py\n")
    forget()
    picture = ("plot", str(run), "--kind", "landscape", "-o", "plane.svg")
    diagnosis = ("diagnose", str(run))  # The rate is too small: its remedies are checked.
    for command in (("theory", str(run)), diagnosis, picture):
        answer = gdrun(*command)
        assert answer.code == 2
        assert "no optimizer is called 'my_descent'" in answer.err
        (option,) = re.findall(r"hint: load the plugins of the \w+: (.*)", answer.err)
        assert gdrun(*command, *option.split()).code == 0
        forget()


@pytest.mark.longer
def test_what_trains_a_run_again_refuses_a_changed_plugin(gdrun, my_descent, forget):
    words = ("dataset=iris", "model=softmax", "variant=bgd", "epochs=8", "lr=1e-4", "engine=numpy")
    gdrun("train", "optimizer=my_descent", *words, "--plugin", "my.py", "-q")
    (run,) = Path("runs").iterdir()
    loaded = ("--plugin", "my.py")
    forget()
    Path("my.py").write_text(my_descent.replace("np.sign(g)", "g"), encoding="utf-8")
    for command in (
        ("plot", str(run), "--kind", "curvature", "-o", "path.svg"),
        ("plot", str(run), "--kind", "landscape", "-o", "plane.svg"),
        ("diagnose", str(run), "--try"),
    ):
        answer = gdrun(*command, *loaded)
        assert answer.code == 2
        assert answer.err.endswith(
            f"error: {run}: cannot be trained again: the plugin my.py changed since this run\n"
            f"hint: undo the change, or `gdrun train {run}/config.yaml --plugin my.py` makes a new "
            "run\n"
        )
    note = "note: the plugin my.py changed since the run, which was trained with the old version\n"
    reading = (("theory", str(run)), ("theory", str(run), "--noise"), ("plot", str(run)))
    for command in (*reading, ("diagnose", str(run))):
        answer = gdrun(*command, *loaded)
        assert (answer.code, answer.err) == (0, note)
    # The plugin of the run, again.
    Path("my.py").write_text(my_descent, encoding="utf-8")
    forget()
    assert gdrun("diagnose", str(run), "--try", *loaded).code == 0


@pytest.mark.longer
def test_a_study_with_a_plugin_of_the_environment_continues_without_it(
    gdrun, monkeypatch, my_descent, forget
):
    forget()
    monkeypatch.setenv("GDRUN_PLUGINS", "my.py")
    words = ("my_descent", "adam", "surface=bowl", "epochs=none", "steps=3", "--seeds", "1")
    gdrun("compare", *words, "-q")
    (study,) = Path("runs").iterdir()
    (trials,) = study.glob("trials.jsonl")
    trials.write_text(trials.read_text(encoding="utf-8").splitlines(True)[0], encoding="utf-8")
    record = json.loads((study / "study.json").read_text(encoding="utf-8"))
    assert record["command"].split() == ["gdrun", "compare", *words, "-q", "--plugin", "my.py"]
    monkeypatch.delenv("GDRUN_PLUGINS")
    forget()
    words = resuming_words(record["command"], study)[1:]
    assert gdrun(*words).code == 0
    assert len(trials.read_text(encoding="utf-8").splitlines()) == 2


@pytest.mark.longer
def test_a_study_is_read_whatever_became_of_its_plugin(gdrun, tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    mine = RULE.replace("cli_sign_descent", "my_descent").replace("0.01)", "0.01, power=2.0)")
    Path("my.py").write_text(mine, encoding="utf-8")
    words = ("dataset=iris", "model=softmax", "epochs=2", "--seeds", "2", "--plugin", "my.py")
    gdrun("compare", "my_descent+power=3", "adam", "lr=0.02", *words, "-o", "compared")
    Path("base.yaml").write_text(
        "dataset: iris\nmodel: softmax\noptimizer: my_descent\nstopping: {epochs: 2}\n", "utf-8"
    )
    gdrun("sweep", "power=1,2", "-c", "base.yaml", *words[3:], "-o", "swept")
    studies = [next(Path(name).iterdir()) for name in ("compared", "swept")]
    commands = [(verb, str(each)) for each in studies for verb in ("show", "plot", "diagnose")]
    before = [gdrun(*command, "--plugin", "my.py").page for command in commands]
    assert all("power" in page for page in before[:1])
    forget()
    assert [gdrun(*command).code for command in commands] == [0] * 6
    shown = [page.replace(" --plugin my.py", "") for page in before]
    assert [gdrun(*command).page.replace(" --plugin my.py", "") for command in commands] == shown
    # A renamed option, and one more: the results stay those of the old version, and a note says so.
    renamed = mine.replace("power=2.0", "exponent=2.0, extra=1.0")
    Path("my.py").write_text(renamed, encoding="utf-8")
    recorded = package.read_study(studies[0]).plan.candidates[0].experiment.optimizer
    assert recorded["power"] == 3
    for command, page in zip(commands, shown, strict=True):
        answer = gdrun(*command, "--plugin", "my.py")
        assert (answer.code, answer.page.replace(" --plugin my.py", "")) == (0, page)
        assert re.fullmatch(
            r"note: the plugin my.py changed since the study; the results shown are from the old "
            r"version \(sha256 [0-9a-f]{8}…\)\n",
            answer.err,
        )
    # The registry has the new version again.
    assert set(OPTIMIZERS["my_descent"].options) == {"lr", "exponent", "extra"}


def test_a_study_whose_record_lacks_the_options_names_its_plugin(gdrun, my_descent, forget):
    words = ("surface=bowl", "steps=3", "--plugin", "my.py")
    gdrun("sweep", "optimizer=my_descent,adam", *words)
    forget()
    answer = gdrun("show")
    assert (answer.code, answer.out) == (2, "")
    assert "no optimizer is called 'my_descent'" in answer.err
    assert answer.err.endswith("hint: load the plugins of the study: --plugin my.py\n")
    assert gdrun("show", "--plugin", "my.py").code == 0


@pytest.mark.longer
def test_a_recorded_config_with_another_plugin_is_noted(gdrun, my_descent, forget):
    words = ("dataset=iris", "model=softmax", "epochs=1", "--plugin", "my.py", "-q")
    gdrun("train", "optimizer=my_descent", *words)
    (run,) = Path("runs").iterdir()
    again = ("train", str(run / "config.yaml"), "-q", "-o", "again")
    assert gdrun(*again, "--plugin", "my.py").err == ""
    forget()
    Path("other.py").write_text(my_descent.replace("lr * np.sign(g)", "lr * g"), encoding="utf-8")
    note = f"note: {run} used the plugin my.py; this command uses the methods of other.py; "
    assert gdrun(*again, "--plugin", "other.py").err == (
        f"{note}for those of my.py, replace it by --plugin my.py\n"
    )
    Path("my.py").unlink()
    assert gdrun(*again, "--plugin", "other.py").err == (f"{note}my.py no longer exists\n")
    Path("my.py").write_text(my_descent, encoding="utf-8")
    forget()
    assert gdrun(*again, "--plugin", "my.py").err == ""
    forget()
    Path("my.py").write_text(my_descent.replace("lr * np.sign(g)", "lr * g"), encoding="utf-8")
    for command in (again, ("sweep", "lr=0.1,1", "-c", str(run / "config.yaml"), "-q")):
        note = f"note: the plugin my.py changed since {run}; this command uses the new version\n"
        assert gdrun(*command, "--plugin", "my.py").err == note


@pytest.mark.longer
def test_a_diagnosis_says_what_became_of_the_plugin(gdrun, my_descent, forget):
    words = ("dataset=iris", "model=softmax", "variant=bgd", "epochs=8", "lr=1e-4", "engine=numpy")
    # The second run has loaded the plugin, but does not use it: its config is valid without it.
    for chosen in ("my_descent", "vanilla"):
        gdrun("train", f"optimizer={chosen}", f"name={chosen}", *words, "--plugin", "my.py", "-q")
    forget()
    assert gdrun("diagnose", "vanilla").err == ""
    Path("my.py").write_text(my_descent + "# new", encoding="utf-8")
    changed = (
        "note: the plugin my.py changed since the run, which was trained with the old version\n"
    )
    assert gdrun("diagnose", "vanilla").err == changed
    Path("my.py").unlink()
    gone = "note: the plugin my.py, with which the run was trained, no longer exists\n"
    answer = gdrun("diagnose", "vanilla", "--json")
    assert (answer.code, answer.err) == (0, gone)
    assert json.loads(answer.out)["symptoms"]
    answer = gdrun("diagnose", "my_descent")
    assert answer.code == 2
    assert "my.py no longer exists: restore it, or load a copy of it with --plugin" in answer.err
    Path("copy.py").write_text(my_descent, encoding="utf-8")
    assert gdrun("diagnose", "my_descent", "--plugin", "copy.py").err == ""


@pytest.mark.longer
def test_the_config_of_a_run_is_copied_without_its_plugin(gdrun, my_descent, forget):
    words = ("optimizer=my_descent", "surface=bowl", "epochs=none", "steps=3")
    gdrun("train", *words, "--plugin", "my.py", "-q")
    (run,) = Path("runs").iterdir()
    forget()
    copied = gdrun("config", "new", "--from", str(run), "copy.yaml")
    assert copied.out == "wrote copy.yaml\nto train it:\n  gdrun train copy.yaml --plugin my.py\n"
    assert Path("copy.yaml").read_bytes() == (run / "config.yaml").read_bytes()
    changed = ("config", "new", "--from", str(run), "lr=0.5", "changed.yaml")
    assert gdrun(*changed).err.endswith("load the plugins of the run: --plugin my.py\n")
    assert gdrun(*changed, "--plugin", "my.py").code == 0
    assert "lr: 0.5" in Path("changed.yaml").read_text(encoding="utf-8")


SMOOTHED = '''
import numpy as np
from gdrun import Decay, Positive, Rate, rule

@rule(slots="m")
def my_descent(w, g, m, lr: Rate = 0.01, beta: Decay = 0.9, rho: Positive = 0.01):
    """w ← w − α m / √(m² + ρ²)"""
    m = beta * m + (1 - beta) * g
    return w - lr * m / np.sqrt(m * m + rho * rho), m
'''


@pytest.fixture
def studies_of_a_lost_plugin(gdrun, tmp_path, monkeypatch, forget):
    """A sweep, with runs that explode, and a comparison; their plugin my.py is not loaded."""
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(SMOOTHED, encoding="utf-8")
    words = ("dataset=breast-cancer", "dataset.standardize=false", "model=logistic", "epochs=6")
    plugin = ("--seeds", "2", "--plugin", "my.py")
    swept = gdrun(
        "sweep",
        "lr=0.001,1",
        "rho=0.0001,0.001,0.01,0.1",
        *words,
        "optimizer=my_descent",
        *plugin,
        "-o",
        "s",
    )
    compared = gdrun("compare", "my_descent+lr=1", "adam", *words, *plugin, "-o", "c")
    assert (swept.code, compared.code) == (0, 0)
    forget()
    return {name: str(next(Path(name).iterdir())) for name in "sc"}


@pytest.mark.longer
def test_studies_of_a_lost_plugin_are_shown(gdrun, studies_of_a_lost_plugin):
    swept = studies_of_a_lost_plugin["s"]
    note = "note: a wider range for rho is proposed with --plugin my.py\n"
    for study in studies_of_a_lost_plugin.values():
        for words in (
            ("show", study),
            ("show", study, "--json"),
            ("plot", study),
            ("plot", study, "-o", f"{study}.svg"),
            ("report", study, "-o", f"{study}.html"),
            ("export", study, "--to", "csv", f"{study}-csv"),
            ("export", study, "--to", "latex", f"{study}.tex"),
            ("diagnose", study),
            ("runs", "--out", str(Path(study).parent)),
        ):
            answer = gdrun(*words)
            noted = study == swept and words[0] in ("show", "report", "diagnose")
            noted = noted and "--json" not in words
            assert (answer.code, answer.err) == (0, note if noted else ""), words
    warned = "the best rho is the smallest that was tried;"
    without, loaded = (
        " ".join(gdrun("show", swept, *words).page.split()) for words in ((), ("--plugin", "my.py"))
    )
    assert f"{warned} a wider range may be better" in without
    assert f"{warned} try a wider range: rho=log:1e-05:0.1:5" in loaded
    assert "exploding" in without


@pytest.mark.longer
def test_code_that_is_not_loaded_is_no_damaged_record(gdrun, studies_of_a_lost_plugin, monkeypatch):
    def needs_the_rule(*arguments):
        OPTIMIZERS["my_descent"].function(0.0, 0.0)

    monkeypatch.setattr("gdrun.study.storage.reading.standings", needs_the_rule)
    answer = gdrun("show", studies_of_a_lost_plugin["s"])
    assert answer.code == 2
    assert "the code of my_descent is not loaded" in answer.err
    assert answer.err.endswith("hint: load the plugins of the study: --plugin my.py\n")


@pytest.mark.longer
@pytest.mark.parametrize("fault", [AttributeError, KeyError, TypeError, ValueError])
def test_a_fault_of_gdrun_is_no_damaged_record(studies_of_a_lost_plugin, monkeypatch, fault):
    def faulty(*arguments):
        raise fault("start")

    monkeypatch.setattr("gdrun.study.storage.reading.standings", faulty)
    for study in studies_of_a_lost_plugin.values():
        with pytest.raises(fault, match="start"):
            package.read_study(study)
