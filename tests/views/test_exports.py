"""Exports, read back with the own reader of each tool."""

import io
import json
import os
import struct
import sys

import mlflow
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
import tensorboardX
from rich.console import Console
from scipy.stats import binomtest

import gdrun
from gdrun.errors import GdrunError, MissingExtraError
from gdrun.views.comparisons import comparison_result
from gdrun.views.export import FORMATS, Subject
from gdrun.views.export.comparison import _short, latex, markdown
from gdrun.views.export.files import write_csv, write_parquet
from gdrun.views.export.tables import tables
from gdrun.views.recorded import recorded_runs, recorded_trials
from gdrun.views.sweeps import sweep_result

CONFIG = {"dataset": "iris", "model": "softmax"}


def text_of(view):
    """A view as text, on a screen of 80 columns."""
    console = Console(width=80, file=io.StringIO())
    console.print(view)
    return console.file.getvalue()


@pytest.fixture(scope="module")
def runs():
    """A run, a run that diverged, and a run on a surface, which has other columns."""
    return [
        gdrun.train(CONFIG | {"name": "plain"}, "epochs=3"),
        gdrun.train(
            {"name": 'far, "away"', "dataset": "diabetes", "model": "linear"}, "lr=1e9", "epochs=3"
        ),
        gdrun.train({"name": "walk", "surface": "bowl"}, "steps=4", "lr=0.1"),
    ]


@pytest.fixture(scope="module")
def subject(runs):
    return Subject("three", recorded_runs(runs))


@pytest.fixture(scope="module")
def sweep():
    return gdrun.sweep(CONFIG, {"lr": [0.01, 0.1]}, "epochs=3", seeds=2)


def read(path):
    return (
        pyarrow.parquet.read_table(path).to_pandas()
        if path.suffix == ".parquet"
        else pd.read_csv(path, keep_default_na=False, na_values=[""])
    )


@pytest.mark.longer
@pytest.mark.parametrize("name", ["csv", "parquet"])
def test_tables_hold_every_number_of_the_traces(name, runs, subject, tmp_path):
    folder = tmp_path / "tables"
    FORMATS[name].write(subject, str(folder))
    assert sorted(file.stem for file in folder.iterdir()) == ["evals", "runs", "steps"]
    for kind in ("evals", "steps"):
        table = read(folder / f"{kind}.{name}")
        for run in runs:
            rows = table[table["run"] == run.config["name"]]
            columns = run.evals if kind == "evals" else run.steps
            for column, expected in columns.items():
                np.testing.assert_array_equal(
                    pd.to_numeric(rows[column]).to_numpy(float), expected.astype(float)
                )
            absent = set(table.columns) - set(columns) - {"run"}
            assert rows[sorted(absent)].isna().all(axis=None)
    table = read(folder / f"runs.{name}").set_index("run")
    assert list(table.index) == [run.config["name"] for run in runs]
    assert list(table["status"]) == ["finished", "diverged", "finished"]
    assert table.loc["plain", "train_loss"] == runs[0].summary["train_loss"]
    assert str(table.loc["plain", "optimizer"]) == runs[0].config["optimizer"]["name"]
    assert pd.isna(table.loc["walk", "model"])


def test_a_loss_that_is_not_finite_is_no_missing_loss(subject, tmp_path):
    table = tables(subject.records)["steps"]
    assert np.ma.getmaskarray(table["x"]).sum() > 0
    table = {"a": np.ma.masked_array([np.nan, np.inf, -np.inf, 1.0], [False, False, False, True])}
    write_csv(table, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text(encoding="utf-8") == 'a\nnan\ninf\n-inf\n""\n'
    write_parquet(table, tmp_path / "t.parquet")
    column = pyarrow.parquet.read_table(tmp_path / "t.parquet")["a"]
    assert column.null_count == 1
    np.testing.assert_array_equal(column.to_pylist()[:3], [np.nan, np.inf, -np.inf])


@pytest.mark.slow
def test_tensorboard_reads_the_curves(runs, subject, tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    FORMATS["tensorboard"].write(subject, str(tmp_path / "events"))
    names = {run.config["name"]: run for run in runs}
    folders = sorted(folder.name for folder in (tmp_path / "events").iterdir())
    assert folders == ["far---away-", "plain", "walk"]
    for folder, run in zip(
        folders, (names['far, "away"'], names["plain"], names["walk"]), strict=True
    ):
        # Two writers in one second would have one file, and the later one would overwrite it.
        assert len(list((tmp_path / "events" / folder).iterdir())) == 1
        events = EventAccumulator(str(tmp_path / "events" / folder)).Reload()
        for kind, columns, name in (
            ("evals", run.evals, "train_loss"),
            ("steps", run.steps, "grad_norm"),
        ):
            found = events.Scalars(f"{kind}/{name}")
            assert [event.step for event in found] == columns["step"].tolist()
            np.testing.assert_allclose([event.value for event in found], columns[name], rtol=1e-6)
        assert events.Scalars("steps")[-1].value == run.summary["steps"]
        assert "_hparams_/experiment" in events.summary_metadata


@pytest.mark.slow
def test_mlflow_reads_the_runs(runs, subject, tmp_path):
    store = tmp_path / "store"
    FORMATS["mlflow"].write(subject, str(store))
    FORMATS["mlflow"].write(Subject("three", subject.records[:1]), str(store))  # adds a run
    client = mlflow.MlflowClient(store.as_uri())
    home = client.get_experiment_by_name("three")
    found = client.search_runs([home.experiment_id])
    assert sorted(run.info.run_name for run in found) == ['far, "away"', "plain", "plain", "walk"]
    one = next(run for run in found if run.info.run_name == "plain")
    assert one.info.status == "FINISHED"
    assert one.data.params["optimizer.lr"] == str(runs[0].config["optimizer"]["lr"])
    assert one.data.tags["gdrun.verdict"] == runs[0].verdict
    assert one.data.metrics["summary/train_loss"] == runs[0].summary["train_loss"]
    curve = client.get_metric_history(one.info.run_id, "evals/train_loss")
    assert [each.value for each in curve] == runs[0].evals["train_loss"].tolist()
    assert [each.step for each in curve] == runs[0].evals["step"].tolist()
    far = next(run for run in found if run.info.run_name.startswith("far"))
    assert far.info.status == "FAILED"


@pytest.mark.slow
def test_wandb_has_the_runs_without_a_network(runs, subject, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")  # nothing listens there
    FORMATS["wandb"].write(subject, str(tmp_path / "offline"))
    assert os.environ.get("WANDB_MODE") is None
    files = (tmp_path / "offline" / "wandb").glob("offline-run-*/run-*.wandb")
    found = {}
    for file in files:
        records = wandb_records(file.read_bytes())
        (opening,) = (each.run for each in records if each.WhichOneof("record_type") == "run")
        found[opening.display_name] = (opening, records)
    assert set(found) == {run.config["name"] for run in runs}
    for run in runs:
        opening, records = found[run.config["name"]]
        config = {each.key: json.loads(each.value_json) for each in opening.config.update}
        assert {key: value for key, value in config.items() if key != "_wandb"} == run.config
        assert opening.project == "three" and opening.host == ""
        points = [
            {item.nested_key[0]: json.loads(item.value_json) for item in each.history.item}
            for each in records
            if each.WhichOneof("record_type") == "history"
        ]
        steps = [point["_step"] for point in points]
        assert steps == sorted({*run.evals["step"].tolist(), *run.steps["step"].tolist()})
        for kind, columns in (("evals", run.evals), ("steps", run.steps)):
            for name in set(columns) - {"step", "epoch", "gradients", "seconds", "combined"}:
                own = [point for point in points if f"{kind}/{name}" in point]
                assert [point["_step"] for point in own] == columns["step"].tolist()
                values = [float(point[f"{kind}/{name}"]) for point in own]
                np.testing.assert_array_equal(values, columns[name])
        ends = [each.exit for each in records if each.WhichOneof("record_type") == "exit"]
        assert [end.exit_code for end in ends] == [1 if run.status == "diverged" else 0]


def wandb_records(data):
    """The records in a file of W&B: a header of 7 bytes, and a log in the format of LevelDB.

    Blocks have 32 KiB. A part of a record has a checksum (4 bytes), its length (2), its kind (1:
    whole, 2: first, 3: middle, 4: last), and the bytes of a message of protocol buffers.
    """
    from wandb.proto import wandb_internal_pb2

    assert data[:4] == b":W&B"
    at, message, found = 7, b"", []
    while at < len(data):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        _, length, kind = struct.unpack("<IHB", data[at : at + 7])
        message += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):
            found.append(wandb_internal_pb2.Record.FromString(message))
            message = b""
    return found


def test_a_server_that_does_not_answer_is_an_error(subject, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(GdrunError, match="MLflow cannot write there"):
        FORMATS["mlflow"].write(subject, "http://127.0.0.1:9")


def test_the_ranking_as_markdown_and_latex(sweep):
    best, other = sweep.ranking
    text = markdown(sweep)
    table, common, order = text.split("\n\n")
    assert common.endswith("epochs 3; 2 seeds")
    assert order == "order: the best median val loss first, lower is better\n"
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    updates = f"median updates to {sweep.target.bound}"
    quartiles = ["lower quartile", "upper quartile"]
    head = ["setting", "median val loss", *quartiles, "median test loss", "diverged", updates]
    assert rows[0] == head
    assert [row[0] for row in rows[2:]] == [best.candidate.name, other.candidate.name]
    losses = [result.summary["validation_loss"] for result in best.results]
    expected = [f"{np.quantile(losses, share):.4g}" for share in (0.5, 0.25, 0.75)]
    steps = []
    for result in best.results:
        below = result.evals["validation_loss"] <= sweep.target.value
        steps.append(result.evals["step"][below][0])
    tested = np.median([result.summary["test_loss"] for result in best.results])
    expected += [f"{tested:.4g}", "0 of 2", f"{np.median(steps):.0f}"]
    assert rows[2][1:] == expected
    package, comment, ordered, *lines = latex(sweep).splitlines()
    assert ordered == f"% {order.strip()}"
    assert package == r"% in the preamble: \usepackage{booktabs}"
    assert comment.startswith("% data ")
    assert comment.endswith("epochs 3; 2 seeds")
    assert lines[0] == r"\begin{tabular}{lrrrrrr}"
    assert lines[2].endswith(rf"& median updates to val loss $\leq$ {sweep.target.value:.4g} \\")
    assert lines[4] == f"{best.candidate.name} & {' & '.join(expected)} \\\\"
    assert lines[-1] == r"\end{tabular}"


def test_the_ranking_has_tuned_settings_and_intervals():
    options = {"tune": "lr=0.01,0.1", "seeds": 6}
    compared = gdrun.compare(["vanilla", "adam"], CONFIG, "epochs=2", "engine=numpy", **options)
    table, _, _, test = markdown(compared).split("\n\n")
    # Two contenders are one pair, for which nothing is adjusted.
    assert test == "p: two-sided sign test over shared seeds\n"
    head, _, *rows = (
        [cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()
    )
    # The median lies outside the range of 6 values with the probability 2 / 2⁶.
    assert (head[1], head[5]) == ("tuned", f"{100 * (1 - 2 / 2**6):.1f} % interval")
    # Texts are aligned on the left, numbers on the right.
    assert table.splitlines()[1].split() == f"| :-- | :-- {'| --: ' * (len(head) - 2)}|".split()
    assert f"\\begin{{tabular}}{{ll{'r' * (len(head) - 2)}}}\n" in latex(compared)
    for row, contender in zip(rows, compared.ranking, strict=True):
        (candidate,) = (one for one in compared.plan.candidates if one.name == row[0])
        assert row[1] == f"lr {candidate.experiment.optimizer.options['lr']:g}"
        losses = [result.summary["validation_loss"] for result in contender.standing.results]
        ends = [float(end) for end in row[5].split(" … ")]
        np.testing.assert_allclose(ends, [min(losses), max(losses)], rtol=1e-2)
    # The sign test of the two contenders, by scipy.
    assert head[-1] == f"p against {compared.ranking[0].name}"
    first, second = (
        [r.summary["validation_loss"] for r in each.standing.results] for each in compared.ranking
    )
    wins = sum(a < b for a, b in zip(first, second, strict=True))
    assert float(rows[1][-1]) == pytest.approx(binomtest(wins, 6).pvalue, rel=0.05)
    assert rows[0][-1] == ""


def test_a_key_whose_last_part_is_ambiguous_is_shown_whole():
    shared = {"schedule.power": 0.5, "optimizer.power": 0.25}
    assert _short(shared) == {"schedule.power": "0.5", "optimizer.power": "0.25"}
    assert _short({"schedule.factor": 0.1, "optimizer.lr": 0.03162277660168379}) == {
        "factor": "0.1",
        "lr": "0.03162",
    }


def test_the_ranking_names_the_test_and_the_number_of_pairs():
    names = ["vanilla", "adam", "momentum"]
    words = ("epochs=1", "engine=numpy", "variant=mbgd")
    note = "p: two-sided sign test over shared seeds, Holm-adjusted for {} pairs"
    # Of 3 contenders there are 3 · 2 / 2 pairs, and 2 with the baseline.
    for baseline, pairs in ((None, 3), ("adam", 2)):
        compared = gdrun.compare(names, CONFIG, *words, seeds=6, baseline=baseline)
        assert markdown(compared).splitlines()[-1] == note.format(pairs)
        assert latex(compared).splitlines()[3] == f"% {note.format(pairs)}"
    alone = gdrun.compare(names, CONFIG, *words, seeds=1)
    assert "sign test" not in markdown(alone) + latex(alone)


def test_the_order_of_the_ranking_is_said():
    def order(found):
        (line,) = [each for each in latex(found).splitlines() if each.startswith("% order: ")]
        return line.removeprefix("% order: ")

    accuracies = gdrun.sweep(CONFIG, {"lr": [0.01, 0.1]}, seeds=1, metric="accuracy")
    assert order(accuracies).startswith("the best val acc first, higher is better")
    # The values of two datasets have no order.
    config = {"dataset": "iris", "model": "softmax", "stopping": {"epochs": 1}}
    other = gdrun.sweep(config, {"dataset": ["iris", "wine"]}, seeds=1)
    assert order(other) == "the datasets or surfaces differ, so the values cannot be ranked"


def test_settings_are_rounded_in_the_ranking_as_on_the_screen():
    found = gdrun.sweep(CONFIG, {"lr": [0.00316227766, 0.1]}, "epochs=1")
    assert "| lr=0.003162 |" in markdown(found)


def test_the_test_part_is_shown_and_never_ranks():
    compared = gdrun.compare(["bgd", "mbgd"], CONFIG, "epochs=2", "engine=numpy", seeds=3)
    screen = text_of(comparison_result(compared))
    line = next(row for row in screen.splitlines() if row.startswith("mbgd ") and "0 of 3" in row)
    losses = [
        gdrun.train(CONFIG, "epochs=2", f"seed={seed}", "engine=numpy").summary["test_loss"]
        for seed in range(3)
    ]
    assert f"{np.median(losses):.4g}" in line.split()
    with pytest.raises(GdrunError, match="test_loss cannot rank settings"):
        gdrun.sweep(CONFIG, "lr=0.1,1", metric="test_loss")


def test_signs_of_markdown_and_latex_are_text(monkeypatch):
    compared = gdrun.compare(["vanilla", "momentum"], CONFIG | {"name": "a_b"}, "epochs=2", seeds=1)
    object.__setattr__(compared.plan.candidates[0], "name", "x_1 & 50% | \\y\n<b>~$`\x1b[")
    # CommonMark: a backslash before a sign of ASCII makes it text.
    assert r"| x\_1 \& 50% \| \\y \<b\>\~\$\`\\x1b\[ |" in markdown(compared)
    assert (
        r"x\_1 \& 50\% \textbar{} \textbackslash{}y \textless{}b\textgreater{}"
        r"\textasciitilde{}\$`\textbackslash{}x1b[ & "
    ) in latex(compared)


def test_only_a_study_has_a_ranking(subject, tmp_path):
    with pytest.raises(GdrunError, match="only a study has a ranking"):
        FORMATS["latex"].write(subject, str(tmp_path / "table.tex"))


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [
        ("tensorboard", tensorboardX.__name__, "track"),
        ("mlflow", mlflow.__name__, "track"),
        ("wandb", "wandb", "wandb"),
    ],
)
def test_a_missing_tool_names_the_extra(name, module, extra, subject, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)  # as if not installed
    with pytest.raises(MissingExtraError, match=rf"gdrun\[{extra}\]"):
        FORMATS[name].write(subject, str(tmp_path / "there"))


def test_trials_of_a_sweep_have_their_seeds_and_settings(sweep):
    table = tables(recorded_trials(sweep))["runs"]
    # Two rates with two seeds each train as the four lanes of one cohort, in the same seconds.
    assert table["trained_together"].tolist() == [4] * 4
    assert len(set(table["seconds"].tolist())) == 1
    assert table["run"].tolist() == [
        f"lr={rate}, seed {seed}" for rate in ("0.01", "0.1") for seed in (0, 1)
    ]
    assert table["seed"].tolist() == [0, 1, 0, 1]
    assert table["optimizer.lr"].tolist() == [0.01, 0.01, 0.1, 0.1]


def test_each_run_has_its_gravest_symptom():
    # With full batches, a rate above 2/L = 2/8.05 raises the loss of a linear model without limit.
    # The loss of softmax rises only for a time: its gradient is bounded, and its peaks fall again.
    linear = {"dataset": "diabetes", "model": "linear", "variant": "bgd", "optimizer": "vanilla"}
    found = gdrun.sweep(linear | {"engine": "numpy"}, {"lr": [0.1, 1.0]}, "epochs=10")
    table = tables(recorded_trials(found))["runs"]
    assert table["symptom"].tolist()[1] == "exploding"
    assert [each.symptom for each in found.standings] == table["symptom"].tolist()


def test_a_setting_that_diverged_has_no_number_in_the_ranking():
    config = {"dataset": "diabetes", "model": "linear", "optimizer": "vanilla", "variant": "bgd"}
    found = gdrun.sweep(config, {"lr": [0.01, 1e6]}, "epochs=30", seeds=2)
    assert found.ranking[1].diverged > 0
    for text in (markdown(found), latex(found)):
        assert "inf" not in text
    (row,) = [line for line in markdown(found).splitlines() if line.startswith("| lr=1e+06")]
    assert row.split(" | ")[1] == "–"


def test_the_metric_of_a_study_is_also_there_for_the_test_part(tmp_path):
    words = ("dataset=breast-cancer", "model=logistic", "variant=bgd", "epochs=3")
    rules = ("vanilla", "adam")
    compared = gdrun.compare(rules, None, *words, metric="roc_auc", out=tmp_path)
    (path,) = tmp_path.iterdir()
    listed = "evaluate.metrics=[roc_auc]"
    runs = [gdrun.train(None, *words, listed, f"optimizer={rule}") for rule in rules]
    expected = [run.summary["metrics"]["test"]["roc_auc"] for run in runs]
    for found in (compared, gdrun.read_study(path)):
        assert found.columns()["contender"].tolist() == list(rules)
        np.testing.assert_allclose(found.columns()["test_roc_auc"], expected)
        assert found.to_pandas()["test_roc_auc"].notna().all()


def test_a_ranking_with_halving_states_its_order_and_the_epochs_of_the_drops():
    config = {"dataset": "breast-cancer", "model": "logistic", "optimizer": "adam"}
    rates = {"lr": [0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.2, 0.3]}
    found = gdrun.sweep(config | {"engine": "numpy"}, rates, "epochs=27", seeds=2, halving=True)
    head, _, *rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in markdown(found).splitlines()
        if line.startswith("|")
    ]
    loss, epoch = head.index("median val loss"), head.index("dropped at epoch")
    # Of 9 settings, 3 continue after epoch 3 and 1 after epoch 9.
    assert [row[epoch] for row in rows] == ["", "9", "9", *6 * ["3"]]
    medians = [float(row[loss]) for row in rows]
    assert medians[1:3] == sorted(medians[1:3])
    assert medians[3:] == sorted(medians[3:])
    better = f"has {rows[1][loss]}, but successive halving dropped it at epoch 9"
    assert medians[1] < medians[0]
    for text in (markdown(found), latex(found)):
        assert (
            "order: the settings that successive halving kept, then those that it dropped, the "
            "last dropped first; of those kept, or dropped at the same epoch, the best median val "
            "loss first, lower is better; "
        ) in text
        assert better in text
    assert f"dropped at epoch & {head[epoch + 1]}".split("≤")[0] in latex(found)
    assert better in " ".join(text_of(sweep_result(found)).split())
    whole = gdrun.sweep(config | {"engine": "numpy"}, rates, "epochs=3", seeds=2)
    assert "dropped" not in markdown(whole)
