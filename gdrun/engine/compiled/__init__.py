"""The compiled engine: kernels in C, compiled on first use by the C compiler of the machine.

A kernel is a C function that computes many steps in one call. The NumPy engine defines what gdrun
computes; the compiled engine computes the same sums faster. It has no rules or losses of its own: a
generated header contains the rule, loss and activation that NumPy runs, translated from their
Python source. So a new equation, also one of a plugin, needs no change in this package. Kernels
with integer codes for rules were rejected: every new rule would need a change here. Kernels
compiled by Numba were rejected: it took 4 to 17 s to compile them and 1.2 s to load them in each
process. The kernels in C take 0.1 to 1.5 s to compile and a few milliseconds to load.

    compiler           finds the C compiler, and compiles the kernels to libraries
    library_cache      keeps the libraries on disk for later processes
    translate          translates a Python equation to C
    operations         translates the operators and functions in an equation
    terms              the values in an equation, and the C statements that compute them
    elementary         the functions of NumPy and math that can be translated to C
    units              the C text of each kernel: a generated header and a C file
    arguments          the arguments of kernels, as C structs
    linear_kernels     the kernels of a linear model
    problem            sums of losses and gradients over all rows, for a linear model
    chunks             the base class of the compiled steppers
    stepper            the stepper of a linear model
    network_kernel     the kernel of a plain network
    networks           the stepper of a plain network
    network_objective  evaluations of a plain network
    updates            the compiled update of a rule alone, for other networks
    least_squares      full-batch least squares by QR factorisation
    engine             the engine of a linear model
"""

from __future__ import annotations

from collections.abc import Callable

from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Engine, KindName


def kernel_texts(cohort: Cohort, kind: KindName) -> list[str]:
    """Return the C source texts of the kernels of an engine of this kind, without compiling them.

    kind: linear, for a linear model; network, for mini-batches and a network without batch_norm,
    dropout and residual; update, for the update alone of any other model. Raises NotCompilableError
    if an equation cannot be translated to C.
    """
    from gdrun.engine.compiled.linear_kernels import step_texts
    from gdrun.engine.compiled.network_kernel import NetworkKernel
    from gdrun.engine.compiled.updates import text_of_update

    if kind == "linear":
        return step_texts(cohort)
    return [NetworkKernel.of(cohort).text if kind == "network" else text_of_update(cohort)]


def compiled_engine(cohort: Cohort, kind: KindName) -> Engine:
    """Compile the kernels of an engine of this kind for the cohort, and return the engine.

    kind: linear, for a linear model; network, for mini-batches and a network without batch_norm,
    dropout and residual; update, for the update alone of any other model. Raises NotCompilableError
    if an equation cannot be translated to C, or if the compiler fails.
    """
    from gdrun.engine.compiled.engine import CompiledEngine
    from gdrun.engine.compiled.networks import NetworkEngine
    from gdrun.engine.compiled.updates import UpdateEngine

    kinds: dict[KindName, Callable[[Cohort], Engine]] = {
        "linear": CompiledEngine,
        "network": NetworkEngine,
        "update": UpdateEngine,
    }
    return kinds[kind](cohort)


def require_compiler() -> None:
    """Raise CompilerError if the machine has no C compiler."""
    compiler_version()


def compiler_version() -> str:
    """Return the version line of the C compiler. Raises CompilerError if there is no compiler."""
    from gdrun.engine.compiled.compiler import compiler

    return compiler().version
