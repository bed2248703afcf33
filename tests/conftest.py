"""How every test runs: on the same random examples, and with one cache of kernels for all."""

import os
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings

# Examples that differ from run to run would let a commit fail for what another one broke.
settings.register_profile(
    "gdrun",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gdrun")


def cache_of_tests() -> str:
    """The cache directory of all tests of this user, in which each kernel is compiled once.

    It is not the user's own, and it is kept between test runs. A directory that someone else made
    is not used.
    """
    user = os.getuid() if hasattr(os, "getuid") else ""
    path = Path(tempfile.gettempdir()) / f"gdrun-tests-{user}"
    path.mkdir(mode=0o700, exist_ok=True)
    own = user == "" or path.stat().st_uid == user
    return str(path) if own else tempfile.mkdtemp(prefix="gdrun-tests-")


os.environ["XDG_CACHE_HOME"] = cache_of_tests()

# Collected for doctests, it would be imported again under the name of tests/cli/conftest.py.
collect_ignore = ["conftest.py"]
