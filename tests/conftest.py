"""Settings of all tests: the same random examples each time, and one cache of kernels."""

import os
import tempfile
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# With different examples each time, a commit could fail because of an error in an earlier one.
settings.register_profile(
    "gdrun",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gdrun")


def cache_of_tests() -> str:
    """The cache directory of all tests of this user, in which each kernel is compiled once.

    It is not the user's normal cache, and it is kept between test runs. A directory that another
    user made is not used.
    """
    user = os.getuid() if hasattr(os, "getuid") else ""
    path = Path(tempfile.gettempdir()) / f"gdrun-tests-{user}"
    path.mkdir(mode=0o700, exist_ok=True)
    own = user == "" or path.stat().st_uid == user
    return str(path) if own else tempfile.mkdtemp(prefix="gdrun-tests-")


os.environ["XDG_CACHE_HOME"] = cache_of_tests()

# Collected for doctests, the files conftest.py of several folders would all be imported under one
# name, and the scripts of the benchmarks would run.
collect_ignore = ["conftest.py", "bench/scripts"]
collect_ignore_glob = ["*/conftest.py"]


def pytest_configure(config):
    """Without the extra `sklearn`, leave out the doctests of the module that needs it."""
    if find_spec("sklearn") is None:
        module = Path(__file__).parent.parent / "gdrun" / "sklearn.py"
        config.option.ignore = [*(config.option.ignore or []), str(module)]


@pytest.fixture
def registries():
    """After the test, the registries of methods and the loaded plugins are as they were."""
    import_module("gdrun.api")  # every layer, with the kinds of methods that it adds
    from gdrun.methods import plugins
    from gdrun.methods.plugin_kinds import KINDS
    from gdrun.methods.rules import OPTIMIZER_ALIASES

    known = [*(kind.registry for kind in KINDS), OPTIMIZER_ALIASES, plugins._LOADED]
    kept = [(registry, dict(registry)) for registry in known]
    yield
    for registry, entries in kept:
        registry.clear()
        registry.update(entries)


@pytest.fixture
def plugin(registries, tmp_path, monkeypatch):
    """A function that writes a plugin with this text, and loads it by its name alone."""
    import gdrun

    monkeypatch.chdir(tmp_path)

    def load(text, name="my.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return gdrun.load_plugin(name)

    return load
