"""The live view of a study: what it says while settings train, against the results at the end."""

import re

import numpy as np
import pytest
from rich.console import Console
from study.cases import planned

from gdrun.engine.listeners import Listener
from gdrun.study.executors import InProcess
from gdrun.study.growth import MOST_POINTS, growth_of
from gdrun.study.judgement.metrics import Metric
from gdrun.study.study import StudyContext, StudyProgress, carry_out
from gdrun.views.dashboard import dashboard
from gdrun.views.progress import Beginning
from gdrun.views.study_dashboard import study_dashboard, work_done

LOSS = Metric("validation_loss")
STEPS = 6 * 7
"""The steps of a run: 6 epochs of 200 training examples in batches of 32."""


class Watcher(Listener):
    """Keeps what `see` returns for each chunk of a task, and the outcomes of the lanes."""

    def __init__(self, see):
        self.see, self.seen, self.outcomes, self.identities = see, [], {}, ()

    def of(self, task):
        self.identities = [trial.identity for trial in task.trials]
        return [self]

    def advanced(self, progress):
        growth = growth_of(self.identities, progress, self.outcomes)
        self.seen.append((progress.evaluations.points, progress.state.step, self.see(growth)))

    def ended(self, lane, outcome):
        self.outcomes[lane] = outcome


def carried_out(plan, see):
    """What `see` returned for each chunk of a plan whose trials train together; the results."""
    watcher = Watcher(lambda growth: see(StudyProgress(plan, {}), growth))
    results, _ = carry_out(plan, StudyContext(InProcess(watcher.of)))
    return watcher, [results[trial.identity] for trial in plan.trials]


def screen(study, growing, times=(2.0, 60.0), size=(78, 40)):
    console = Console(width=size[0], force_terminal=False)
    with console.capture() as captured:
        console.print(study_dashboard(study, growing, LOSS, times, size))
    return captured.get()


def test_the_best_setting_so_far_is_that_of_the_latest_evaluation():
    plan = planned({"lr": [0.0001, 0.1, 1e6]}, "optimizer=vanilla")
    watcher, results = carried_out(plan, lambda study, growth: screen(study, [growth]))
    named = 0
    for points, _, text in watcher.seen:
        losses = [
            each.evals["validation_loss"][points - 1]
            if len(each.evals["validation_loss"]) >= points and not each.diverged
            else np.inf
            for each in results
        ]
        best = int(np.argmin(losses))
        if points > 1:  # at first all settings are equal
            named += 1
            words = f"best so far: {plan.candidates[best].name}, val loss {losses[best]:.4g}\n"
            assert words in text, text
        assert "sweep: 0 of 3 runs have ended, 2.0 s, about 1 min 0 s left" in text
        assert re.search(r"^epoch [\d.]+/6  ", text, re.MULTILINE)
    assert named >= 4
    # The curve of each setting grew from one block to seven: the start and six epochs.
    rows = [re.search(r"lr=0\.1  .* ([▁-█]+)\s*\n", text) for *_, text in watcher.seen]
    lengths = [len(row[1]) for row in rows if row]
    assert lengths == sorted(lengths) and lengths[0] < lengths[-1]


def test_a_setting_that_diverged_says_so_and_is_never_the_best():
    plan = planned({"lr": [1e6, 0.1]}, "optimizer=vanilla", seeds=2)
    watcher, results = carried_out(plan, lambda study, growth: screen(study, [growth]))
    assert [each.diverged for each in results] == [True, True, False, False]
    last = watcher.seen[-1][2]
    assert "2 of 2, 2 diverged" in last
    assert "best so far: lr=0.1," in last


def test_the_work_that_is_done_counts_lanes_by_their_steps():
    plan = planned({"lr": [0.01, 0.1]}, seeds=2)
    watcher, results = carried_out(plan, lambda study, growth: work_done(study, [growth]))
    for _, step, done in watcher.seen:
        assert done == pytest.approx(4 * step / STEPS)
    everything = {result.identity: result for result in results}
    assert work_done(StudyProgress(plan, everything), []) == 4


@pytest.mark.longer
@pytest.mark.parametrize("size", [(40, 12), (78, 24), (78, 60), (200, 50)])
def test_it_fits_the_terminal(size):
    plan = planned({"lr": [10.0**-k for k in range(20)]}, "epochs=2")
    watcher, _ = carried_out(plan, lambda study, growth: screen(study, [growth], size=size))
    for *_, text in watcher.seen:
        lines = text.splitlines()
        assert len(lines) <= size[1]
        assert max(map(len, lines)) <= size[0]
        shown = len(re.findall(r"^lr=", text, re.MULTILINE))
        hidden = re.search(r"(\d+) other settings not shown", text)
        assert shown + (int(hidden[1]) if hidden else 0) == 20


def test_a_study_of_which_nothing_trains_shows_what_has_ended():
    plan = planned({"lr": [0.01, 0.1]}, "epochs=2")
    results, _ = carry_out(plan, StudyContext())
    slow = plan.trials[0].identity
    text = screen(StudyProgress(plan, {slow: results[slow]}), [], (3.0, None))
    assert "sweep: 1 of 2 runs have ended, 3.0 s\n" in text
    assert f"best so far: lr=0.01, val loss {results[slow].summary['validation_loss']:.4g}" in text
    assert re.search(r"lr=0\.01 +1 of 1 +\S+ +[▁-█]{3}", text)
    assert re.search(r"lr=0\.1 +0 of 1\s*\n", text)


def test_a_report_is_short_and_has_the_latest_evaluation():
    plan = planned({"lr": [0.1, 1e6]}, "optimizer=vanilla", "evaluate.every=0.01")
    watcher, (kept, diverged) = carried_out(plan, lambda study, growth: growth)
    last = watcher.seen[-1][2]
    assert last.statuses == {diverged.identity: "diverged"}
    assert (last.training, last.epochs) == (1, 6)
    evals = last.evals[kept.identity]
    assert len(evals["epoch"]) <= MOST_POINTS
    points = watcher.seen[-1][0]
    for name, column in evals.items():
        assert (column[0], column[-1]) == (kept.evals[name][0], kept.evals[name][points - 1])
    assert last.last["lr"] == 0.1


def test_the_curve_of_a_run_that_ended_stops_there():
    """A trace has arbitrary numbers for a lane after its end."""
    plan = planned({"lr": [0.1, 1e6]}, "optimizer=vanilla")
    charts = []

    class View(Watcher):
        def advanced(self, progress):
            view = dashboard(progress, self.outcomes, Beginning(0.0), 1.0, 80)
            charts.append(view.renderables[0].chart)

    view = View(None)
    results, _ = carry_out(plan, StudyContext(InProcess(view.of)))
    kept, diverged = (results[trial.identity] for trial in plan.trials)
    assert len(diverged.steps["step"]) < len(kept.steps["step"])
    ends = [curve for curve in charts[-1].curves if len(curve.x) < len(kept.steps["step"])]
    (end,) = ends
    assert end.y.tolist() == diverged.steps["batch_loss"].tolist()
