"""The line above the tables of a study: what all its candidates have in common."""

from dataclasses import replace
from types import SimpleNamespace

from study.cases import planned

from gdrun.views.study_line import study_line
from gdrun.views.study_notes import unfinished_notes

DATA = "data logistic; model logistic; "
BATCHES = "variant mbgd, batch_size 32, sampling shuffle; "


def test_what_differs_is_left_to_the_table():
    rates = planned({"lr": [0.1, 1.0]}, seeds=3)
    assert study_line(rates) == f"{DATA}{BATCHES}optimizer momentum; epochs 6; 3 seeds"
    rules = planned({"optimizer": ["adam", "vanilla"]}, "stopping={gradients: 500}")
    assert study_line(rules) == f"{DATA}{BATCHES}gradients 500; 1 seed"
    lengths = planned({"stopping.epochs": [2, 4]}, "variant=bgd")
    optimizer = "optimizer momentum, lr 0.1, beta 0.9"
    assert study_line(lengths) == f"{DATA}variant bgd; {optimizer}; 1 seed"


def test_the_schedule_the_clipping_and_the_dtype_are_named_if_they_are_not_the_defaults():
    rates = {"lr": [0.1, 1.0]}
    shared = f"{DATA}{BATCHES}optimizer momentum; "
    words = study_line(planned(rates, "schedule=cosine", "clip.norm=1", "dtype=float32"))
    assert words == f"{shared}schedule cosine; clip norm 1; float32; epochs 6; 1 seed"
    warm = study_line(planned(rates, "schedule=constant", "schedule.warmup=2"))
    assert warm == f"{shared}schedule constant, warmup 2; epochs 6; 1 seed"
    # Candidates that differ in one of them have a column for it, or a name that says it.
    for key, values in (("schedule", ["cosine", "linear"]), ("dtype", ["float32", "float64"])):
        line = study_line(planned({key: values}, "lr=0.1"))
        assert line == f"{shared[:-2]}, lr 0.1, beta 0.9; epochs 6; 1 seed"
    line = study_line(planned({"clip.norm": [0.5, 1.0]}, "lr=0.1", "dtype=float32"))
    assert line.endswith("beta 0.9; float32; epochs 6; 1 seed")


def test_the_data_of_a_file_have_its_name(tmp_path):
    (tmp_path / "points.csv").write_text("x,y\n1,2\n2,4\n3,6\n4,8\n5,10\n6,12\n", encoding="utf-8")
    config = {"dataset": {"path": str(tmp_path / "points.csv"), "target": "y"}, "model": "linear"}
    assert study_line(planned({"lr": [0.1, 1.0]}, config=config)).startswith("data points.csv; ")


def test_shared_options_are_named_if_they_were_set_or_differ_from_their_defaults():
    swept = study_line(planned({"beta": [0.5, 0.8]}, "lr=0.3"))
    assert swept == f"{DATA}{BATCHES}optimizer momentum, lr 0.3; epochs 6; 1 seed"
    drops = study_line(planned({"gamma": [0.1, 0.5]}, "schedule=step", "drop_every=3", "lr=0.3"))
    assert "; schedule step, drop_every 3; " in drops
    # The default decay 0.9 is named if the user has set it for all candidates.
    plan = planned({"lr": [0.1, 1.0]}, "beta=0.9")
    assert "optimizer momentum; " in study_line(plan)
    assert "momentum, beta 0.9; " in study_line(replace(plan, for_all={"optimizer.beta": 0.9}))


def test_batches_of_a_surface_without_noise_are_said_to_be_alike():
    said = "sampling shuffle (without noise every batch has the same gradient); "
    cases = {("variant=mbgd",): True, ("surface.noise=1",): False, ("variant=bgd",): False}
    for words, expected in cases.items():
        plan = planned({"optimizer": ["adam", "vanilla"]}, *words, config={"surface": "bowl"})
        assert (said in study_line(plan)) == expected


def unfinished(ended):
    """The note of a study with three seeds. ended: how many runs have ended, by setting."""
    plan = SimpleNamespace(seeds=(0, 1, 2), candidates=[SimpleNamespace(name=n) for n in ended])
    found = [
        SimpleNamespace(name=name, runs=runs, trained=[None] * runs, results=[None] * runs)
        for name, runs in ended.items()
        if runs
    ]
    return unfinished_notes(plan, found)


def test_many_unfinished_settings_are_counted():
    few = {"lr=1": 1, "lr=2": 1, "lr=3": 2, "lr=4": 3, "lr=5": 0}
    text = "lr=1, lr=2 (1 of 3 runs ended); lr=3 (2 of 3 runs ended); no run has ended: lr=5"
    assert unfinished(few) == [("unfinished", text)]
    many = {f"lr={k}": 1 for k in range(30)}
    assert unfinished(many) == [("unfinished", "30 settings (1 of 3 runs ended)")]
    assert unfinished({"lr=1": 3}) == []
