"""The compiled engine: kernels in C, compiled on first use by the C compiler of the machine.

The NumPy engine defines what gdrun computes; this one computes the same sums faster. It has no
rules or losses of its own: a generated header holds the very rule, loss and activation that NumPy
runs, translated from their Python source. So a new equation, a plugin's too, needs no change here.
Kernels with integer codes for rules were rejected: every new rule would be a change here. Kernels
through Numba were given up: they took 4 to 17 s to compile and 1.2 s to load in each process, where
these take 0.1 to 1.5 s and a few milliseconds.

    compiler         the C compiler, and the libraries that it makes
    library_cache    those libraries on disk, where the next process finds them
    translate        a Python equation as C
    operations       the operators and functions of its values
    terms            those values, and the C statements that name them
    elementary       the functions of NumPy and math that the translation knows, as C has them
    units            the C text of each kernel: a generated header, and the file that it completes
    arguments        what kernels take, as C structs
    linear_kernels   the kernels of a linear model
    problem          data under a loss: sums over all rows in one pass
    chunks           what steppers have in common: the interface of the NumPy stepper
    stepper          steps of a linear model
    network_kernel   the kernel of a plain network
    networks         steps of a plain network
    updates          the rule's update alone, for other networks
    least_squares    full-batch least squares from a triangle
    engine           what the training loop needs for a linear model
"""

from __future__ import annotations

from collections.abc import Callable

from gdrun.engine.cohort import Cohort
from gdrun.engine.contract import Engine, KindName


def kernel_texts(cohort: Cohort, kind: KindName) -> list[str]:
    """The C texts of the kernels of an engine of this kind; this compiles nothing.

    Raises NotCompilableError where they have no C form.
    """
    from gdrun.engine.compiled.linear_kernels import step_texts
    from gdrun.engine.compiled.network_kernel import NetworkKernel
    from gdrun.engine.compiled.updates import text_of_update

    if kind == "linear":
        return step_texts(cohort)
    return [NetworkKernel.of(cohort).text if kind == "network" else text_of_update(cohort)]


def compiled_engine(cohort: Cohort, kind: KindName) -> Engine:
    """The engine of this kind for the cohort, with its kernels compiled.

    Raises NotCompilableError where they have no C form, or the compiler does not make them.
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
    """Raises CompilerError where the machine has no C compiler."""
    compiler_version()


def compiler_version() -> str:
    """What the C compiler of this machine says about its version. Raises CompilerError."""
    from gdrun.engine.compiled.compiler import compiler

    return compiler().version
