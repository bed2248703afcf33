"""`python -m gdrun` is `gdrun`."""

import sys

from gdrun.cli import main

sys.exit(main())
