"""The update rules, each written once, as its source prints it; a file for each family.

Importing registers them, in the order of their history. The l2 term is the model's, so g already
holds it, and no rule has a coupled weight decay; an option called weight_decay is the decoupled
kind, which shrinks the weights beside the gradient step and never enters the slots.
"""

from gdrun.methods.optimizers import descent as descent  # noqa: I001 (history orders the registry)
from gdrun.methods.optimizers import scaling as scaling
from gdrun.methods.optimizers import adam as adam
from gdrun.methods.optimizers import signs as signs
from gdrun.methods.optimizers import layerwise as layerwise
