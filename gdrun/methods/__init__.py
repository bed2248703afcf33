"""Rules, schedules, sampling, clipping, stopping: equations, no I/O. Importing registers them."""

from gdrun.methods import optimizers as optimizers
