"""`gdrun train DATA.csv` and `gdrun config new DATA.csv`: what a first experiment assumes."""

from pathlib import Path

import pytest
import yaml
from first_experiments import document


@pytest.mark.longer
def test_text_in_the_last_column_is_classified(gdrun, houses):
    found, notes = document(gdrun, "houses.csv")
    assert found["config"]["model"]["name"] == "softmax"
    assert found["config"]["dataset"]["target"] == "band"
    assert "dataset.target: band, the last column" in notes
    assert "model: classification, because the target has labels: 3 classes" in notes
    assert found["summary"]["metrics"]["test"]["accuracy"] > 0.8


@pytest.mark.longer
def test_prices_are_predicted_on_a_standardised_target(gdrun, houses):
    found, notes = document(gdrun, "houses.csv", "target=price", "ignore=band")
    assert found["config"]["model"]["name"] == "linear"
    assert found["config"]["dataset"]["standardize"] == {"features": True, "target": True}
    # The noise has a standard deviation of 5000, and the prices one of about 54,000.
    assert 3_000 < found["summary"]["metrics"]["train"]["rmse"] < 6_500
    assert "dataset.target" not in notes
    assert "model: regression, because the target has numbers" in notes


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "model", "said"),
    [
        (
            [],
            "softmax",
            "few different whole numbers: 3 classes; task=regression predicts the numbers",
        ),
        (
            ["task=classification"],
            "softmax",
            "classification, because dataset.task says so: 3 classes",
        ),
        (["task=regression"], "linear", "regression, because dataset.task says so"),
        (["task=regression", "model=mlp", "hidden=[3]"], "mlp", ""),
    ],
)
def test_the_task_settles_whether_few_whole_numbers_are_classes(gdrun, houses, words, model, said):
    rows = "".join(f"{row % 7},{row % 3}\n" for row in range(80))
    (houses / "grades.csv").write_text("x,grade\n" + rows)
    found, notes = document(gdrun, "grades.csv", "epochs=2", "lr=0.1", *words)
    assert found["config"]["model"]["name"] == model
    assert said in notes
    named = {"predicts the numbers" not in notes, bool(words)}
    assert len(named) == 1
    assert bool(found["summary"]["metrics"]["train"].get("rmse")) == ("task=regression" in words)


@pytest.mark.longer
@pytest.mark.parametrize(
    ("keys", "path", "value"),
    [
        (["lr=0.02"], ("optimizer", "lr"), 0.02),
        (["optimizer=vanilla"], ("optimizer", "name"), "vanilla"),
        (["target=price", "model=mlp", "hidden=[4]"], ("model", "hidden"), [4]),
        (["target=town"], ("model", "name"), "logistic"),
        (["epochs=3"], ("stopping", "epochs"), 3),
        (["variant=bgd"], ("variant", "name"), "bgd"),
        (["target=price", "standardize=true"], ("dataset", "standardize"), True),
        (["split.validation=0"], ("dataset", "split", "validation"), 0),
    ],
)
def test_keys_change_what_is_assumed(gdrun, houses, keys, path, value):
    found, _ = document(gdrun, "houses.csv", *keys)
    here = found["config"]
    for key in path:
        here = here[key]
    assert here == value


@pytest.mark.longer
def test_a_column_called_target_is_the_target(gdrun, houses):
    (houses / "named.csv").write_text(
        "y,a,b\n" + "".join(f"{r % 2},{r},{r * r}\n" for r in range(80))
    )
    found, notes = document(gdrun, "named.csv")
    assert found["config"]["dataset"]["target"] == "y"
    assert found["config"]["model"]["name"] == "logistic"
    assert "dataset.target: y, the column of this name" in notes
    assert "few different whole numbers: 2 classes" in notes


@pytest.mark.longer
def test_missing_values_are_filled_and_said(gdrun, houses):
    lines = [f"{r if r % 7 else ''},{r * 2.5}" for r in range(80)]
    (houses / "gaps.csv").write_text("a,b\n" + "\n".join(lines) + "\n")
    found, notes = document(gdrun, "gaps.csv")
    assert found["config"]["dataset"]["missing"] == "mean"
    assert "dataset.missing: missing values are replaced by the mean" in notes


@pytest.mark.longer
def test_the_config_that_is_written_trains_when_typed(gdrun, houses):
    answer = gdrun("config", "new", "houses.csv", "target=price", "houses.yaml")
    assert (answer.code, answer.page) == (0, "wrote houses.yaml\n")
    text = (houses / "houses.yaml").read_text()
    assert "#   town: " in text
    assert "# regression, because the target has numbers" in text
    plain = yaml.safe_load(text)
    assert plain["dataset"]["target"] == "price"
    assert gdrun("config", "check", "houses.yaml").code == 0
    written, _ = document(gdrun, "houses.yaml")
    direct, _ = document(gdrun, "houses.csv", "target=price")
    assert written["summary"]["test_loss"] == direct["summary"]["test_loss"]


@pytest.mark.longer
def test_config_new_prints_without_a_second_file_and_overwrites_nothing(gdrun, houses):
    printed = gdrun("config", "new", "houses.csv", "lr=0.5")
    assert yaml.safe_load(printed.out)["dataset"]["path"] == "houses.csv"
    (houses / "taken.yaml").write_text("mine")
    answer = gdrun("config", "new", "houses.csv", "taken.yaml")
    assert answer.code == 2
    assert "exists already" in answer.err
    assert (houses / "taken.yaml").read_text() == "mine"


@pytest.mark.longer
@pytest.mark.parametrize(
    ("words", "split"),
    [
        ([], {"validation": 0.1, "test": 0.1}),
        (["test=houses.csv"], {"validation": 0.1}),
        (["test=houses.csv", "validation=houses.csv"], None),
    ],
)
def test_the_config_splits_what_has_no_file(gdrun, houses, words, split):
    plain = yaml.safe_load(gdrun("config", "new", "houses.csv", "lr=0.5", *words).out)
    assert plain["dataset"].get("split") == split


def test_keys_of_config_new_are_in_the_file(gdrun, houses):
    plain = yaml.safe_load(gdrun("config", "new", "houses.csv", "lr=0.5", "epochs=7").out)
    assert plain["optimizer"]["lr"] == 0.5
    assert plain["stopping"]["epochs"] == 7


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["houses.csv", "target=prise"], "did you mean price?"),
        (["houses.csv", "lrr=0.1"], "unknown key 'lrr'"),
        (["absent.csv"], "no such file"),
    ],
)
def test_bad_words_are_named(gdrun, houses, words, message):
    for command in (("train",), ("config", "new")):
        answer = gdrun(*command, *words)
        assert answer.code == 2
        assert message in answer.err
        assert "Traceback" not in answer.err


@pytest.mark.longer
def test_odd_column_names_are_escaped(gdrun, houses):
    (houses / "odd.csv").write_text("a,[red]b\n" + "".join(f"{r},{r * 1.5}\n" for r in range(80)))
    answer = gdrun("train", "odd.csv", "engine=numpy")
    assert answer.code == 0
    assert "dataset.target: [red]b, the last column" in answer.err
    assert yaml.safe_load(gdrun("config", "new", "odd.csv").out)["dataset"]["target"] == "[red]b"


def test_the_name_of_a_column_is_its_key(gdrun, houses):
    answer = gdrun("train", "houses.csv", "price")
    assert answer.err == (
        "error: price: is a column of the data\nhint: to predict it, write target=price\n"
    )


@pytest.mark.longer
def test_a_model_for_numbers_names_the_one_for_two_classes(gdrun, houses):
    answer = gdrun("train", "houses.csv", "target=town", "model=linear", "-q")
    assert "hint: use model=logistic to predict a class" in answer.err
    answer = gdrun("train", "houses.csv", "target=band", "model=linear", "-q")
    assert "hint: use model=softmax to predict a class" in answer.err


@pytest.mark.longer
def test_new_rows_need_a_run_and_for_measuring_a_target(gdrun, houses):
    assert gdrun("train", "houses.csv", "target=town", "epochs=2", "engine=numpy", "-q").code == 0
    for command in ("predict", "evaluate"):
        answer = gdrun(command, "houses.csv")
        assert answer.err == (
            f"error: RUN is missing\nhint: the run comes first: gdrun {command} last houses.csv\n"
        )
        assert gdrun(command, "last", "houses.csv").code == 0
    rows = Path("houses.csv").read_text().splitlines()
    Path("new.csv").write_text(
        "\n".join(",".join(c for k, c in enumerate(row.split(",")) if k != 1) for row in rows)
    )
    answer = gdrun("evaluate", "last", "new.csv")
    assert answer.err == (
        "error: new.csv: lacks the target, town\n"
        "hint: only rows with a town can be evaluated; `gdrun predict RUN DATA` predicts it\n"
    )
    assert gdrun("predict", "last", "new.csv").code == 0
