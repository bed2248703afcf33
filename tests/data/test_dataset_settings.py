"""The settings of a dataset: its name, path, parts and columns, and wrong ones, which are named."""

import pytest
from parts import BASE

from gdrun.config.loading import load
from gdrun.errors import ConfigError


@pytest.mark.parametrize(
    ("override", "found"),
    [
        ("validation=later.csv", ("later.csv", 0)),
        ("dataset.validation=later.csv", ("later.csv", 0)),
        ("validation={path: later.csv, unseen: error}", ("later.csv", 0)),
        ("dataset.validation.path=later.csv", ("later.csv", 0)),
        ("validation=0.3", (None, 0.3)),
        ("validation=30", (None, 30)),
        ("split.validation=0.3", (None, 0.3)),
        ("validation=none", (None, 0.1)),
    ],
)
def test_a_number_is_the_size_of_a_part_and_a_text_its_file(override, found):
    dataset = load(BASE, [override]).dataset
    file = dataset.plain().get("validation")
    assert (file, dataset["split"].validation) == found


def test_the_file_of_a_config_can_be_taken_away():
    base = {**BASE, "dataset": {**BASE["dataset"], "validation": "later.csv"}}
    assert load(base, ["validation=null"]).dataset["validation"] is None
    kept = load(base, ["dataset.validation.unseen=ignore"]).dataset.plain()["validation"]
    assert kept == {"path": "later.csv", "unseen": "ignore"}


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("dataset.validation=0.2", "must be the path of a file, got 0.2\nhint: such as valid"),
        ("split.test=last.csv", "dataset.split.test: must be a number, got 'last.csv'"),
        ("test={unseen: ignore}", "dataset.test.path: must be given\nhint: such as test: new.csv"),
        ("test={path: a.csv, targts: b}", "test has no option 'targts'\nhint: did you mean targ"),
        ("test=last.xlsx", "dataset.test: last.xlsx is an Excel workbook"),
        ("test=last.docx", "dataset.test: last.docx"),
    ],
)
def test_wrong_settings_are_found_before_data_are_read(override, said):
    with pytest.raises(ConfigError) as caught:
        load(BASE, [override])
    assert said in str(caught.value)


def test_early_stopping_needs_a_validation_part_or_its_file():
    stopping = ["early_stopping={}", "split.validation=0"]
    assert load(BASE, [*stopping, "validation=later.csv"]).validates
    with pytest.raises(ConfigError, match="needs a validation part"):
        load(BASE, stopping)
