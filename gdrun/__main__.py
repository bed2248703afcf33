"""The entry point of `python -m gdrun`, which does the same as `gdrun`."""

import sys

from gdrun.cli import main

sys.exit(main())
