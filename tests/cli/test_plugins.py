"""`--plugin FILE.py`: a user's rule can be named like the rules of gdrun."""

import json
import os
from pathlib import Path

import pytest
from plugin_texts import RULE
from typer.main import get_command

import gdrun as package
from gdrun.cli.app import app
from gdrun.cli.hinted_commands import with_plugins
from gdrun.errors import ConfigError
from gdrun.methods.plugins import WITHOUT_PLUGINS, note_on_ascent, with_loaded_plugins
from gdrun.methods.rules import OPTIMIZERS


@pytest.mark.longer
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


@pytest.mark.longer
def test_a_rule_that_ascends_is_noted(gdrun, tmp_path, monkeypatch, forget):
    mine = RULE.replace("cli_sign_descent", "my_descent").replace("np.sign(g)", "g")
    wrong, right = tmp_path / "wrong.py", tmp_path / "right.py"
    right.write_text(mine, encoding="utf-8")
    wrong.write_text(mine.replace("w - ", "w + "), encoding="utf-8")
    assert gdrun("list", "my_descent", "--plugin", str(right)).err == ""
    forget()
    # Each step multiplies w₁ by 1 + α and w₂ by 1 + 10 α.
    loss = (1.01**40 + 10 * 1.1**40) / 2
    assert gdrun("list", "my_descent", "--plugin", str(wrong)).err == (
        "note: my_descent raises the loss on a bowl: ½ (x² + 10 y²) was 5.5 at (1, 1) and is "
        f"{loss:.4g} after 20 steps; is a sign wrong?\n"
    )
    # No rate makes it descend, so a diagnosis offers none.
    words = ("--plugin", str(wrong))
    assert gdrun("train", "optimizer=my_descent", "lr=0.1", "epochs=3", *words, "-q").code in (0, 3)
    text = " ".join(gdrun("diagnose", "last", *words).out.split())
    assert "correct the rule first: my_descent raises the loss on a bowl: ½ (x² + 10" in text
    assert "to try" not in text


UNDEFINED = '''
import numpy as np
from gdrun import rule

@rule
def my_descent(w, g, t, lr=0.1):
    """The root of a negative number from step 21.  w ← w − α g √(20 − t) / √(20 − t)."""
    return w - lr * g * np.sqrt(20.5 - t) / np.sqrt(20.5 - t)
'''


@pytest.mark.longer
@pytest.mark.parametrize(
    "study", ["sweep optimizer=my_descent lr=0.1,0.2", "compare my_descent my_descent+lr=0.2"]
)
def test_smaller_rates_are_not_advised_for_an_undefined_update(
    gdrun, tmp_path, monkeypatch, forget, study
):
    """No rate changes the step at which this equation has no value."""
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(UNDEFINED, encoding="utf-8")
    words = ("dataset=iris", "model=softmax", "epochs=20", "--plugin", "my.py", "--seeds", "1")
    answer = gdrun(*study.split(), *words)
    assert answer.code == 3
    (directory,) = Path("runs").iterdir()
    assert answer.out.endswith(
        f"to diagnose its runs:\n  gdrun diagnose {directory} --plugin my.py\n"
    )
    text = " ".join(answer.out.split())
    assert "smaller rate" not in text.replace("smaller rates do not help", "")
    if study.startswith("sweep"):
        assert "every run diverged, and smaller rates do not help: the weights of" in text
        assert "the equation of my_descent is not defined there" in text


@pytest.mark.longer
@pytest.mark.parametrize("engine", ["numpy", "compiled"])
def test_the_root_of_a_negative_number_is_undefined_in_python_too(
    gdrun, tmp_path, monkeypatch, forget, engine
):
    """(20 − 21) ** 0.5 is complex in Python, and NaN in NumPy and in C."""
    monkeypatch.chdir(tmp_path)
    text = UNDEFINED.replace("np.sqrt(20.5 - t) / np.sqrt(20.5 - t)", "(20.5 - t) ** 0.5")
    Path("my.py").write_text(text, encoding="utf-8")
    words = ("dataset=iris", "model=softmax", "variant=bgd", "epochs=30", f"engine={engine}")
    answer = gdrun("train", "optimizer=my_descent", *words, "--plugin", "my.py")
    assert answer.code == 3
    assert "diverged: the weights of w became nan at epoch 21 (step 21)\n" in answer.out


def test_a_run_without_finite_weights_leads_to_its_cause(gdrun, tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(UNDEFINED, encoding="utf-8")
    loaded = ("--plugin", "my.py")
    ended = gdrun("train", "optimizer=my_descent", "dataset=iris", "epochs=20", "-q", *loaded)
    printed = " ".join(ended.out.split())
    assert "symptom: undefined update, although the loss " in printed
    assert "are finite: the equation of my_descent is not defined there" in printed
    assert printed.count("became nan") == 1  # in the verdict, and not again in the symptom
    forget()
    (run,) = Path("runs").iterdir()
    refused = gdrun("show", str(run), "--weights")
    assert refused.code == 2
    command = f"gdrun diagnose {run} --plugin my.py"
    assert refused.err.endswith(f"hint: `{command}` shows the cause, and what may help\n")
    shown = " ".join(gdrun(*command.split()[1:]).out.split())
    assert "the equation of my_descent is not defined there" in shown


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rules_of_gdrun_descend_on_the_bowl(name):
    assert note_on_ascent(name) is None


def test_the_environment_names_plugins(gdrun, tmp_path, monkeypatch, forget):
    mine = RULE.replace("cli_sign_descent", "my_descent")
    paths = [tmp_path / "first.py", tmp_path / "second.py"]
    paths[0].write_text(mine, encoding="utf-8")
    paths[1].write_text(mine.replace("my_descent", "my_ascent").replace("w - ", "w + "), "utf-8")
    monkeypatch.setenv("GDRUN_PLUGINS", os.pathsep.join(map(str, paths)))
    try:
        for name in ("my_descent", "my_ascent"):
            assert gdrun("list", name).code == 0
        monkeypatch.setenv("GDRUN_PLUGINS", str(tmp_path / "missing.py"))
        answer = gdrun("list", "optimizers")
        assert answer.code == 2
        assert "missing.py: cannot be read" in answer.err
    finally:
        OPTIMIZERS.pop("my_ascent", None)


def test_the_option_adds_to_the_plugins_of_the_environment(gdrun, tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    mine = RULE.replace("cli_sign_descent", "my_descent")
    Path("first.py").write_text(mine, encoding="utf-8")
    Path("second.py").write_text(mine.replace("my_descent", "my_second"), encoding="utf-8")
    forget()
    monkeypatch.setenv("GDRUN_PLUGINS", "first.py")
    words = ("my_descent", "my_second", "surface=bowl", "epochs=none", "steps=3", "--seeds", "1")
    try:
        assert gdrun("compare", *words, "--plugin", "second.py", "-q").code == 0
        (study,) = Path("runs").iterdir()
        command = json.loads((study / "study.json").read_text(encoding="utf-8"))["command"]
        # The record has a command that works without the variable.
        assert command.endswith("--plugin second.py -q --plugin first.py")
        # Two files cannot give different methods the same name.
        Path("second.py").write_text(mine.replace("0.01", "0.5"), encoding="utf-8")
        refused = gdrun("list", "my_descent", "--plugin", "second.py")
        assert refused.code == 2
        assert "second.py:5: there is already an optimizer with the name my_des" in refused.err
    finally:
        OPTIMIZERS.pop("my_second", None)


def test_commands_in_the_hints_of_python_load_the_plugins(tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(RULE.replace("cli_sign_descent", "my_descent"), encoding="utf-8")
    forget()
    package.load_plugin("my.py")
    with pytest.raises(ConfigError) as caught:
        package.train({"optimizer": "my_descent"}, "epochs=0")
    assert str(caught.value).endswith("`gdrun list stopping --plugin my.py` shows all its keys")
    # A command without the option stays as it is.
    assert with_loaded_plugins("`gdrun runs` lists them") == "`gdrun runs` lists them"


@pytest.mark.longer
def test_a_quantity_that_needs_the_objective_names_the_plugin(gdrun, tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    Path("my.py").write_text(RULE.replace("cli_sign_descent", "my_descent"), encoding="utf-8")
    gdrun("train", "optimizer=my_descent", "dataset=iris", "epochs=2", "--plugin", "my.py", "-q")
    forget()
    command = ("plot", "last", "--y", "suboptimality")
    assert gdrun(*command).err.endswith("hint: load the plugins of the run: --plugin my.py\n")
    assert gdrun(*command, "--plugin", "my.py").code == 0


def test_all_commands_but_those_listed_load_plugins():
    def commands(group):
        for name, command in group.commands.items():
            inner = commands(command) if hasattr(command, "commands") else [(name, command)]
            yield from ((name, leaf) for _, leaf in inner)

    found = list(commands(get_command(app)))
    assert len(found) > 20
    for name, command in found:
        loads = any("--plugin" in parameter.opts for parameter in command.params)
        assert loads == (name not in WITHOUT_PLUGINS), name


@pytest.mark.longer
def test_hinted_commands_load_the_plugins_that_they_need(gdrun, tmp_path, monkeypatch, forget):
    monkeypatch.chdir(tmp_path)
    mine = RULE.replace("cli_sign_descent", "my_descent").replace(
        "0.01)", "0.01, share: Decay = 0)"
    )
    Path("my.py").write_text(mine.replace("Rate, rule", "Decay, Rate, rule"), encoding="utf-8")
    words = ("optimizer=my_descent", "surface=bowl", "epochs=none", "steps=3")
    gdrun("train", *words, "--plugin", "my.py", "-q")
    gdrun("compare", "my_descent", "adam", *words[1:], "--plugin", "my.py", "-q")
    run, study = sorted(Path("runs").iterdir(), key=lambda path: "compare" in path.name)
    # A plugin of this command line.
    answer = gdrun("train", "optimizer=my_descent", "share=2", "--plugin", "my.py")
    assert "`gdrun list my_descent --plugin my.py`" in answer.err
    forget()
    # That of a run, and that of a study, which the commands name.
    answer = gdrun("theory", str(run), "lr=1")
    assert f"`gdrun theory {run}/config.yaml KEY=VALUE --plugin my.py`" in answer.err
    answer = gdrun("theory", str(study))
    assert f"`gdrun theory {study}/best.yaml --plugin my.py`" in answer.err
    # A command without plugins stays as it is, and so does one that has no such option.
    assert "--plugin" not in gdrun("train", "missing.yaml").err
    assert "`gdrun inspect iris`" in with_plugins("`gdrun inspect iris`")


@pytest.mark.longer
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
    assert " a method of your own needs --plugin FILE.py" in answer.err


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
