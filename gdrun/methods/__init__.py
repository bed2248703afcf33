"""Update rules, schedules, sampling, clipping and stopping: equations without input or output.

Importing this package registers the optimizers.
"""

from gdrun.methods import optimizers as optimizers
