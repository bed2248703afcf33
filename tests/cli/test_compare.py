"""`gdrun compare`: its arguments, its output, and its files."""

import json
import re
import signal

import pytest
from rich.cells import cell_len
from study.cases import LOGISTIC

from gdrun.config.writing import to_yaml
from gdrun.runs.signals import Interruption


@pytest.fixture
def compare(gdrun, tmp_path):
    """A function that runs a comparison on the small logistic problem, in a temporary directory."""
    path = tmp_path / "small.yaml"
    path.write_text(to_yaml({"name": "small"} | LOGISTIC), encoding="utf-8")
    return lambda *words: gdrun("compare", *words, "-c", str(path), "-o", str(tmp_path / "runs"))


@pytest.mark.slow
def test_three_variants_on_the_quickstart_teach_in_seconds(gdrun, tmp_path):
    answer = gdrun("compare", "bgd", "sgd", "mbgd", "-o", str(tmp_path))
    assert (answer.code, answer.err) == (0, "")
    lines = answer.out.splitlines()
    assert max(cell_len(line) for line in lines if str(tmp_path) not in line) <= 80
    heads = [line.split()[0] for line in lines if re.match(r"(bgd|sgd|mbgd) ", line)]
    assert sorted(heads) == ["bgd"] * 3 + ["mbgd"] * 3 + ["sgd"] * 3
    for word in ("batch", "updates", "gradients", "epochs", "seconds", "reached", "loss rose"):
        assert word in answer.out
    # 1437 training images: the whole of them, one, and 64 a gradient.
    assert re.search(r"^bgd +1,437 ", answer.out, re.MULTILINE)
    assert re.search(r"^sgd +1 ", answer.out, re.MULTILINE)
    assert re.search(r"^mbgd +64 ", answer.out, re.MULTILINE)


@pytest.mark.parametrize(
    ("contenders", "seeds", "needed"),
    [
        # A contender that wins under all of n seeds has p = 2/2ⁿ; Holm multiplies by the number of
        # pairs. 1 · 2/2⁶ = 0.031, but 3 · 2/2⁶ = 0.094 and 3 · 2/2⁷ = 0.047. The interval from the
        # lowest to the highest of n seeds has the level 1 − 2/2ⁿ, which is above 95 % for n ≥ 6.
        (["bgd", "mbgd"], 2, "an interval and p < 0.05 need 6 or more, --seeds 6"),
        (
            ["bgd", "mbgd", "sgd"],
            2,
            "an interval needs 6 or more, and p < 0.05 for 3 pairs 7 or more, --seeds 7",
        ),
        (["bgd", "mbgd", "sgd"], 6, "p < 0.05 needs 7 or more, --seeds 7"),
    ],
)
def test_the_seeds_that_an_interval_and_p_need(compare, contenders, seeds, needed):
    out = compare(*contenders, "epochs=1", "--seeds", str(seeds)).out
    assert f"{seeds} are too few: {needed}" in " ".join(out.split())


def test_json_holds_every_number_of_the_table(compare):
    document = json.loads(compare("bgd", "mbgd", "--seeds", "3", "--json").out)
    assert (document["verb"], document["status"]) == ("compare", "complete")
    assert document["seeds"] == [0, 1, 2]
    for row in document["ranking"]:
        assert {"updates", "gradients", "epochs", "seconds"} <= set(row["to_target"])
        assert {"batch", "rising_share", "train_loss", "interval", "quartiles"} <= set(row)
        assert (row["interval"], row["interval_level"]) == (None, None)  # three seeds
    (pair,) = document["pairs"]
    assert pair["wins"] + pair["losses"] + pair["ties"] == 3
    assert 0.25 <= pair["p"] <= 1


def test_a_miss_is_never_and_a_divergence_is_a_row(compare):
    answer = compare("mbgd", "mbgd+lr=1e6", "--target", "loss=0.45", "--seeds", "2")
    (line,) = [line for line in answer.out.splitlines() if re.match(r"mbgd\+lr=1e6 +32", line)]
    assert line.split()[2:] == ["never", "never", "never", "never", "0", "of", "2"]
    assert re.search(r"^mbgd\+lr=1e6 +– +– +2 of 2  exploding$", answer.out, re.MULTILINE)
    assert answer.code == 0


def test_interrupted_in_tuning_it_says_where_it_is(gdrun, compare, tmp_path, monkeypatch):
    """Two settings of the short contender have ended, with 2 seeds; those of the long one train."""
    calls = iter(range(1000))

    def name(self):
        ended = [file for file in tmp_path.rglob("tuning/trials.jsonl") if file.read_text("utf-8")]
        if not ended or next(calls) < 5:  # the training asks before each chunk of steps
            return None
        self.signal = signal.SIGINT
        return "Ctrl-C (SIGINT)"

    with monkeypatch.context() as patched:
        patched.setattr(Interruption, "name", name)
        words = ("mbgd+epochs=2", "mbgd+epochs=500", "--seeds", "2", "--tune", "lr=0.1,0.2")
        answer = compare(*words)
    assert answer.code == 130
    text = (
        "4 of 8 tuning runs are missing, of which 4 continue from a checkpoint; "
        "the 4 runs of the comparison follow; to continue:"
    )
    assert text in answer.out.splitlines()
    (study,) = (tmp_path / "runs").iterdir()
    assert text in gdrun("show", str(study)).out.splitlines()
    # As after a kill, when no ranking was written.
    record = json.loads((study / "tuning" / "study.json").read_text(encoding="utf-8"))
    del record["ranking"]
    (study / "tuning" / "study.json").write_text(json.dumps(record), encoding="utf-8")
    assert text in gdrun("show", str(study)).out.splitlines()


def test_everything_diverged_is_exit_code_3(compare):
    assert compare("mbgd+lr=1e6", "bgd+lr=1e7").code == 3


@pytest.mark.longer
def test_files_alone_bring_their_own_problem_and_budget(gdrun, tmp_path):
    for name, rule in (("one", "vanilla"), ("two", "adam")):
        config = {"name": name} | LOGISTIC | {"optimizer": rule}
        (tmp_path / f"{name}.yaml").write_text(to_yaml(config), encoding="utf-8")
    words = [str(tmp_path / f"{name}.yaml") for name in ("one", "two")]
    options = ("--budget", "gradients", "--seeds", "1", "--json", "-o", str(tmp_path))
    document = json.loads(gdrun("compare", *words, *options).out)
    assert "-compare-one-" in document["id"]
    assert document["base"]["dataset"]["name"] == "logistic"
    # Six epochs of 200 rows, and not the quickstart's thirty.
    assert [row["config"]["stopping"]["gradients"] for row in document["candidates"]] == [1200] * 2
    document = json.loads(gdrun("compare", *words, "epochs=2", "lr=0.5", *options[2:]).out)
    set_for_all = [
        (row["config"]["stopping"], row["config"]["optimizer"]["lr"])
        for row in document["candidates"]
    ]
    assert [(each["epochs"], lr) for each, lr in set_for_all] == [(2, 0.5)] * 2


def test_settings_alone_are_set_for_all(compare):
    document = json.loads(compare("bgd", "mbgd", "epochs=2", "lr=0.5", "--json").out)
    assert document["base"]["stopping"]["epochs"] == 2
    assert [row["name"] for row in document["candidates"]] == ["bgd", "mbgd"]


@pytest.mark.longer
def test_a_tuned_comparison_prints_its_budget(compare):
    answer = compare("bgd", "mbgd", "--tune", "lr=0.01,0.1,1", "--seeds", "2")
    text = " ".join(answer.out.split())
    for name in ("bgd", "mbgd"):
        assert re.search(
            rf"{name}: optimizer.lr \S+, the best of 3 settings × 2 tuning seeds", text
        )
    # bgd runs each of its 3 settings once, because nothing in its training is random.
    assert "tuning work 9 runs in" in text
    untuned = " ".join(compare("bgd", "mbgd", "--seeds", "2").out.split())
    note = "none: contenders keep their settings; --tune lr finds the best rate of each"
    assert f" tuning {note} " in untuned


@pytest.mark.longer
def test_different_optimizers_show_their_rates_and_whether_these_are_defaults(compare):
    answer = compare("momentum", "adam", "adam+lr=0.02", "--seeds", "2", "epochs=2")
    course = answer.out.partition("course of training")[2]
    # The config has lr 0.1 for momentum; the paper of Adam has 0.001 (Kingma & Ba 2014).
    for row in (r"momentum +0\.1 ", r"adam +0\.001 ", r"adam\+lr=0\.02 +0\.02 "):
        assert re.search(f"^{row}", course, re.MULTILINE)
    notes = " ".join(answer.out.split())
    assert "tuning none: adam (lr 0.001) trained at its default rate, so that" in notes
    assert notes.index(" tuning ") < notes.index(" pairs ")
    both = " ".join(compare("rmsprop", "adam", "--seeds", "2", "epochs=2").out.split())
    assert "rmsprop (lr 0.01), adam (lr 0.001) trained at default rates" in both
    given = " ".join(compare("rmsprop", "adam", "--seeds", "2", "epochs=2", "lr=0.01").out.split())
    assert "none: contenders keep their settings" in given


@pytest.mark.longer
@pytest.mark.parametrize(
    "changes, parts",
    [
        # 200 rows are 7 batches of 32, so that MBGD would take 100 steps in 15 epochs.
        (("epochs=1",), ["sgd, mbgd: the share of the steps in the first epoch of the run"]),
        (("epochs=3",), ["sgd, mbgd: the share of the steps in the first 3 epochs of the run"]),
        (("epochs=20",), ["sgd, mbgd: the share of the steps in the first 15 epochs of the run"]),
        (
            ("steps=20",),
            [
                "sgd: the share of the steps in the first 0.1 epochs",
                "mbgd: the share of the steps in the first 2.86 epochs",
            ],
        ),
    ],
)
def test_each_row_says_in_which_epochs_its_rises_are_counted(compare, changes, parts):
    answer = compare("bgd", "sgd", "mbgd", "--seeds", "1", *changes)
    words = " ".join(answer.out.split())
    assert all(part in words for part in ["bgd: the share of all steps", *parts])


@pytest.mark.longer
def test_a_budget_that_replaces_a_typed_one_says_so(compare):
    words = ("bgd", "mbgd+steps=9", "epochs=2", "--budget", "gradients=400", "--json")
    answer = compare(*words)
    assert answer.err == (
        "note: --budget gradients=400 replaces epochs=2\n"
        "note: --budget gradients=400 replaces steps=9\n"
    )
    assert compare(*words, "-q").err == ""


def test_a_budget_of_gradients_is_the_same_for_all(compare, tmp_path):
    document = json.loads(compare("bgd", "sgd", "--budget", "gradients=400", "--json").out)
    (trials,) = (tmp_path / "runs").glob("*/trials.jsonl")
    spent = {json.loads(line)["summary"]["gradients"] for line in trials.read_text().splitlines()}
    assert spent == {400}
    assert document["trials"] == 16


def test_models_of_unlike_losses_are_ranked_by_accuracy(compare):
    document = json.loads(compare("logistic", "svm", "--json", "--seeds", "2").out)
    assert document["metric"] == "validation_accuracy"


@pytest.mark.longer
def test_resumed_it_runs_nothing_again(compare, gdrun):
    first = json.loads(compare("bgd", "mbgd", "--tune", "lr=0.1,1", "--json").out)
    second = json.loads(
        compare("bgd", "mbgd", "--tune", "lr=0.1,1", "--json", "--resume", first["directory"]).out
    )
    assert (second["work"]["run"], second["tuning_work"]["run"]) == (0, 0)
    names = [[row["name"] for row in study["ranking"]] for study in (first, second)]
    assert names[0] == names[1]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (
            ["bgd"],
            "error: a comparison needs at least two contenders\n"
            "hint: such as bgd and mbgd: `gdrun compare bgd mbgd`\n",
        ),
        (
            ["bgd", "linear"],
            "error: 'linear': linear is ambiguous: it is the name of a schedule and of a model\n"
            "hint: write momentum+schedule=linear or momentum+model=linear\n",
        ),
        (
            ["bgd", "mbgd", "--budget", "second=1"],
            "error: --budget: no budget is called 'second'\nhint: did you mean seconds?\n",
        ),
        (
            ["bgd", "mbgd", "--target", "loss"],
            "error: --target: 'loss' is not a target\n"
            "hint: write it as METRIC=NUMBER, such as loss=0.1 or accuracy=0.95\n",
        ),
    ],
)
def test_a_mistake_in_full(compare, tmp_path, words, text):
    answer = compare(*words)
    assert (answer.code, answer.out, answer.err) == (2, "", text)
    assert not (tmp_path / "runs").exists()


@pytest.mark.longer
def test_two_names_of_one_experiment_are_pointed_out(gdrun, tmp_path):
    # The quickstart's optimizer is momentum already.
    words = ("epochs=1", "--seeds", "1", "-o", str(tmp_path))
    answer = gdrun("compare", "mbgd", "mbgd+momentum", "mbgd+adam", *words)
    (line,) = [line for line in answer.out.splitlines() if line.startswith("duplicates")]
    assert line.split(maxsplit=1)[1] == "mbgd and mbgd+momentum are the same experiment"


@pytest.mark.longer
@pytest.mark.parametrize("width", [80, 70, 60, 50, 40])
def test_a_narrow_terminal_gets_fewer_columns_and_none_cut_off(compare, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    out = compare("mbgd", "mbgd+momentum+lr=0.2", "--seeds", "2").out
    _, *tables = re.split("^contender ", out, flags=re.MULTILINE)
    assert len(tables) == 3
    for table in tables:
        heading, *rows = table.splitlines()
        # The last column and its heading are not cut off in any row.
        last = re.split(" {2,}", heading)[-1]
        ends = {
            "reached": r"\d of \d",
            "diverged": r"\d of \d",
            "symptom": "(-|[a-z ]+)",
            "curve": "[▁-█]+",
            "loss rose": r"[\d.]+ %",
            "train loss": r"[\d.]+",
        }
        assert [bool(re.search(f" {ends[last]}$", row)) for row in rows[:2]] == [True, True]
    headings = [table.splitlines()[0] for table in tables]
    assert any("quartiles" in each for each in headings) == (width >= 60)
    assert ("no room for the column" in " ".join(out.split())) == (width < 80)


@pytest.mark.longer
def test_one_seed_makes_no_claim_of_certainty(compare):
    words = ("bgd", "mbgd", "--seeds", "1")
    answer = compare(*words)
    assert "significance  unknown with one seed" in answer.out
    assert "quartiles" not in answer.out
    assert "interval" not in answer.out
    assert json.loads(compare(*words, "--json").out)["pairs"] == []


@pytest.mark.longer
def test_sgd_among_optimizers_is_said_to_be_the_variant(gdrun, tmp_path):
    words = ("dataset=iris", "model=softmax", "epochs=2", "engine=numpy", "-o", str(tmp_path))
    answer = gdrun("compare", "adam", "sgd", "optimizer=momentum", "--seeds", "1", *words)
    assert "sgd is the variant (batches of 1 example), with optimizer momentum" in " ".join(
        answer.out.split()
    )
    answer = gdrun("compare", "bgd", "sgd", "--seeds", "1", *words)
    assert "is the variant" not in answer.out


@pytest.mark.longer
def test_gd_is_said_to_be_the_optimizer_with_the_batches_of_the_base(gdrun, tmp_path):
    words = ("dataset=iris", "model=softmax", "epochs=2", "engine=numpy", "-o", str(tmp_path))
    answer = gdrun("compare", "gd", "sgd", "--seeds", "1", *words)
    out = " ".join(answer.out.split())
    assert "gd is the optimizer vanilla, here with mini-batches of 64; write bgd for full" in out
    # A note names the words of the table.
    assert "; gd is the optimizer without momentum" in out and "; vanilla is" not in out
    trained = gdrun("train", "variant=gd", *words)
    assert "variant    bgd" in trained.out


@pytest.mark.parametrize(
    ("words", "example"),
    [
        ("cosine cosine+warmup", "cosine+warmup=5"),
        ("cosine one_cycle+linear-warmup", "one_cycle+warmup=5"),
        ("constant warm_up", "cosine+warmup=5"),
        ("adam momentum schedule=linear-warmup", "schedule=cosine schedule.warmup=5"),
    ],
)
def test_warm_up_is_named_as_an_option_of_every_schedule(compare, words, example):
    answer = compare(*words.split())
    assert answer.code == 2
    hint = f"hint: warm-up is an option of every schedule, such as {example}\n"
    assert answer.err.endswith(hint)
