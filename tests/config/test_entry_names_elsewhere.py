"""Names of surfaces elsewhere lead to the surface of gdrun."""

import pytest

from gdrun.config.loading import load
from gdrun.config.names_elsewhere import NAMES_ELSEWHERE
from gdrun.config.sections import SECTIONS
from gdrun.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "meant"),
    [("quadratic", "bowl"), ("Quadratic", "bowl"), ("banana", "rosenbrock")],
)
def test_a_surface_by_its_name_elsewhere(name, meant):
    with pytest.raises(ConfigError) as raised:
        load(None, [f"surface={name}"])
    (problem,) = raised.value.problems
    assert problem.hint == f"did you mean {meant}?"


def test_every_name_elsewhere_leads_to_an_entry():
    for section, names in NAMES_ELSEWHERE.items():
        registry = SECTIONS[section].registry
        assert set(names.values()) <= set(registry)
        assert not set(names) & set(registry)
