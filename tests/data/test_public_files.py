"""Files in the shape of public data sets: kinds, features, targets, and a training."""

import numpy as np
import pytest
from public_files import FILES

import gdrun
from gdrun.data import load_table
from gdrun.data.inspection import inspect_data


@pytest.fixture(params=FILES)
def public(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = FILES[request.param]
    file.write(tmp_path / request.param)
    return file, {"path": request.param, **file.options}


@pytest.mark.longer
def test_kinds_features_and_target(public):
    file, options = public
    found = inspect_data(options)
    assert found.problems == ()
    assert [column.kind for column in found.columns] == file.kinds.split()
    assert (found.rows, found.target, found.task) == (file.rows, file.target, file.task)
    table = load_table(options)
    assert table.feature_names == file.features
    assert table.X.shape == (file.rows, len(file.features))
    if table.classes:
        assert [table.classes[code] for code in table.y] == file.values
    else:
        assert table.y.tolist() == [float(value) for value in file.values]


@pytest.mark.longer
def test_training_and_prediction(public):
    file, options = public
    model = "softmax" if file.task == "classification" else "linear"
    config = {"dataset": {**options, "split": {"validation": 0, "test": 0}}, "model": model}
    run = gdrun.train(config, "epochs=2", "lr=0.01", "batch_size=8")
    assert np.isfinite(run.summary["train_loss"])
    assert len(run.record["data"]["columns"]) == len(file.kinds.split())
    # The rows that were trained on, read again as new rows.
    if options.get("missing") != "drop":
        assert len(run.model.predict(options["path"])) == file.rows
