"""Fixtures for compiled libraries."""

import pytest
from compilers import forget

from gdrun.engine.compiled import compiler


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A cache directory for this test only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    forget()
    yield tmp_path / "gdrun" / "kernels"
    forget()


@pytest.fixture
def unoptimized(monkeypatch):
    """Compile without optimisation, which takes a third of the time, for tests of many kernels.

    Other tests optimise a kernel of each rule, each loss and each average.
    """
    flags = tuple("-O0" if flag == "-O3" else flag for flag in compiler.FLAGS)
    assert flags != compiler.FLAGS
    monkeypatch.setattr(compiler, "FLAGS", flags)
