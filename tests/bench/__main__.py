"""Every benchmark in turn: python tests/bench."""

import runpy
from pathlib import Path

for script in sorted(Path(__file__).parent.glob("bench_*.py")):
    runpy.run_path(str(script), run_name="__main__")
