"""python tests/fuzz [INPUTS] [--seed N] [--only KIND ...] [--replay FOLDER]"""

import sys
from pathlib import Path

# Run by its path, a folder is no package yet.
sys.path[0] = str(Path(__file__).resolve().parents[1])

if __name__ == "__main__":
    from fuzz.command import main

    sys.exit(main())
