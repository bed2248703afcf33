"""`--plugin FILE.py`: a user's rule can be named like the rules of gdrun."""

import json
import re
from pathlib import Path

import pytest

import gdrun as package
from gdrun.errors import ConfigError
from gdrun.methods.rules import OPTIMIZERS

RULE = '''
import numpy as np
from gdrun import Rate, rule

@rule
def cli_sign_descent(w, g, lr: Rate = 0.01):
    """Steps of one length, down the sign of the gradient.

        w ← w − α sign(g)
    """
    return w - lr * np.sign(g)
'''


def test_a_rule_of_five_lines_trains_and_is_listed(gdrun, tmp_path):
    file = tmp_path / "my_rule.py"
    file.write_text(RULE, encoding="utf-8")
    words = ("optimizer=cli_sign_descent", "lr=0.001", "epochs=5", "--plugin", str(file))
    answer = gdrun("train", *words, "--json", "--out", str(tmp_path / "runs"))
    assert (answer.code, answer.err) == (0, "")
    record = json.loads(answer.out)
    assert record["summary"]["test_accuracy"] > 0.8
    assert [plugin["path"] for plugin in record["plugins"]][-1] == str(file)
    swept = gdrun(
        "sweep",
        *words[:1],
        "lr=0.001,0.01",
        *words[2:],
        "--json",
        "--seeds",
        "1",
        "--out",
        str(tmp_path),
    )
    assert swept.code == 0
    assert [entry["diverged"] for entry in json.loads(swept.out)["ranking"]] == [0, 0]
    listed = gdrun("list", "cli_sign_descent", "--plugin", str(file))
    assert "w ← w − α sign(g)" in listed.out


def test_a_faulty_plugin_is_refused_with_its_line(gdrun, tmp_path):
    file = tmp_path / "broken.py"
    file.write_text("x = 1\nx = = 2\n", encoding="utf-8")
    answer = gdrun("train", "--plugin", str(file))
    assert answer.code == 2
    assert answer.err.startswith(f"error: {file}:2: is not valid Python")


@pytest.fixture
def forget(monkeypatch):
    """A function that forgets the plugin, as in a new process."""

    def forget():
        OPTIMIZERS.pop("my_descent", None)
        monkeypatch.setattr("gdrun.methods.plugins._LOADED", {})

    return forget


def test_what_needs_the_plugin_of_a_run_or_a_study_names_it(gdrun, tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(RULE.replace("cli_sign_descent", "my_descent"), encoding="utf-8")
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
    shown = (("show", str(study)), ("plot", str(study)))
    for command in (("theory", str(run)), diagnosis, *shown, picture):
        answer = gdrun(*command)
        assert answer.code == 2
        assert "no optimizer is called 'my_descent'" in answer.err
        (option,) = re.findall(r"hint: load the plugins of the \w+: (.*)", answer.err)
        assert gdrun(*command, *option.split()).code == 0
        forget()


@pytest.mark.parametrize(
    "words",
    [
        ("train", "optimizer=ademamix"),
        ("gradcheck", "schedule=wsd"),
        ("config", "show", "optimizer=qqqq"),
        ("compare", "adam", "ademamix"),
        ("list", "ademamix"),
        ("list", "schedules", "wsd"),
    ],
)
def test_the_hint_of_an_unknown_method_names_the_option_for_plugins(gdrun, words):
    answer = gdrun(*words)
    assert answer.code == 2
    assert answer.err.endswith(" a method of your own needs --plugin FILE.py\n")


def test_a_hint_in_python_names_the_function_that_loads_a_plugin():
    with pytest.raises(ConfigError, match=r"`gdrun\.load_plugin\(\"FILE\.py\"\)`"):
        package.train({"dataset": "iris", "optimizer": "ademamix"})
    # A plugin adds no variants.
    with pytest.raises(ConfigError) as found:
        package.train({"dataset": "iris", "variant": "ademamix"})
    assert "load_plugin" not in str(found.value)


def test_a_python_file_in_place_of_a_config_is_a_plugin(gdrun, tmp_path):
    file = tmp_path / "my_rule.py"
    file.write_text(RULE, encoding="utf-8")
    answer = gdrun("gradcheck", str(file))
    assert answer.err == (
        f"error: {file}: is not a config\nhint: a Python file is a plugin: --plugin {file}\n"
    )


def test_the_config_of_a_run_is_copied_without_its_plugin(gdrun, tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(RULE.replace("cli_sign_descent", "my_descent"), encoding="utf-8")
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
