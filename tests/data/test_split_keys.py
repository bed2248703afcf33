"""Splits by group and by time: no group in two parts, and the last rows in time held out."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gdrun
from gdrun.config.loading import load
from gdrun.data.split_keys import load_groups
from gdrun.data.splitting import split_groups, split_times
from gdrun.errors import ConfigError, DataError
from gdrun.runs.experiment_data import experiment_data

PARTS = ("train", "validation", "test")


def rows_of(split):
    return {name: set(getattr(split, name).tolist()) for name in PARTS}


@given(st.lists(st.integers(0, 12), min_size=3, max_size=80), st.integers(0, 3))
def test_no_group_is_in_two_parts_and_no_row_is_lost(labels, seed):
    groups = np.unique(labels, return_inverse=True)[1]
    if groups.max() < 2:
        return
    parts = rows_of(split_groups(groups, validation=0.2, test=0.2, seed=seed))
    assert sorted(row for part in parts.values() for row in part) == list(range(len(groups)))
    seen = [{int(groups[row]) for row in part} for part in parts.values()]
    assert all(seen)
    assert sum(map(len, seen)) == len(set().union(*seen))


def test_equal_groups_give_the_exact_sizes():
    # 20 groups of 5 rows: a tenth of 100 rows is two groups.
    parts = split_groups(np.arange(100) // 5, validation=0.1, test=0.2, seed=0)
    assert [len(getattr(parts, name)) for name in PARTS] == [70, 10, 20]


def test_the_seed_chooses_the_groups():
    groups = np.arange(100) // 5
    one, same, other = (split_groups(groups, validation=0, test=10, seed=s).test for s in (0, 0, 1))
    assert one.tolist() == same.tolist() != other.tolist()


def test_one_large_group_stays_in_training():
    # 90 rows of one group, and 10 groups of one row: only the small ones fit into 5 rows.
    groups = np.concatenate([np.zeros(90, int), np.arange(1, 11)])
    parts = split_groups(groups, validation=0, test=5, seed=3)
    assert len(parts.test) == 5
    assert 0 not in groups[parts.test]


def test_time_holds_out_the_last_rows():
    times = np.random.default_rng(0).permutation(100).astype(float)
    parts = split_times(times, validation=0.1, test=0.2)
    assert sorted(times[parts.test]) == list(range(80, 100))
    assert sorted(times[parts.validation]) == list(range(70, 80))
    assert sorted(times[parts.train]) == list(range(70))


def test_rows_of_the_same_time_stay_together():
    # 4 rows of each of 5 times; 6 rows of test are nearer to 1 time (4) or 2 (8): both differ by 2.
    times = np.repeat([1.0, 2, 3, 4, 5], 4)
    parts = split_times(times, validation=4, test=5)
    assert set(times[parts.test]) == {5}
    assert set(times[parts.validation]) == {4}
    assert set(times[parts.train]) == {1, 2, 3}


@given(st.lists(st.integers(0, 9), min_size=3, max_size=60))
def test_the_parts_follow_each_other_in_time(labels):
    times = np.array(labels, dtype=float)
    if len(set(labels)) < 3:
        with pytest.raises(DataError, match="cannot be divided into 3 parts"):
            split_times(times, validation=0.2, test=0.2)
        return
    parts = split_times(times, validation=0.2, test=0.2)
    assert times[parts.train].max() < times[parts.validation].min()
    assert times[parts.validation].max() < times[parts.test].min()
    assert sum(len(getattr(parts, name)) for name in PARTS) == len(labels)


@pytest.fixture
def visits(tmp_path):
    """60 rows of 12 patients, in no order of time."""
    rng = np.random.default_rng(0)
    days = rng.permutation(60)
    lines = [
        f"p{row % 12},{row % 12 + 20},{np.datetime64('2024-01-01') + int(day)},{rng.normal():.3f}"
        for row, day in enumerate(days)
    ]
    file = tmp_path / "visits.csv"
    file.write_text("patient,age,day,effect\n" + "\n".join(lines) + "\n")
    return file, days


def data_of(file, *overrides):
    config = {"dataset": {"path": str(file), "target": "effect"}, "model": "linear"}
    return experiment_data(load(config, list(overrides)))


def test_a_column_of_text_groups_the_rows_and_is_no_feature(visits):
    file, _ = visits
    data = data_of(file, "split.group=patient", "standardize=false")
    assert not any(name.startswith("patient") for name in data.feature_names)
    # The age of a patient is the same in all rows, so no age may be in two parts.
    age = data.feature_names.index("age")
    ages = [set(getattr(data, name).X[:, age]) for name in PARTS]
    assert [len(each) for each in ages] == [10, 1, 1]
    assert len(set().union(*ages)) == 12


def test_dates_order_the_rows(visits):
    file, days = visits
    data = data_of(file, "split.time=day", "standardize=false", "ignore=patient")
    assert data.rows == {"train": 48, "validation": 6, "test": 6}
    column = next(at for at, name in enumerate(data.feature_names) if name.endswith("days"))
    epoch = (np.datetime64("2024-01-01") - np.datetime64("1970-01-01")).astype(int)
    assert sorted(data.test.X[:, column] - epoch) == sorted(days)[-6:]
    assert (
        'day orders the rows of the split, and is a feature too; ignore: ["patient", "day"] uses '
        "it for the split only"
    ) in data.notes


@pytest.mark.longer
def test_a_column_that_is_no_feature_orders_the_rows_too(visits):
    """The effect of each row in a part is that of the file, for the days of this part."""
    file, days = visits
    data = data_of(file, "split.time=day", "standardize=false", "ignore=[patient, day]")
    assert data.feature_names == ("age",)
    assert [note for note in data.notes if "day" in note] == [
        "the times of day: training 2024-01-01 to 2024-02-17, validation 2024-02-18 to "
        "2024-02-23, test 2024-02-24 to 2024-02-29"
    ]
    effects = [float(line.split(",")[-1]) for line in file.read_text().splitlines()[1:]]
    for name, low, high in (("train", 0, 48), ("validation", 48, 54), ("test", 54, 60)):
        expected = [e for e, day in zip(effects, days, strict=True) if low <= day < high]
        assert getattr(data, name).y.tolist() == expected
    with_gap = file.read_text().replace(f",{np.datetime64('2024-01-01') + 59},", ",,")
    file.write_text(with_gap)
    last = float(effects[list(days).index(59)])
    with pytest.raises(DataError, match=r"1 of 60 times are missing(.|\n)*missing: drop"):
        data_of(file, "split.time=day", "ignore=[patient, day]", "missing=mean")
    data = data_of(file, "split.time=day", "ignore=[patient, day]", "missing=drop")
    assert data.rows == {"train": 47, "validation": 6, "test": 6}
    assert last not in data.test.y.tolist()


@pytest.mark.longer
def test_a_split_by_group_trains_and_is_recorded(visits, tmp_path):
    file, _ = visits
    config = {"dataset": {"path": str(file), "target": "effect"}, "model": "linear"}
    run = gdrun.train(config, "split.group=patient", "epochs=2", "batch_size=8", out=tmp_path)
    assert run.config["dataset"]["split"] == {"validation": 0.1, "test": 0.1, "group": "patient"}
    again = gdrun.train(run.directory / "config.yaml")
    assert again.summary["test_loss"] == run.summary["test_loss"]


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("split.group=patiend", "dataset.split.group: .*no column 'patiend'(.|\n)*patient"),
        ("split.group=effect", "dataset.split.group: effect is the target"),
        ("split.time=dya", "no feature 'dya'(.|\n)*day"),
        ("split.time=patient", "patient is text, not a number or a date"),
    ],
)
def test_wrong_columns_are_named(visits, override, message):
    with pytest.raises(DataError, match=message):
        data_of(visits[0], override)


def test_one_group_and_too_few_groups_are_errors(tmp_path):
    file = tmp_path / "one.csv"
    file.write_text("who,x,effect\n" + "".join(f"{r % 2},{r * r},{r}.5\n" for r in range(8)))
    with pytest.raises(DataError, match="2 groups cannot be divided into 3 parts"):
        data_of(file, "split.group=who")
    assert data_of(file, "split.group=who", "split.validation=0").rows["test"] == 4


def test_group_and_time_together_are_an_error(visits):
    with pytest.raises(ConfigError, match="by group or by time, not by both"):
        data_of(visits[0], "split.group=patient", "split.time=day")


def test_generated_data_have_no_groups():
    with pytest.raises(DataError, match="cannot be split by group"):
        experiment_data(load({"dataset": "iris", "model": "softmax"}, ["split.group=x"]))


def test_groups_stay_with_their_rows_when_others_are_dropped(tmp_path):
    # Row 1 has no patient and row 2 no age: each reading drops one row, but not the same one.
    path = tmp_path / "visits.csv"
    path.write_text("patient,age,y\na,1,1\n,2,2\nb,,3\nb,4,4\nc,5,5\nc,6,6\n")
    table, groups = load_groups({"path": str(path), "target": "y", "missing": "drop"}, "patient")
    assert table.y.tolist() == [1, 4, 5, 6]
    assert (groups.codes.tolist(), groups.labels) == ([0, 1, 2, 2], ["a", "b", "c"])
    assert table.notes[-2:] == (
        "dropped 1 of 6 rows because values are missing",
        "dropped 1 of 5 rows without a value of patient",
    )
    with pytest.raises(DataError, match=r"patient: 1 of 6 rows have no value(.|\n)*missing: drop"):
        load_groups({"path": str(path), "target": "y", "missing": "mean"}, "patient")


def test_dropping_is_no_remedy_if_it_leaves_no_row(tmp_path):
    # The rows with an age have no patient.
    path = tmp_path / "visits.csv"
    path.write_text("patient,age,y\na,,1\n,2,2\nb,,3\n,4,4\n")
    with pytest.raises(DataError, match="2 of 2 rows have no value") as found:
        load_groups({"path": str(path), "target": "y", "missing": "drop"}, "patient")
    assert "missing: drop" not in str(found.value)


@pytest.mark.longer
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_groups_are_those_that_pandas_finds(tmp_path, seed, ending):
    draw = np.random.default_rng(seed)
    rows = pd.DataFrame(
        {
            "patient": draw.integers(0, 9, 80).astype(float),
            "age": draw.normal(50, 9, 80).round(1),
            "effect": draw.permutation(80) + 0.5,
        }
    )
    for column in rows:
        rows.loc[draw.random(80) < 0.2, column] = np.nan
    path = tmp_path / f"visits.{ending}"
    {
        "csv": lambda: rows.to_csv(path, index=False),
        "parquet": lambda: rows.to_parquet(path),
        "jsonl": lambda: rows.to_json(path, orient="records", lines=True),
    }[ending]()
    options = {"path": str(path), "target": "effect", "missing": "drop"}
    table, groups = load_groups(options, "patient")
    whole = rows.dropna()
    assert table.y.tolist() == whole["effect"].tolist()
    assert table.X[:, 0].tolist() == whole["age"].tolist()
    assert (
        groups.codes.tolist() == whole["patient"].rank(method="dense").astype(int).sub(1).tolist()
    )
    data = data_of(path, "split.group=patient", "missing=drop", "standardize=false")
    patient_of = dict(zip(whole["effect"], whole["patient"], strict=True))
    seen = [{patient_of[effect] for effect in getattr(data, name).y} for name in PARTS]
    assert sum(map(len, seen)) == len(set.union(*seen)) == whole["patient"].nunique()


def test_hundreds_of_groups_of_text(tmp_path):
    path = tmp_path / "visits.csv"
    lines = (f"user-{row % 300:03d},{row * row % 17},{row % 7}.5" for row in range(600))
    path.write_text("user,x,effect\n" + "\n".join(lines) + "\n")
    data = data_of(path, "split.group=user", "split.validation=60", "split.test=0.2")
    assert data.rows == {"train": 420, "validation": 60, "test": 120}


def test_rows_without_a_time_are_refused_or_dropped(visits):
    file, days = visits
    lines = file.read_text().splitlines()
    at = int(np.argmax(days)) + 1  # the last day is missing now
    lines[at] = lines[at].replace(str(np.datetime64("2024-01-01") + 59), "")
    file.write_text("\n".join(lines) + "\n")
    keys = ("split.time=day", "standardize=false", "ignore=patient")
    with pytest.raises(DataError, match=r"1 of 60 times are missing(.|\n)*missing: drop"):
        data_of(file, *keys, "missing=mean")
    data = data_of(file, *keys, "missing=drop", "split.test=5")
    column = next(at for at, name in enumerate(data.feature_names) if name.endswith("days"))
    epoch = (np.datetime64("2024-01-01") - np.datetime64("1970-01-01")).astype(int)
    assert sorted(data.test.X[:, column] - epoch) == [54, 55, 56, 57, 58]
