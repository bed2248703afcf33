"""`gdrun diagnose` on data with leaks, repeated rows, rare classes, or no data at all."""

import json
import shlex

import numpy as np
import pytest


def refund_table(rows=200):
    """A CSV file of orders whose column `refund` is known only after the target `returned`."""
    rng = np.random.default_rng(0)
    price, days = rng.normal(size=(2, rows))
    returned = price + days + rng.normal(size=rows) > 0
    refund = np.where(returned, 20 + 5 * rng.random(rows), rng.random(rows))
    columns = zip(price, days, refund, np.where(returned, "yes", "no"), strict=True)
    lines = [",".join(str(cell) for cell in row) for row in columns]
    return "\n".join(["price,days,refund,returned", *lines, ""])


@pytest.mark.longer
def test_a_leak_is_found_and_the_column_left_out(here, tmp_path):
    (tmp_path / "orders.csv").write_text(refund_table())
    words = ("model=logistic", "variant=bgd", "optimizer=vanilla", "lr=1", "epochs=60")
    assert here("train", "dataset.path=orders.csv", *words).code == 0
    out = here("diagnose", "--save", "cured.yaml").out
    assert out.startswith("leak (confidence")
    assert "the feature refund alone separates the classes with an AUC of 1" in out
    assert "keep dataset.ignore=[refund]" in out
    assert here("train", "cured.yaml").code == 0
    assert here("diagnose").page == "no symptom\n"


@pytest.mark.longer
def test_repeated_rows_are_a_symptom(here, tmp_path):
    """Each row occurs twice, so that most rows of each part are in the training part too."""
    head, *rows, _ = refund_table(60).split("\n")
    (tmp_path / "twice.csv").write_text("\n".join([head, *rows, *rows, ""]))
    words = ("model=logistic", "dataset.ignore=[refund]", "lr=0.1", "epochs=60")
    assert here("train", "dataset.path=twice.csv", *words).code == 0
    symptoms = {
        each["name"]: each for each in json.loads(here("diagnose", "--json").out)["symptoms"]
    }
    data = json.loads(next((tmp_path / "runs").glob("*/run.json")).read_text())["data"]
    number = data["repeated_rows"]["validation"]
    assert number > 6
    assert f"also has {number} of 12 validation rows" in symptoms["repeated rows"]["evidence"]


@pytest.mark.longer
def test_a_run_without_repeated_rows_is_the_cure(here, tmp_path):
    """The query reads each row once, from a file whose name needs quotes."""
    head, *rows, _ = refund_table(100).split("\n")
    (tmp_path / "it's twice.csv").write_text("\n".join([head, *rows, *rows, ""]))
    words = ("model=logistic", "variant=bgd", "optimizer=vanilla", "lr=1", "epochs=60")
    assert here("train", "dataset.path=it's twice.csv", "dataset.ignore=[refund]", *words).code == 0
    (tried,) = json.loads(here("diagnose", "--try", "--json").out)["tried"]
    query = f"SELECT DISTINCT * FROM '{tmp_path}/it''s twice.csv' ORDER BY ALL"
    assert (tried["changes"], tried["cured"]) == ({"dataset.query": query}, True)
    command = here("diagnose", "--try").out.splitlines()[-1]
    assert here(*shlex.split(command)[1:]).code == 0
    assert here("diagnose").page == "no symptom\n"


def rare_table(rare, frequent):
    """300 rows, of which 15 are of the rare class, which is at larger values of x."""
    rng = np.random.default_rng(0)
    kinds = np.where(np.arange(300) < 15, rare, frequent)
    x = rng.normal(size=300) + 3 * (kinds == rare)
    lines = [f"{value},{kind}" for value, kind in zip(x, kinds, strict=True)]
    return "\n".join(["x,kind", *lines, ""])


@pytest.mark.longer
def test_a_rare_class_is_a_symptom(here, tmp_path):
    """Of 300 rows, 15 are of the class fraud, which is at larger values of x."""
    (tmp_path / "rare.csv").write_text(rare_table("fraud", "ok"))
    words = ("model=logistic", "variant=bgd", "optimizer=vanilla", "lr=1", "epochs=30")
    ended = here("train", "dataset.path=rare.csv", *words)
    assert "symptom: imbalance: the predictions are right for only" in " ".join(ended.out.split())
    (first, *_) = json.loads(here("diagnose", "--json").out)["symptoms"]
    assert "examples of class fraud in the training part" in first["evidence"]
    advice = here("diagnose").out
    assert "to find more of class ok" not in advice
    # The second class, ok, is frequent: it is predicted only from a probability of 0.8.
    lines = advice.splitlines()
    place = next(
        n for n, line in enumerate(lines) if line.startswith("to find more of class fraud")
    )
    assert lines[place + 1].endswith("rare.csv --threshold 0.8")

    def found(*threshold):
        words = shlex.split(lines[place + 1])[1:-2]
        document = json.loads(here(*words, *threshold, "--json").out)
        assert document["classes"] == ["fraud", "ok"]
        return document["confusion"][0][0]

    assert found("--threshold", "0.8") > found()
    # More steps and a larger rate together find the class.
    tried = json.loads(here("diagnose", "--try", "--json").out)["tried"]
    assert tried[0]["cured"]
    assert here("train", "dataset.path=rare.csv", *words, "diagnose.mute=[imbalance]").code == 0
    assert here("diagnose").page == "no symptom\n"


@pytest.mark.longer
def test_a_threshold_is_tried_on_the_test_file_if_there_is_one(here, tmp_path):
    """The second class, yes, is rare: 15 of 300 rows."""
    for name in ("rare.csv", "test.csv"):
        (tmp_path / name).write_text(rare_table("yes", "no"))
    words = ("model=logistic", "variant=bgd", "optimizer=vanilla", "lr=1", "epochs=30")
    for test, file, also in (
        ("epochs=30", "rare.csv", ", in a file that contains the training rows"),
        ("test=test.csv", "test.csv", ""),
    ):
        assert here("train", "dataset.path=rare.csv", *words, test).code == 0
        advice = here("diagnose").out.splitlines()
        place = advice.index(f"to find more of class yes, with more false alarms{also}:")
        command = advice[place + 1]
        assert command.endswith(f"{file} --threshold 0.2")
        assert here(*shlex.split(command)[1:]).code == 0


@pytest.mark.longer
@pytest.mark.filterwarnings("error")
def test_a_loss_that_overflows_at_the_start_is_cured_by_scales(here, tmp_path):
    """Squares of 1e160 are not finite: no rate helps, because no step was taken."""
    rng = np.random.default_rng(0)
    a, b, noise = rng.normal(size=(3, 80))
    lines = [
        f"{1e160 * x},{y},{1e160 * (x + y + z / 9)}" for x, y, z in zip(a, b, noise, strict=True)
    ]
    (tmp_path / "huge.csv").write_text("\n".join(["a,b,c", *lines, ""]))
    words = ("dataset.standardize=false", "model=linear", "variant=bgd", "epochs=60", "lr=0.1")
    assert here("train", "dataset.path=huge.csv", *words).code == 3
    tried = json.loads(here("diagnose", "--try", "--json").out)["tried"]
    standardized = {key: value for each in tried for key, value in each["changes"].items()}
    assert standardized.keys() == {"dataset.standardize"}
    assert (tried[0]["before"], tried[0]["cured"]) == (None, True)
    command = here("diagnose", "--try").out.splitlines()[-1]
    assert here(*shlex.split(command)[1:]).code == 0
    assert here("diagnose").page == "no symptom\n"


@pytest.mark.longer
def test_a_study_warns_of_its_data(here, tmp_path):
    (tmp_path / "orders.csv").write_text(refund_table())
    words = ("model=logistic", "variant=bgd", "optimizer=vanilla", "epochs=60", "--seeds", "1")
    for verb in (("sweep", "lr=0.5,1,2"), ("compare", "vanilla", "momentum")):
        shown = here(*verb, "dataset.path=orders.csv", *words).out
        assert "warning: leak: the feature refund alone separates" in shown
        assert "warning: leak" in here("show").out
    found = here("diagnose")
    assert found.out.startswith("leak (confidence 0.70)\n")
    *_, purpose, command = found.out.splitlines()
    assert purpose == "to repeat the study with a remedy for the symptom leak:"
    assert "warning: leak" not in here(*shlex.split(command)[1:]).out
    assert not here("diagnose").out.startswith("leak")
    muted = here("sweep", "lr=1,2", "dataset.path=orders.csv", *words, "diagnose.mute=[leak]")
    assert (muted.code, "leak" in muted.out) == (0, False)


@pytest.mark.longer
def test_a_study_of_raw_columns_warns_of_unequal_scales(here, tmp_path):
    rows = [f"{1900 + k},{k % 2},{1000 * k}" for k in range(60)]
    (tmp_path / "houses.csv").write_text("\n".join(["year,garden,price", *rows, ""]))
    words = ("dataset.path=houses.csv", "model=linear", "variant=bgd", "epochs=2", "--seeds", "1")
    shown = " ".join(here("sweep", "lr=1e-9,1e-8", *words, "standardize=false").out.split())
    assert "warning: unequal scales: the features are not standardised: the root mean" in shown
    assert "unequal scales" not in here("sweep", "lr=0.01,0.1", *words).out


@pytest.mark.longer
def test_repeated_rows_are_said_once_at_the_end_of_training(here, tmp_path):
    head, *rows, _ = refund_table(60).split("\n")
    (tmp_path / "twice.csv").write_text("\n".join([head, *rows, *rows, ""]))
    words = ("model=logistic", "dataset.ignore=[refund]", "lr=0.1", "epochs=60")
    shown = here("train", "dataset.path=twice.csv", *words).out
    assert shown.count("repeated rows: the training part also has") == 1
    *_, purpose, command = shown.splitlines()
    assert purpose == "to diagnose it:"
    assert here(*shlex.split(command)[1:]).out.startswith("repeated rows (confidence 0.60)\n")
    muted = here("train", "dataset.path=twice.csv", *words, "diagnose.mute=[repeated rows]").out
    assert "note: repeated rows: the training part also has" in muted


@pytest.fixture
def rounded(tmp_path):
    """600 rows of different times and homes, of which many are equal in x and y."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 9, (2, 600))
    times = np.datetime64("2025-01-01T00:00") + np.arange(600) * np.timedelta64(30, "m")
    lines = [f"{when},h{n % 90},{x[n]},{y[n]}.5" for n, when in enumerate(times)]
    (tmp_path / "rounded.csv").write_text("\n".join(["when,home,x,y", *lines, ""]))
    return ("dataset.path=rounded.csv", "model=linear", "task=regression", "epochs=2")


def test_equal_rows_of_columns_that_are_used_may_be_different_examples(here, rounded):
    assert here("train", *rounded, "ignore=[when, home]").code == 0
    shown = here("diagnose", "--json").out
    (found,) = [each for each in json.loads(shown)["symptoms"] if each["name"] == "repeated rows"]
    assert found["evidence"].endswith(
        ", equal in the features and the target (not compared: when, home); keep each row in "
        "one part only, unless the columns that were not compared show that they are different "
        "examples"
    )
    assert found["confidence"] == 0.6
    (remedy,) = found["remedies"]
    assert remedy["why"].startswith(
        "this drops the rows that are equal to another one in every column"
    )


def test_rows_split_by_time_or_group_are_in_one_part_only(here, rounded):
    """All copies of a row have the same time: rows that are equal but for it are no copies."""
    for split in ("split.time=when", "split.group=home"):
        assert here("train", *rounded, split, "ignore=[when, home]").code == 0
        shown = " ".join(here("show").out.split())
        assert "symptom: repeated rows" not in shown
        assert "rows, equal in the features and the target (not compared: when, home)" in shown
        found = json.loads(here("diagnose", "--json").out)["symptoms"]
        assert "repeated rows" not in [each["name"] for each in found]


def test_rows_that_are_equal_in_all_columns(here, tmp_path):
    rows = [f"{n % 20},{n % 20}.5" for n in range(100)]
    (tmp_path / "twice.csv").write_text("\n".join(["x,y", *rows, ""]))
    words = ("dataset.path=twice.csv", "model=linear", "task=regression", "epochs=2")
    assert here("train", *words).code == 0
    found = json.loads(here("diagnose", "--json").out)["symptoms"]
    (found,) = [each for each in found if each["name"] == "repeated rows"]
    said = ", equal in the features and the target; keep each row in one part only"
    assert found["evidence"].endswith(said)
    assert found["confidence"] == 0.9


@pytest.mark.longer
def test_without_its_data_a_run_is_diagnosed_but_no_remedy_is_tried(here, tmp_path):
    data = tmp_path / "orders.csv"
    data.write_text(refund_table())
    words = ("model=logistic", "dataset.ignore=[refund]", "lr=1e-5", "epochs=20")
    assert here("train", f"dataset.path={data}", *words).code == 0
    data.unlink()
    shown = here("diagnose")
    assert (shown.code, shown.out.split()[:2]) == (0, ["slow", "convergence"])
    assert "to try: optimizer" in shown.out
    tried = here("diagnose", "--try")
    assert (tried.code, tried.out) == (2, "")
    assert "orders.csv" in tried.err
