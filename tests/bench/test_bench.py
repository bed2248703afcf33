"""The benchmarks run, and compare like with like. Their times are for reading, not for tests."""

import json

import numpy as np
import pytest

from bench import (
    command,
    commands,
    jax_scan,
    linear_rows,
    measure,
    plain_loop,
    processes,
    scikit,
    tables,
    torch_eager,
    vowpal,
)
from bench.linear import Linear, examples
from bench.measure import Row, interleaved, measured
from bench.ours import ENGINES
from bench.processes import Folder, gdrun_command, peer_script, python
from bench.work import COLD, COMPILED, JAX, NUMPY, PEERS, WARM, Bar, Finish, Work
from bench.works import COMMANDS, WORKS


@pytest.fixture(autouse=True)
def each_engine_by_its_name(monkeypatch):
    monkeypatch.delenv("GDRUN_ENGINE", raising=False)
    monkeypatch.setattr(measure, "PAUSE", 0)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*WORKS, *COMMANDS])
def test_every_row_does_the_same_work(name):
    row = measured((WORKS | COMMANDS)[name](True), repetitions=1, warm_up=False)
    assert row.alike, row.found
    assert all(finish.seconds > 0 for finish in row.found.values())
    if COMPILED in ENGINES:
        named = {name for bar in row.work.bars for name in (bar.over, bar.under) if name}
        assert named <= {*row.found, *PEERS, commands.ONE_THREAD}


@pytest.mark.slow
@pytest.mark.parametrize("look", [[], ["--markdown"]])
def test_the_command_prints_every_table(look, capsys):
    assert command.main(["--quick", "--only", "step", "quickstart", "growth", *look]) == 0
    printed = capsys.readouterr().out
    assert "beside what users would pick" in printed
    assert "gdrun cold" in printed
    assert "lanes = 4" in printed
    assert "GB/s" in printed


def test_contenders_take_turns_after_a_round_to_warm_up():
    turns = []

    def contender(name, times):
        def run():
            turns.append(name)
            return Finish(next(times), loss=0.5)

        return run

    # 9 is the first round's; the median of 1, 5, 3 is 3.
    times = {"a": iter([9, 1, 5, 3]), "b": iter([9, 2, 2, 2])}
    found = interleaved({name: contender(name, each) for name, each in times.items()}, 3)
    assert turns == ["a", "b"] * 4
    assert found == {"a": Finish(3, 0.5), "b": Finish(2, 0.5)}


BARS = (
    Bar(JAX, COMPILED, at_least=2),
    Bar(COMPILED, "one read", at_most=1.25),
    Bar("one read", at_most=0.01),
    Bar("absent", COMPILED, at_least=1),
)
ROW = Row(
    Work("some work", {}, BARS),
    {
        NUMPY: Finish(0.1, 0.52, 0.2),
        COMPILED: Finish(0.02, 0.5, 0.05),
        JAX: Finish(0.03, 0.51),
        "one read": Finish(0.018),
    },
)


def test_a_bar_is_judged_by_updates_and_shows_the_whole():
    lines = tables.comparison([ROW], 5, "a machine").rows[0][-1]
    # 0.03 / 0.02 and 0.03 / 0.05; 0.02 / 0.018 and 0.05 / 0.018.
    assert lines == [
        "MISSED: JAX ≥ 2×, 1.50 (whole 0.600)",
        "reached: gdrun compiled ≤ 1.25 × one read, 1.11 (whole 2.78)",
        "MISSED: one read ≤ 0.01 s, 0.0180",
        "not measured: absent ≥ 1×",
    ]


def test_a_row_in_markdown():
    line = tables.comparison([ROW], 5, "a machine").as_markdown().splitlines()[4]
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    assert cells[:-1] == [
        "some work<br>per epoch",
        "100 ms<br>5.00×<br>whole 200 ms",
        "20.0 ms<br>whole 50.0 ms",
        "30.0 ms<br>1.50×",
        "one read: 18.0 ms 0.900×",
        "0.5 to 0.52<br>within 5 %",
    ]


def test_a_bar_of_a_command_is_in_multiples_of_the_warm_one():
    bars = (Bar(JAX, WARM, at_least=1.5), Bar(JAX, COLD, at_least=1), Bar(WARM, at_most=2))
    times = {WARM: Finish(2.0), COLD: Finish(4.0), JAX: Finish(3.0)}
    cells = tables.commands([Row(Work("a command", {}, bars), times)], 5, "a machine").rows[0]
    assert cells[1:4] == [["2.00 s"], ["4.00 s", "2.00×"], ["3.00 s", "1.50×"]]
    assert cells[-1] == [
        "reached: JAX ≥ 1.5×, 1.50",
        "MISSED: JAX ≥ 1 × gdrun cold, 0.750",
        "reached: gdrun warm ≤ 2 s, 2.00",
    ]


def test_a_bar_on_memory_is_in_multiples_of_the_table():
    bars = (Bar(WARM, at_most=2, table=10**9), Bar(COLD, at_most=2, table=10**9))
    row = Row(Work("a command", {}, bars), {WARM: Finish(1.0, memory=1.5e9), COLD: Finish(1.0)})
    assert tables.commands([row], 5, "a machine").rows[0][-1] == [
        "reached: gdrun warm ≤ 2 × the 1 GB of the table in memory, 1.50",
        "not measured: gdrun cold ≤ 2 × the 1 GB of the table in memory",
    ]


@pytest.mark.longer
def test_the_memory_of_a_process_is_its_own():
    kept = np.ones(2**24)  # 128 MB, which a process that is started directly would seem to have
    small, large = (python("-c", f"b'x' * {size}").memory for size in (1, 2**26))
    assert kept[0] and small < 2**26 < large


def test_free_memory_holds_a_file_while_a_contender_runs(monkeypatch):
    folder, seen = Folder(), []
    monkeypatch.setattr(processes, "free_memory", lambda: 2**23)

    def contender():
        seen.extend(path.stat().st_size for path in folder.path.iterdir())
        return 0.5

    assert processes.with_memory(contender, folder)() == 0.5
    assert seen == [2**23] and not list(folder.path.iterdir())


def test_all_of_a_file_is_read_to_hold_it_in_memory(tmp_path):
    with (tmp_path / "held").open("w+b", buffering=0) as file:
        processes.hold(file, 5 * 2**20)
        assert file.tell() == 5 * 2**20


@pytest.mark.slow
def test_a_cold_command_compiles_and_a_warm_one_finds_its_kernels():
    folder = Folder()
    found = []

    def kernels(runs):
        # The cache that this process was given, the fresh one or the one that is kept.
        found.append({str(path) for path in folder.path.glob("*/gdrun/kernels/*.so")})
        return 0.5

    run = gdrun_command(
        folder, "train", "dataset=iris", "epochs=1", loss=kernels, cold=("engine=compiled",)
    )
    for name in (COLD, COLD, WARM):
        assert run[name]().loss == 0.5
    first, second, warm = found
    assert first and second and not first & second
    assert not warm
    assert list(folder.path.glob("*/gdrun/kernels/*.so")) == []


def test_a_folder_is_removed_with_its_last_contender():
    folder = Folder()
    path = folder.path
    run = gdrun_command(folder, "train")
    del folder
    assert path.is_dir()
    del run
    assert not path.exists()


def test_the_loss_of_a_script_is_its_last_word(monkeypatch, tmp_path):
    (tmp_path / "own.py").write_text("import sys; print('rate', sys.argv[1], 'loss 0.25')")
    monkeypatch.setattr(processes, "SCRIPTS", tmp_path)
    (run,) = peer_script("own", "own.py", folder=Folder(), words=("0.1",)).values()
    assert run().loss == 0.25
    assert peer_script("own", "own.py", folder=Folder(), words=(), needs=("no_such",)) == {}


def test_a_process_that_fails_says_why():
    with pytest.raises(RuntimeError, match="ValueError: too few"):
        python("-c", "raise ValueError('too few')")


def test_the_loss_of_a_sweep_is_the_least_median(tmp_path):
    (tmp_path / "sweep").mkdir()
    # Medians over the seeds: 0.3 and 0.2; a single seed has less.
    losses = {"lr=0.1": (0.1, 0.3, 0.4), "lr=1": (0.2, 0.15, 0.9)}
    lines = [
        json.dumps({"name": name, "summary": {"train_loss": loss}})
        for name, each in losses.items()
        for loss in each
    ]
    (tmp_path / "sweep" / "trials.jsonl").write_text("\n".join(lines))
    assert commands.least_loss_of_sweep(tmp_path) == 0.2


def test_another_loss_is_another_work(monkeypatch, capsys):
    # 0.5 is a sixth below 0.6, and 5 % are allowed.
    other = Work("other", {NUMPY: lambda: Finish(1, 0.5), JAX: lambda: Finish(1, 0.6)})
    monkeypatch.setitem(WORKS, "other", lambda quick: other)
    assert command.main(["--quick", "--only", "other"]) == 1
    assert "NOT within 5 %" in capsys.readouterr().out


def test_peers_that_are_not_installed_are_absent(monkeypatch):
    for module in (scikit, jax_scan, torch_eager, vowpal, processes):
        monkeypatch.setattr(module, "find_spec", lambda name: None)
    monkeypatch.setattr(vowpal.shutil, "which", lambda name: None)
    assert {*linear_rows.sgd_logistic(True).contenders} <= {NUMPY, COMPILED}
    assert {*linear_rows.mbgd_logistic(True).contenders} <= {NUMPY, COMPILED}
    assert {*commands.csv(True).contenders} == {WARM, COLD}


def test_a_peers_loss_is_that_of_its_model():
    X, y = examples("cross_entropy", 20, 3, classes=4)
    problem = Linear(X, y, "cross_entropy", 1, {"name": "vanilla", "lr": 0.1}, 1)
    # No weights: each of four classes has a probability of a quarter.
    assert problem.mean_loss(np.zeros(problem.shape)) == pytest.approx(np.log(4))
    X, y = examples("logistic", 20, 3)
    problem = Linear(X, y, "logistic", 1, {"name": "vanilla", "lr": 0.1}, 1)
    assert problem.mean_loss(np.zeros(problem.shape)) == pytest.approx(np.log(2))


def test_both_loops_do_the_same_work():
    # One batch of all rows makes the order of no account: both take the same first step.
    rng = np.random.default_rng(2)
    X, y = rng.normal(size=(40, 5)), rng.integers(0, 2, size=40)
    with_ones = np.column_stack([X, np.ones(40)])
    ((loss, grad, update, weight),), w = plain_loop.plain_epoch(with_ones, y, 40)
    run = plain_loop.gdrun_epoch(X, y, 40)
    found = [
        run.steps[name][0] for name in ("batch_loss", "grad_norm", "update_norm", "weight_norm")
    ]
    assert found == pytest.approx([loss, grad, update, weight], rel=1e-12)
    assert [*run.weights["w"], run.weights["b"]] == pytest.approx(w, rel=1e-12)
