"""A cache of compiled libraries for one test."""

import pytest
from compilers import forget


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """A cache directory for this test only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    forget()
    yield tmp_path / "gdrun" / "kernels"
    forget()
