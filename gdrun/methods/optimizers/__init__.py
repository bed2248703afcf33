"""The update rules, each written as in its paper. Each file holds one family of rules.

Importing this package registers the rules, in the order of their history. An l2 penalty is an
option of the model, so the gradient g already includes it. The option weight_decay of some rules is
decoupled weight decay: it shrinks the weights directly and does not enter the slots (the state that
a rule carries from step to step).
"""

from gdrun.methods.optimizers import descent as descent  # noqa: I001 (history orders the registry)
from gdrun.methods.optimizers import scaling as scaling
from gdrun.methods.optimizers import adam as adam
from gdrun.methods.optimizers import signs as signs
from gdrun.methods.optimizers import layerwise as layerwise
