"""The README shows what the program prints."""

import json
import re
import subprocess
import sys
import textwrap
import tomllib

import numpy as np
import pytest
import yaml
from readme import README, ROOT, blocks, masked, output_of, transcript, with_tables

import gdrun
from gdrun.cli.gradcheck import CHECK_FAILED
from gdrun.cli.running import DIVERGED
from gdrun.config.loading import load
from gdrun.engine.compiled import library_cache
from gdrun.errors import GdrunError
from gdrun.methods.rules import OPTIMIZERS
from gdrun.runs import record
from gdrun.runs.signals import SIGNALS
from gdrun.study.storage import study_directory

TEXT = README.read_text(encoding="utf-8")


def section(first, next_one):
    """The README from one heading to another."""
    return TEXT[TEXT.index(f"\n## {first}\n") : TEXT.index(f"\n## {next_one}\n")]


@pytest.mark.slow
@pytest.mark.parametrize("shown", blocks(TEXT), ids=lambda text: text[2:42].splitlines()[0])
def test_commands_print_what_the_readme_shows(shown, tmp_path):
    assert masked(transcript(shown, tmp_path)) == masked(shown)


@pytest.mark.parametrize("taken", ["9 µs", "123.4 ms", "12 s", "1.2 h"])
def test_the_width_of_a_time_is_no_difference(taken):
    def shown(time, steps=24):
        words = f"{steps} steps, 1,248 gradients of single examples, {time} ({time} a step), of 96"
        lines = textwrap.wrap(words, 44)
        return "loss   0.5\nwork       " + "\n           ".join(lines) + "\nloss rose  never\n"

    assert masked(shown(taken)) == masked(shown("441 µs"))
    assert masked(shown(taken)) != masked(shown(taken, steps=25))


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL))
def test_a_config_of_the_readme_is_valid(text):
    load(yaml.safe_load(text))


@pytest.mark.slow
def test_the_python_of_the_readme_does_what_it_shows(monkeypatch):
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"## From Python\n\n```python\n(.*?)```", TEXT, re.DOTALL)
    random = np.random.default_rng(0)
    names = {"X": random.normal(size=(40, 2)), "y": np.arange(40) % 2}
    exec(code, names)
    assert names["sweep"].results.shape == (9, 3)
    assert len(names["table"].ranking) == 3


@pytest.mark.slow
def test_the_python_of_the_readme_has_types(tmp_path):
    (code,) = re.findall(r"## From Python\n\n```python\n(.*?)```", TEXT, re.DOTALL)
    given = "import numpy as np\n\nX, y = np.zeros((40, 2)), np.arange(40) % 2\n"
    (tmp_path / "readme_code.py").write_text(given + code, encoding="utf-8")
    words = [
        "mypy",
        "--strict",
        "--config-file",
        "pyproject.toml",
        str(tmp_path / "readme_code.py"),
    ]
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "Success: no issues found in 1 source file\n")


def test_the_exit_codes_of_the_readme_are_the_programs():
    (codes,) = re.findall(r"^Exit codes: (.*?)\n\n", TEXT, re.DOTALL | re.MULTILINE)
    found = re.findall(r"(?:^|; |, | and )(\d+)(?=,| )", " ".join(codes.split()))
    named = {int(code) for code in found}
    signals = {128 + number for number in SIGNALS}
    assert named == {0, 1, GdrunError.exit_code, DIVERGED, CHECK_FAILED, *signals}


def test_there_are_commands_to_hold():
    assert len(blocks(TEXT)) >= 2


def test_the_make_targets_of_the_readme_exist():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", TEXT)) <= targets


def test_the_files_of_the_readme_exist():
    for name in re.findall(r"\bconfigs/[\w.-]+\.yaml", TEXT):
        assert (ROOT / name).is_file(), name
    own_files = r"[(`]((?:gdrun|tests)/[\w/]*(?:\w\.py|/)|\.[\w./-]+\w)[)`]"
    names = re.findall(own_files, section("How it is built", "Changes"))
    assert len(names) > 15
    assert [name for name in names if name != ".venv" and not (ROOT / name).exists()] == []


def test_the_tests_of_each_promise_exist():
    (table,) = re.findall(r"\| promise \| tests \|\n\|---\|---\|\n(.*?)\n\n", TEXT, re.DOTALL)
    verbs = (ROOT / "Makefile").read_text(encoding="utf-8")
    cells = [line.strip("| ").split(" | ")[1] for line in table.splitlines()]
    assert len(cells) > 15
    for name in (name for cell in cells for name in re.findall(r"`([^`]+)`", cell)):
        if name.startswith("make "):
            assert f"\n{name.removeprefix('make ')}: " in verbs
            continue
        file, _, function = name.partition("::")
        assert f"def {function or 'test_'}" in (ROOT / file).read_text(encoding="utf-8"), name


def test_the_pictures_of_the_readme_exist_and_are_small():
    # `make pictures` draws them again.
    shown = re.findall(r"!\[[^\]]+\]\((\.pictures/[\w.-]+)\)", TEXT)
    kept = [f".pictures/{file.name}" for file in (ROOT / ".pictures").iterdir()]
    assert sorted(shown) == sorted(kept)
    assert all((ROOT / name).stat().st_size < 60_000 for name in shown)


def test_the_headings_that_the_readme_links_to_exist():
    headings = re.findall(r"^#+ (.*)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(#([\w-]+)\)", TEXT)) <= anchors


def test_the_tables_of_layers_and_verbs_are_up_to_date():
    # `python tests/readme.py --write --tables` renews them.
    assert with_tables(TEXT) == TEXT


def test_padam_of_the_readme_with_the_power_one_half_is_adam(monkeypatch):
    (code,) = re.findall(r"```python\n# my_padam.py\n(.*?)```", TEXT, re.DOTALL)
    monkeypatch.setitem(OPTIMIZERS, "padam", None)  # the registry is restored after the test
    exec(code, {"__name__": "my_padam"})
    padam, adam = OPTIMIZERS["padam"], OPTIMIZERS["adam"]
    shared = {"lr": 0.1, "beta1": 0.8, "beta2": 0.9, "eps": 1e-3}
    rng = np.random.default_rng(0)
    w = other = rng.normal(size=(1, 4))
    slots, others = padam.start(w, shared), adam.start(w, shared)
    for t in (1.0, 2.0, 3.0):
        g = rng.normal(size=(1, 4))
        w, slots = padam.advance(w, g, slots, t, {**shared, "power": 0.5})
        other, others = adam.advance(other, g, others, t, shared)
        np.testing.assert_allclose(w, other, rtol=1e-12)


@pytest.mark.slow
def test_the_rule_and_the_schedule_of_the_readme_train_as_plugins(tmp_path):
    command = (
        "gdrun train optimizer=sign_descent lr=0.01 schedule=square_root epochs=4 --json "
        "--plugin sign_descent.py --plugin square_root.py"
    )
    found = json.loads(output_of(command, tmp_path))
    assert found["status"] == "exhausted"
    assert found["summary"]["train_loss"] < 0.5  # ln 10 = 2.3 at the start
    config = (tmp_path / found["directory"] / "config.yaml").read_text(encoding="utf-8")
    assert "name: sign_descent" in config and "name: square_root" in config


def test_the_settings_for_finding_out_what_a_run_did_are_valid():
    settings = re.findall(r"[ `](\w+(?:\.\w+)?=\w+)`", section("Developing", "Changes"))
    assert settings == ["log.points=all", "engine=numpy"]
    load(ROOT / "configs" / "quickstart.yaml", settings)


def test_compiled_loops_are_kept_where_the_readme_says(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert library_cache.cache_directory.__wrapped__() == tmp_path / "gdrun" / "kernels"
    assert "`~/.cache/gdrun/kernels`" in TEXT


def test_the_readme_names_this_version_and_this_schema():
    assert f"\n### {gdrun.__version__}\n" in section("Changes", "Versions")
    assert f"a `schema_version`, now {record.SCHEMA_VERSION}." in TEXT
    assert record.SCHEMA_VERSION == study_directory.SCHEMA_VERSION


def test_the_installation_names_every_package_that_it_installs():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (named,) = re.findall(
        r"needs Python 3\.11 or newer, and installs (.*?)\. ", " ".join(TEXT.split())
    )
    names = {re.split(r"[<>=]", each)[0] for each in project["dependencies"]}
    assert set(re.split(r", | and ", named.lower())) == names
