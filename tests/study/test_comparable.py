"""Which datasets have the same rows and targets, so that losses on them can be compared."""

import json

import numpy as np
import pytest

import gdrun
from gdrun.config.loading import load
from gdrun.config.writing import to_yaml
from gdrun.data.same_rows import rows_and_target
from gdrun.study.judgement.metrics import Metric, unlike
from gdrun.study.tasks import prepared
from gdrun.views.comparable_runs import check_one_problem

ROWS = "a,b,c,day,y\n" + "\n".join(
    f"{k * 7 % 13},{'' if k % 4 == 0 else k % 5},{k * k % 11},{k},{k * 3 % 17}" for k in range(40)
)
PLAIN = {"missing": "mean", "target": "y", "dates": "encode"}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The path of a table with 40 rows; the column b has gaps."""
    path = tmp_path_factory.mktemp("tables") / "rows.csv"
    path.write_text(ROWS + "\n", encoding="utf-8")
    return path


def experiment(path, **dataset):
    section = {"path": str(path), **PLAIN, **dataset}
    return load({"dataset": section, "model": "linear", "variant": "bgd"}, ["epochs=3"])


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        ({"standardize": False}, True),
        ({"ignore": ["c"]}, True),
        ({"keep": ["day"]}, True),
        ({"ignore": ["b"], "standardize": False}, True),
        ({"seed": 1}, False),
        ({"split": {"validation": 0.2}}, False),
        ({"target": "c", "ignore": ["y"]}, False),
        ({"missing": "drop"}, False),
    ],
)
def test_datasets_are_alike_if_their_parts_have_the_same_targets(rows, changed, same):
    one, other = experiment(rows), experiment(rows, **changed)
    targets = [
        [part.y.tolist() for part in (data.train, data.validation, data.test)]
        for data in map(prepared, (one, other))
    ]
    assert (targets[0] == targets[1]) == same
    assert (unlike(Metric("validation_loss"), [one, other]) is None) == same


def test_columns_decide_the_rows_where_gaps_drop_them_or_none_is_named_as_target(rows):
    """Without b, no row has a gap; without y, the last column is `day`."""
    for given in ({"missing": "drop"}, {"missing": {"b": "drop"}}, {"target": None}):
        all_of, fewer = (
            rows_and_target({"path": str(rows), **PLAIN, **given, "ignore": own})
            for own in ([], ["b", "y"])
        )
        assert all_of != fewer


def test_the_loss_of_a_standardised_target_is_another_one(rows):
    plain, scaled = (
        experiment(rows, standardize={"features": True, "target": target})
        for target in (False, True)
    )
    assert unlike(Metric("validation_loss"), [plain, scaled]) == "loss"
    # The error is in the unit of the target, whether or not it was standardised for the training.
    assert unlike(Metric("validation_rmse"), [plain, scaled]) is None


def test_runs_on_raw_and_on_standardised_features_are_drawn_together(rows):
    one, other, scaled = (
        gdrun.train(experiment(rows, standardize=own))
        for own in (True, False, {"features": True, "target": True})
    )
    check_one_problem([one, other])
    with pytest.raises(gdrun.GdrunError, match="has the loss mse of the standardised target"):
        check_one_problem([one, scaled])
    check_one_problem([one, scaled], "rmse")


def test_contenders_may_differ_in_the_features_of_the_same_rows(rows, tmp_path):
    """w = 0 predicts 0: at the start all have the same loss, the mean square of the target."""
    (tmp_path / "link.csv").symlink_to(rows)
    files = []
    for name, path, own in (
        ("raw", rows, {"standardize": False}),
        ("std", tmp_path / "link.csv", {"ignore": ["c"]}),
    ):
        config = experiment(path, **own).plain() | {"name": name}
        files.append(tmp_path / f"{name}.yaml")
        files[-1].write_text(to_yaml(config), encoding="utf-8")
    found = gdrun.compare([str(file) for file in files], None, "lr=1e-4")
    assert found.unlike is None and found.best is not None
    raw, std = (row.standing.results[0] for row in found.contenders)
    y = prepared(experiment(rows)).train.y
    for each in (raw, std):
        np.testing.assert_allclose(each.evals["train_loss"][0], np.mean(y**2), rtol=1e-12)
    assert raw.evals["train_loss"][-1] != std.evals["train_loss"][-1]
    own = [row.standing.candidate.experiment.dataset for row in found.contenders]
    assert [each["standardize"].features for each in own] == [False, True]
    assert own[0].name == own[1].name


def test_a_symptom_of_one_scale_of_the_features_names_its_setting(tmp_path):
    for values in ((False, True), (True, False)):
        gdrun.sweep(
            {"dataset": "breast-cancer", "model": "logistic"},
            {"dataset.standardize": list(values)},
            "epochs=1",
            out=tmp_path / str(values),
        )
        (study,) = (tmp_path / str(values)).iterdir()
        record = json.loads((study / "study.json").read_text(encoding="utf-8"))
        (found,) = record["data_symptoms"]
        assert found["name"] == "unequal scales"
        assert found["evidence"].startswith("with standardize=false, the features are not")
        # The remedy is one of the values that are compared.
        assert found["remedies"] == []
