"""Splits by time: the order of the rows is that of Python's datetime, for every kind of file."""

from datetime import UTC, datetime, timedelta, timezone

import duckdb
import numpy as np
import pandas as pd
import pytest

from gdrun.config.loading import load
from gdrun.runs.experiment_data import experiment_data

ROWS = 40
DISTANCES = {
    "milliseconds": timedelta(milliseconds=250),
    "seconds": timedelta(seconds=7),
    "minutes": timedelta(minutes=11),
    "hours": timedelta(hours=5),
    "days": timedelta(days=1),
}
# The times pass midnight, a month's end and a year's end.
START = datetime(2024, 12, 31, 23, 59, 55, tzinfo=UTC)


def moments(distance, seed=0):
    """ROWS moments at this distance, in random order."""
    if distance == timedelta(days=1):
        start = START.replace(hour=0, minute=0, second=0) - 9 * distance
    else:
        start = START - 9 * distance
    order = np.random.default_rng(seed).permutation(ROWS)
    return [start + int(place) * distance for place in order]


def with_changing_offsets(times):
    """ISO texts of these moments, in three time zones in turn."""
    zones = [timezone(timedelta(minutes=minutes)) for minutes in (0, 60, -330)]
    return [time.astimezone(zones[at % 3]).isoformat() for at, time in enumerate(times)]


def csv_text(times, form):
    texts = {
        "iso": [time.replace(tzinfo=None).isoformat(sep=" ") for time in times],
        "offsets": with_changing_offsets(times),
        "german": [f"{time:%d.%m.%Y %H:%M:%S}.{time.microsecond:06}" for time in times],
    }[form]
    return "at,x,y\n" + "".join(f"{text},{row % 7},{row}.5\n" for row, text in enumerate(texts))


def parts_of(dataset, *overrides):
    given = ["split.time=at", "split.validation=8", "split.test=8", "standardize=false"]
    config = {"dataset": {**dataset, "target": "y"}, "model": "linear"}
    return experiment_data(load(config, [*given, *overrides]))


def check(data, times):
    """The parts are those of the moments in order; the features are those of datetime."""
    order = sorted(range(ROWS), key=times.__getitem__)
    chosen = {"train": order[:24], "validation": order[24:32], "test": order[32:]}
    for name, rows in chosen.items():
        part = getattr(data, name)
        assert part.y.tolist() == [row + 0.5 for row in sorted(rows)], name
        days = [name for name in data.feature_names if name == "at.days"]
        if not days:
            continue
        found = dict(zip(data.feature_names, np.asarray(part.X).T, strict=True))
        here = [times[row] for row in sorted(rows)]
        for word, value in {
            "year": lambda time: time.year,
            "month": lambda time: time.month,
            "weekday": lambda time: time.weekday(),
            "hour": lambda time: time.hour,
        }.items():
            if f"at.{word}" in found:
                assert found[f"at.{word}"].tolist() == [value(time) for time in here]
        expected = [time.timestamp() / 86400 for time in here]
        np.testing.assert_allclose(found["at.days"], expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("form", ["iso", "offsets", "german"])
@pytest.mark.parametrize("ignored", [False, True])
def test_texts(tmp_path, distance, form, ignored):
    times = moments(DISTANCES[distance])
    file = tmp_path / "made.csv"
    file.write_text(csv_text(times, form))
    data = parts_of({"path": str(file)}, *(["ignore=at"] if ignored else []))
    check(data, times)
    assert ("at.days" in data.feature_names) is not ignored


@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize("kind", ["TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_MS", "TIMESTAMPTZ"])
@pytest.mark.parametrize("format_", ["parquet", "query"])
def test_types(tmp_path, monkeypatch, distance, kind, format_):
    monkeypatch.chdir(tmp_path)
    times = moments(DISTANCES[distance], seed=1)
    (tmp_path / "made.csv").write_text(csv_text(times, "iso"))
    zone = "|| '+00'" if kind == "TIMESTAMPTZ" else ""
    read = "read_csv('made.csv', types={'at': 'VARCHAR'})"
    query = f'SELECT CAST("at" {zone} AS {kind}) AS "at", x, y FROM {read}'
    if format_ == "query":
        check(parts_of({"query": query}), times)
        return
    duckdb.sql(f"COPY ({query}) TO 'made.parquet' (FORMAT parquet)")
    check(parts_of({"path": "made.parquet"}), times)


@pytest.mark.parametrize("distance", DISTANCES)
def test_frames_in_arrow_files(tmp_path, distance):
    times = moments(DISTANCES[distance], seed=2)
    frame = pd.DataFrame({"at": times, "x": np.arange(ROWS) % 7, "y": np.arange(ROWS) + 0.5})
    frame.to_feather(tmp_path / "made.arrow", compression="uncompressed")
    check(parts_of({"path": str(tmp_path / "made.arrow")}), times)


def test_a_day_is_not_split_by_its_hours(tmp_path):
    """The evening of November 30 is before the midnight that follows it."""
    evenings = [f"2025-11-{28 + row // 2} {6 + 12 * (row % 2):02}:00" for row in range(5)]
    evenings += ["2025-11-30 20:00", "2025-11-30 22:00", "2025-11-30 23:00"]
    cells = [*evenings, "2025-12-01 00:00", "2025-12-01 01:00"]
    targets = [1, 2, 3, 4, 5, 6, 7, 8, 100, 200]
    lines = (f"{cell},{y % 3},{y}\n" for cell, y in zip(cells, targets, strict=True))
    (tmp_path / "ties.csv").write_text("at,x,y\n" + "".join(lines))
    data = parts_of(
        {"path": str(tmp_path / "ties.csv"), "task": "regression"},
        *("split.validation=1", "split.test=2", "ignore=at"),
    )
    assert sorted(data.test.y) == [100, 200]
    assert data.train.y.mean() == 4
    assert (
        "the times of at: training 2025-11-28 06:00 to 2025-11-30 22:00, validation 2025-11-30 "
        "23:00, test 2025-12-01 00:00 to 2025-12-01 01:00"
    ) in data.notes


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (("2024-01-31", "2024-02-01", "2024-02-03", "2024-02-04"), "2024-01-31 to 2024-02-01"),
        (("2.25", "3", "10", "11"), "2.25 to 3"),
        (("20240131", "20240201", "20240203", "20240204"), "2024-01-31 to 2024-02-01"),
        (
            ("2024-01-31 23:59:58", "2024-01-31 23:59:59", "2024-02-01", "2024-02-02"),
            "2024-01-31 23:59:58 to 2024-01-31 23:59:59",
        ),
    ],
)
def test_the_times_of_each_part_are_said(tmp_path, cells, said):
    (tmp_path / "made.csv").write_text(
        "at,x,y\n" + "".join(f"{cell},{row},{row}.5\n" for row, cell in enumerate(cells))
    )
    data = parts_of({"path": str(tmp_path / "made.csv")}, "split.validation=1", "split.test=1")
    (note,) = [each for each in data.notes if each.startswith("the times of at")]
    assert note.startswith(f"the times of at: training {said}, validation ")


def test_equal_moments_of_two_time_zones_stay_together(tmp_path):
    cells = ["2024-01-01T00:00Z", "2024-01-01T01:00Z", "2024-01-01T04:00+02:00"]
    cells += ["2024-01-01T02:00Z", "2024-01-01T03:00Z", "2024-01-01T09:30+06:30"]
    (tmp_path / "made.csv").write_text(
        "at,x,y\n" + "".join(f"{cell},{row},{row}.5\n" for row, cell in enumerate(cells))
    )
    data = parts_of({"path": str(tmp_path / "made.csv")}, "split.validation=2", "split.test=2")
    assert data.validation.y.tolist() == [2.5, 3.5]
    assert data.test.y.tolist() == [4.5, 5.5]
