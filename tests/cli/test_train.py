"""`gdrun train`: its outputs on wide and narrow screens, JSON, and exit codes."""

import json
import re
from pathlib import Path

import pytest
from short_runs import IRIS

import gdrun as package

LOST = ("dataset=diabetes", "model=linear", "variant=bgd", "lr=5", "schedule=constant")


def masked(text):
    """The text without ids and times, which differ each time."""
    text = re.sub(r"\d{8}-\d{6}-([\w.-]+)-[0-9a-f]{4}", r"DATE-\1-ID", text)
    return re.sub(r"[\d.]+ (µs|ms|s)\b( \([\d.]+ [µm]s a step\))?", "TIME", text)


SCREEN = """\
╭─ flowers ────────────────────────────────────────────────────────────────────╮
│ data       iris: 120 train, 15 validation, 15 test; 4 features, 3 classes    │
│ model      softmax, init zeros; 15 parameters                                │
│ variant    mbgd, batch_size 64, sampling shuffle                             │
│ optimizer  momentum, lr 0.1, beta 0.9                                        │
│ stopping   epochs 3                                                          │
│ run        seed 0, float64, numpy engine                                     │
╰──────────────────────────────────────────────────────────────────────────────╯

epoch  step  train loss  train acc  val loss  val acc
    0     0       1.099     33.3 %     1.099   33.3 %
    1     2      0.8654     80.8 %    0.8744   86.7 %
    2     4       0.599     80.8 %    0.6192   86.7 %
    3     6      0.4595     80.8 %    0.4866   86.7 %   best

finished: all 3 epochs done (6 steps)

                loss  accuracy  balanced accuracy  macro F1
  train       0.4595    80.8 %             80.8 %    0.7969
  validation  0.4866    86.7 %             86.7 %    0.8611
  test        0.4771    86.7 %             86.7 %    0.8611
  baseline     1.099    33.3 %             33.3 %    0.1667

  baseline   always setosa, the most frequent training class; on the test part
  best       validation loss 0.4866 at epoch 3
  work       6 steps, 360 gradients, TIME
  loss rose  in 0.0 % of steps, each with a new batch; about half is normal

  batch loss  █▇▅▄▂▁  1.1 → 0.504
  grad norm   ██▆▄▂▁  0.956 → 0.284

written to runs/DATE-flowers-ID
to find the best learning rate:
  gdrun sweep lr -c runs/DATE-flowers-ID/config.yaml
"""


def test_a_run_on_screen(train):
    answer = train(*IRIS)
    assert (answer.code, answer.err) == (0, "")
    assert masked(answer.out) == SCREEN


@pytest.mark.longer
def test_quiet_prints_the_gravest_symptom(train):
    """A rate far above 2/L explodes; the result stays on stdout."""
    answer = train("surface=bowl", "optimizer=vanilla", "lr=100", "variant=bgd", "steps=9", "-q")
    assert "symptom: exploding" in answer.out
    assert train(*IRIS, "lr=0.1", "epochs=3", "-q").out.count("symptom: ") == 0


@pytest.mark.longer
@pytest.mark.parametrize(
    ("rate", "words"),
    [
        # 2/L is about 1 on standardised features: far below it, and far above it.
        ("0.01", "each with a new batch; about half is normal"),
        ("0.3", "each with a new batch\n"),  # explodes, but does not diverge
        ("1e9", "each with a new batch\n"),  # diverges
    ],
)
def test_only_a_run_that_descends_is_normal(train, rate, words):
    line = ("dataset=diabetes", "model=linear", "optimizer=vanilla", "variant=mbgd", "epochs=9")
    out = train(*line, f"lr={rate}").out
    assert words in re.sub(r"\n {11,}", " ", out)
    assert ("exploding" in out or "diverged" in out) == (rate != "0.01")


@pytest.mark.longer
def test_quiet_prints_that_rows_were_dropped(train):
    rows = [f"{k % 7},{'' if k % 10 == 3 else k % 2}" for k in range(90)]
    for name, part in (("train", rows), ("test", rows[:40]), ("whole", rows[:3] * 20)):
        Path(f"{name}.csv").write_text("a,y\n" + "\n".join(part) + "\n", encoding="utf-8")
    words = ("model=logistic", "epochs=3", "-q")
    out = train(
        "dataset.path=train.csv", "dataset.missing=drop", "dataset.test=test.csv", *words
    ).out
    assert out.count("note: dropped 9 of 90 rows because values are missing\n") == 1
    assert out.count("note: test.csv: dropped 4 of 40 rows because values are missing\n") == 1
    assert "dropped" not in train("dataset.path=whole.csv", *words).out


def test_quiet_prints_the_result_alone(train):
    answer = train(*IRIS, "-q")
    assert (answer.code, answer.err) == (0, "")
    assert masked(answer.out) == (
        "finished: all 3 epochs done (6 steps)\n"
        "              loss  accuracy  balanced accuracy  macro F1\n"
        "train       0.4595    80.8 %             80.8 %    0.7969\n"
        "validation  0.4866    86.7 %             86.7 %    0.8611\n"
        "test        0.4771    86.7 %             86.7 %    0.8611\n"
        "baseline     1.099    33.3 %             33.3 %    0.1667\n"
        "\n"
        "baseline   always setosa, the most frequent training class; on the test part\n"
        "best       validation loss 0.4866 at epoch 3\n"
        "work       6 steps, 360 gradients, TIME\n"
        "loss rose  in 0.0 % of steps, each with a new batch; about half is normal\n"
        "\n"
        "written to runs/DATE-flowers-ID\n"
    )


def test_one_document_and_nothing_else(train, tmp_path):
    answer = train(*IRIS, "--json")
    assert (answer.code, answer.err) == (0, "")
    document = json.loads(answer.out)
    (path,) = (tmp_path / "runs").iterdir()
    assert document.pop("directory") == f"runs/{path.name}"
    record = json.loads((path / "run.json").read_text())
    # run.json also has the config, so that a list of many runs need not read YAML.
    assert record.pop("config")["name"] == document["name"]
    assert document == record


SEEDS = """\
╭─ flowers ────────────────────────────────────────────────────────────────────╮
│ data       iris: 120 train, 15 validation, 15 test; 4 features, 3 classes    │
│ model      softmax, init zeros; 15 parameters                                │
│ variant    mbgd, batch_size 64, sampling shuffle                             │
│ optimizer  momentum, lr 0.1, beta 0.9                                        │
│ stopping   epochs 3                                                          │
│ run        seeds 4 to 6, float64, numpy engine                               │
╰──────────────────────────────────────────────────────────────────────────────╯

"""


@pytest.mark.longer
def test_several_seeds_side_by_side(train, tmp_path):
    answer = train(*IRIS, "--seed", "4", "--seeds", "3")
    assert (answer.code, answer.err) == (0, "")
    assert answer.out.startswith(SEEDS)
    table = answer.out.removeprefix(SEEDS).splitlines()
    assert table[0].split("  ")[0] == "seed"
    alone = [package.train(None, *IRIS, f"seed={seed}") for seed in (4, 5, 6)]
    losses = [run.summary["train_loss"] for run in alone]
    for line, seed, loss in zip(table[1:4], (4, 5, 6), losses, strict=True):
        assert line.split()[:4] == [str(seed), "finished", "3", f"{loss:.4g}"]
    words = {"median": 50, "lower quartile": 25, "upper quartile": 75}
    for line, (word, share) in zip(table[4:7], words.items(), strict=True):
        # Of three values the median is the middle one, and a quartile half way to the next.
        low, middle, high = sorted(losses)
        expected = {50: middle, 25: (low + middle) / 2, 75: (middle + high) / 2}[share]
        assert line.split(word)[1].split()[0] == f"{expected:.4g}"
    assert table[7] == ""
    assert [masked(line) for line in table[8:11]] == ["written to runs/DATE-flowers-ID"] * 3
    assert len(list((tmp_path / "runs").iterdir())) == 3


def test_seeds_in_one_document(train):
    document = json.loads(train(*IRIS, "--seeds", "2", "--json").out)
    assert [run["seed"] for run in document["runs"]] == [0, 1]
    assert [*document] == ["runs"]


def test_divergence_has_its_words_and_its_exit_code(train):
    answer = train(*LOST, "--out", "elsewhere")
    assert (answer.code, answer.err) == (3, "")
    # The rate is far above 2/L; three steps multiply the loss by more than 10⁴.
    assert "\ndiverged: the training loss " in answer.out
    *_, written, _, following = masked(answer.out).splitlines()
    assert written == "written to elsewhere/DATE-diabetes-linear-ID"
    assert following == "  gdrun diagnose elsewhere/DATE-diabetes-linear-ID"


def test_the_next_step_works(train, gdrun):
    following = train(*LOST).out.splitlines()[-1]
    answer = gdrun(*following.split()[1:])
    assert answer.code == 0
    assert answer.out.startswith("exploding ")


@pytest.mark.longer
@pytest.mark.parametrize("width", [40, 60])
def test_a_narrow_terminal_gets_fewer_columns_and_no_number_is_cut_off(train, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    out = train("dataset=spirals", "model=mlp", "epochs=2").out
    _, _, tables = out.partition("╯\n")
    assert "…" not in tables
    assert re.search("^epoch .* val loss", tables, re.MULTILINE)
    lines = [line for line in tables.splitlines() if "runs/" not in line]
    assert max(map(len, lines)) <= width


def test_seeds_diverge_only_together(train):
    both = train(*LOST, "variant=mbgd", "--seeds", "2")
    assert both.code == 3
    assert "\n2 of 2 runs diverged\n" in both.out


def test_a_long_place_is_never_broken(train):
    place = "a" * 60 + "/" + "b" * 60
    answer = train(*IRIS, "-q", "-o", place)
    assert masked(answer.out).splitlines()[-1] == f"written to {place}/DATE-flowers-ID"


@pytest.mark.longer
def test_mistakes_leave_nothing_behind(train, tmp_path):
    for words in (["lr=-1"], ["batch_size=99999"], ["nowhere.yaml"], ["dataset=arrays"]):
        answer = train(*words)
        assert (answer.code, answer.out) == (2, "")
        assert answer.err.startswith("error: ")
        assert "\nhint: " in answer.err
    assert list(tmp_path.iterdir()) == []


WALK = ("surface=saddle", "variant=bgd", "optimizer=vanilla", "lr=0.5", "schedule=constant")


def test_a_walk_says_how_far_from_which_minimum_it_ended(train):
    # One step from (1, −½) with f = ½x² − ½y² + ¼y⁴ and ∇f = (x, y³ − y) = (1, 0.375) goes to
    # (½, −0.6875), which is √(0.25 + 0.3125²) = 0.5896 from the minimum (0, −1).
    answer = train(*WALK, "surface.start=[1.0, -0.5]", "epochs=1", "-q")
    assert "ended at   (0.5, -0.6875), 0.5896 from the minimum (0, -1)\n" in answer.out


def test_a_walk_that_left_the_numbers_says_where_it_ended(train, gdrun):
    # A first step of 1e302 leads to where the slopes, cubes of the place, are infinite.
    words = ("lr=1e300", "schedule=constant", "evaluate.every=9", "-q")
    answer = train("surface=rosenbrock", *WALK[1:3], *words)
    assert answer.code == 3
    ends = [
        [line.split() for line in screen.splitlines() if "ended at" in line]
        for screen in (answer.out, gdrun("show").out)
    ]
    assert ends[0] == ends[1] != []
    assert "minimum" not in ends[0][0]


def test_walks_of_several_seeds_are_compared_by_distance(train):
    # The noise of a batch of all 100 examples has the sum zero: x halves from 1 to ½, and y from 1
    # stays at the minimum (0, 1).
    noisy = ("variant=mbgd", "batch_size=100", "noise=1", "surface.start=[1.0, 1.0]", "epochs=1")
    answer = train(*WALK, *noisy, "--seeds", "2")
    lines = [line.split() for line in answer.out.splitlines()]
    (start,) = (at for at, line in enumerate(lines) if line[:1] == ["seed"])
    assert lines[start][-3:] == ["distance", "to", "minimum"]
    # Two seeds, their median and their quartiles.
    assert [line[-1] for line in lines[start + 1 : start + 6]] == ["0.5"] * 5


@pytest.mark.longer
def test_batches_of_a_surface_without_noise_are_said_to_be_alike(gdrun):
    words = ("train", "surface=bowl", "epochs=1", "engine=numpy")
    sentence = "without noise every batch has the same gradient"
    assert sentence in " ".join(gdrun(*words, "variant=mbgd").out.replace("│", " ").split())
    for other in ("variant=bgd", "noise=1"):
        assert "same gradient" not in gdrun(*words, other).out.replace("│", " ")


@pytest.mark.longer
def test_the_rate_of_a_surface_is_named_as_an_assumption(gdrun):
    note = "note: assumed optimizer.lr: 0.001, a rate that suits the surface rosenbrock"
    words = ("surface=rosenbrock", "epochs=1", "engine=numpy")
    assert note in gdrun("train", *words).err.splitlines()
    assert "assumed" not in gdrun("train", *words, "lr=0.001").err
    assert note in gdrun("compare", "bgd", "mbgd", *words).err.splitlines()
    assert "assumed" not in gdrun("sweep", "lr=0.001,0.002", *words).err


@pytest.mark.longer
@pytest.mark.parametrize(
    ("settings", "runs"),
    [
        (("dataset=iris", "model=softmax", "variant=bgd"), 1),
        (("surface=bowl",), 1),
        (("surface=bowl", "noise=1"), 3),
        (("dataset=iris", "model=softmax", "batch_size=30"), 3),
        (("dataset=iris", "model=mlp", "variant=bgd"), 3),
    ],
)
def test_seeds_that_change_nothing_are_trained_once(gdrun, settings, runs):
    """The losses with two seeds differ where several runs are made, and not otherwise."""
    words = ("train", *settings, "epochs=2", "engine=numpy")
    losses = [
        json.loads(gdrun(*words, "--seed", seed, "--json").out)["summary"]["train_loss"]
        for seed in ("0", "1")
    ]
    assert (losses[0] == losses[1]) == (runs == 1)
    answer = gdrun(*words, "--seeds", "3", "--json")
    document = json.loads(answer.out)
    assert [run["seed"] for run in document["runs"]] == list(range(runs))
    first = document["runs"][0]["summary"]["train_loss"]
    assert first == pytest.approx(losses[0], rel=1e-12)
    note = "note: trains one seed: nothing in the training is random"
    assert (note in answer.err) == (runs == 1)


@pytest.mark.longer
@pytest.mark.parametrize("width", range(24, 60, 4))
def test_a_narrow_table_has_both_coordinates_or_none(gdrun, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    out = gdrun("train", "surface=himmelblau", "epochs=3", "engine=numpy").out
    (heading,) = [line for line in out.splitlines() if line.startswith("epoch")]
    assert ("x" in heading.split()) == ("y" in heading.split())


def test_the_note_on_a_class_of_one_row_is_printed_with_quiet_too(train):
    labels = ["no", "no", "yes"] * 20
    labels[30] = "maybe"
    rows = "".join(f"{k % 7},{label}\n" for k, label in enumerate(labels))
    Path("made.csv").write_text(f"a,y\n{rows}")
    said = train("made.csv", "epochs=1", "-q").out
    note = "note: a single row has the class maybe (line 32); without it the target has 2 classes"
    assert note in " ".join(said.split())
