"""Studies say once what would make them faster."""

import json

import pytest

from gdrun.cli import main
from gdrun.engine.compiled import compiler
from gdrun.engine.engines import PAYS_FROM as PAYS

SHORT = ("model=mlp", "stopping.epochs=2")


@pytest.fixture
def no_compiler(monkeypatch, tmp_path):
    """A machine without any C compiler."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setattr(compiler.shutil, "which", lambda name: None)
    monkeypatch.setattr(compiler, "find_spec", lambda name: None)
    compiler.compiler.cache_clear()
    yield tmp_path
    compiler.compiler.cache_clear()


@pytest.mark.longer
@pytest.mark.parametrize(
    "words", [("sweep", "lr=0.01,0.1", "--seeds", "2"), ("compare", "momentum", "adam")]
)
def test_a_study_without_a_compiler_names_the_extra_once(words, no_compiler, capsys, monkeypatch):
    # Any kernel would pay, so that short runs need a compiler too.
    monkeypatch.setattr("gdrun.engine.engines.PAYS_FROM", dict.fromkeys(PAYS, 0.0))
    assert main([*words, *SHORT, "-q"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.count("faster with a C compiler") == 1
    assert 'python -m pip install "gdrun[compiler]"' in shown
    (trials,) = no_compiler.glob("runs/*/trials.jsonl")
    for line in trials.read_text(encoding="utf-8").splitlines():
        assert "faster with a C compiler" in json.loads(line)["engine_note"]
