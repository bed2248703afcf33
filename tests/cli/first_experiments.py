"""The document of a first experiment on a data file."""

import json
from pathlib import Path

import yaml


def document(gdrun, *words):
    """The document that `gdrun train` prints, with the config of the run; and its notes."""
    answer = gdrun("train", *words, "engine=numpy", "--json")
    assert answer.code == 0, answer.err
    found = json.loads(answer.out)
    config = Path(found["directory"], "config.yaml").read_text()
    return found | {"config": yaml.safe_load(config)}, answer.err
