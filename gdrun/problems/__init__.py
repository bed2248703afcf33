"""Losses and models: their values and gradients. Importing this package registers them by name."""

from gdrun.problems import linear as linear
from gdrun.problems import mlp as mlp
