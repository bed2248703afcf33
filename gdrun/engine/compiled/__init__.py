"""The compiled engine: the linear models' steps as fused loops, compiled by Numba.

The NumPy engine defines what gdrun computes; this one computes the same sums faster. It has no
rules or losses of its own. A module is written out for the pair that a run needs: the rule's source
and the loss's, taken from their registries as they stand, in front of the loops (`kernels`). So a
new rule, a plugin's too, is compiled without being told how. Kernels with integer codes for rules
were rejected: every new rule would be a change here, and a plugin's would have none.

    sources        the text of a registered function, with what it reads
    functions      exponential and logarithms that a loop can be vectorised with
    block_losses   losses of a block of examples, where that form is worth having
    sums           the fused loops over rows: scores, losses, gradients
    loops          those over steps, lanes and parameters
    kernels        the text of the module for one loss and one rule
    modules        that module on disk, where compiled code waits for the next process
    problem        data under a loss: sums over all rows in one pass
    chunks         what steppers have in common: the interface of the NumPy stepper
    stepper        steps of a linear model
    networks       steps of a plain network; the text of their module is in network_kernels, its
                   loops in network_loops and network_layers
    products       the matrix products of those loops
    tiles          what these are made of, as LLVM builds it
    updates        the rule's update alone, for other networks
    least_squares  full-batch least squares from a triangle
    engine         what the training loop asks for
"""

from __future__ import annotations

from collections.abc import Callable

from gdrun.engine.cohort import Cohort
from gdrun.engine.compiled.sources import NotCompilableError as NotCompilableError
from gdrun.engine.contract import Engine, KindName


def compiled_before(cohort: Cohort, kind: KindName) -> bool:
    """Whether an earlier process left the cohort's kernel compiled; this imports no Numba.

    Raises NotCompilableError where its rule or loss cannot be written out.
    """
    from gdrun.engine.compiled import modules
    from gdrun.engine.compiled.network_kernels import network_text
    from gdrun.engine.compiled.problem import text_of
    from gdrun.engine.compiled.updates import text_of_update

    texts = {"linear": text_of, "network": network_text, "update": text_of_update}
    return modules.compiled_before(texts[kind](cohort))


def compiled_engine(cohort: Cohort, kind: KindName) -> Engine:
    """The engine of this kind for the cohort, compiled. Raises NotCompilableError."""
    from gdrun.engine.compiled.engine import CompiledEngine
    from gdrun.engine.compiled.networks import NetworkEngine
    from gdrun.engine.compiled.updates import UpdateEngine

    kinds: dict[KindName, Callable[[Cohort], Engine]] = {
        "linear": CompiledEngine,
        "network": NetworkEngine,
        "update": UpdateEngine,
    }
    return kinds[kind](cohort)
