"""Update rules, schedules, sampling, clipping and stopping, as equations; plugins can add more.

Importing this package registers the optimizers.
"""

from gdrun.methods import optimizers as optimizers
