"""A few mutations of each kind, as `make fuzz` judges 100,000: no finding among them."""

import tempfile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fuzz.doors import make_ready
from fuzz.judging import judged
from fuzz.kinds import KINDS, inputs_of

NUMBERS = {name: min(number, 12) for name, number in inputs_of(600, [*KINDS]).items()}
"""The number of inputs of each kind."""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """The current directory, with the runs that the doors use."""
    folder = tmp_path_factory.mktemp("fuzz")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(tempfile, "tempdir", str(folder))
        make_ready(folder)
        yield folder


@pytest.mark.longer
@pytest.mark.parametrize("name", KINDS)
def test_the_seeds_are_accepted(name, home):
    kind = KINDS[name]
    for data in kind.seeds(home)[:3]:
        found = judged(kind, data, home)
        assert not found.finding, found.report
        assert "accepted" in found.outcomes


@pytest.mark.longer
@pytest.mark.parametrize("name", KINDS)
def test_mutations_are_accepted_or_refused(name, home):
    kind = KINDS[name]
    corpus = kind.seeds(home)

    @settings(max_examples=NUMBERS[name])
    @given(st.integers(0, 2**32 - 1))
    def check(seed):
        found = judged(kind, kind.mutated(corpus, Random(seed)), home)
        assert not found.finding, found.report

    check()
