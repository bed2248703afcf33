"""python tests/bench [--quick] [--only NAME ...] [--markdown]"""

import sys
from pathlib import Path

# Run by its path, a folder is no package yet.
sys.path[0] = str(Path(__file__).resolve().parents[1])

if __name__ == "__main__":
    from bench.command import main

    sys.exit(main())
