"""Losses and models: value and gradient, for all lanes at once. Importing registers them."""

from gdrun.problems import linear as linear
from gdrun.problems import mlp as mlp
