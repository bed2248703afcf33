"""Bad configs, each with its whole error message: bad/NAME.yaml and bad/NAME.txt."""

from pathlib import Path

import jsonschema
import pytest

from gdrun.config.loading import load, read
from gdrun.config.schema import schema
from gdrun.errors import ConfigError

BAD = Path(__file__).parent / "bad"
NAMES = sorted(path.stem for path in BAD.glob("*.yaml"))

# A schema cannot find these errors: text that is not a config, contradictions between sections, and
# numbers that JSON does not have.
UNREADABLE = {"a_list", "bad_indent", "duplicate_key", "empty", "tag", "unclosed_list"}
BEYOND_A_SCHEMA = {
    "accuracy_of_numbers",
    "early_stopping_without_validation",
    "length_unknown",
    "length_without_budget",
    "metric_without_probabilities",
    "no_end",
    "not_a_number",
    "split_leaves_nothing",
    "task_of_another_model",
    "warmup_longer_than_run",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_config_is_answered_in_full(name, monkeypatch):
    monkeypatch.chdir(BAD)
    with pytest.raises(ConfigError) as caught:
        load(f"{name}.yaml")
    assert f"{caught.value}\n" == (BAD / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_names_the_next_move(name):
    lines = (BAD / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    # An error line begins with its label and place, `error: NAME.yaml`; its hint follows.
    assert all(line.startswith(f"error: {name}.yaml") for line in lines[::2])
    assert all(line.startswith("hint: ") for line in lines[1::2])
    assert len(lines) % 2 == 0


@pytest.mark.longer
@pytest.mark.parametrize("name", sorted(set(NAMES) - UNREADABLE - BEYOND_A_SCHEMA))
def test_the_schema_refuses_it_too(name):
    data = read(BAD / f"{name}.yaml").data
    assert not jsonschema.Draft202012Validator(schema()).is_valid(data)


def test_there_are_enough_to_trust():
    assert len(NAMES) >= 20
    assert {*UNREADABLE, *BEYOND_A_SCHEMA} < set(NAMES)
