"""How properties are tested: the same examples in every run, however busy the machine is."""

from hypothesis import HealthCheck, settings

# Examples that differ from run to run would let a commit fail for what another one broke.
settings.register_profile(
    "gdrun",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("gdrun")

# Collected for doctests, it would be imported again under the name of tests/cli/conftest.py.
collect_ignore = ["conftest.py"]
