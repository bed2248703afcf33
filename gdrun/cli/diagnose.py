"""`gdrun diagnose`: what went wrong in a run, with evidence and remedies, which it can try."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from gdrun.cli import console
from gdrun.cli.experiments import Json, Plugins
from gdrun.cli.running import RUNS, Out
from gdrun.cli.show import Which

Try = Annotated[
    bool, typer.Option("--try", help="Train with each remedy, and show which of them worked.")
]


def diagnose(
    run: Which = "last",
    attempt: Try = False,
    out: Out = RUNS,
    json: Json = False,
    plugins: Plugins = None,
) -> None:
    """Find what went wrong in a run, and the remedies."""
    from gdrun.insight import remedies
    from gdrun.runs.run import find_run, read_run
    from gdrun.symptoms.registry import diagnose
    from gdrun.views.diagnosis import diagnosis_data, diagnosis_view

    recorded = read_run(find_run(run, out))
    symptoms = [
        replace(each, remedies=remedies.fitting(recorded.config, each.remedies))
        for each in diagnose(remedies.traced(recorded))
    ]
    tried = remedies.try_remedies(recorded, symptoms) if attempt else None
    if json:
        console.print_json(diagnosis_data(symptoms, tried))
    else:
        console.show(diagnosis_view(symptoms, tried))
        if tried is None and any(each.remedies for each in symptoms):
            typer.echo("\nNone of these changes was run: add --try to train with each.")
