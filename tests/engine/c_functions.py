"""Call C functions on arrays: translated equations, and functions of mathematics.h."""

import ctypes

import numpy as np

from gdrun.engine.compiled.compiler import library
from gdrun.engine.compiled.translate import translate

BITS = {np.dtype("float32"): 32, np.dtype("float64"): 64}


def over_arrays(text, call, inputs, results, dtype):
    """The C statement `call` for each entry of the inputs, as a function of arrays.

    text: C text in front of it. The statement reads in0, in1, … and numbers[k], and writes out0, ….
    """
    loads = " ".join(f"const real in{k} = in[{k} * n + i];" for k in range(inputs))
    places = " ".join(f"real out{k};" for k in range(results))
    stores = " ".join(f"out[{k} * n + i] = out{k};" for k in range(results))
    unit = f"""#define REAL_BITS {BITS[np.dtype(dtype)]}
#include "mathematics.h"
{text}
void run(const real *restrict in, const double *numbers, real *restrict out, long n)
{{
    for (long i = 0; i < n; i++) {{ {loads} {places} {call} {stores} }}
}}
"""
    run = library(unit).run
    run.restype = None

    def on(arrays, numbers=()):
        given = np.ascontiguousarray(arrays, dtype).reshape(inputs, -1)
        shared = np.array([*numbers, 0.0])
        found = np.empty((results, given.shape[1]), dtype)
        pointers = [ctypes.c_void_p(array.ctypes.data) for array in (given, shared, found)]
        run(*pointers, ctypes.c_long(given.shape[1]))
        return found

    return on


def translated(function, *, each, shared=(), constants=None, results, dtype):
    """The function translated to C, called with arrays for `each` and numbers for `shared`."""
    names = {name: f"in{k}" for k, name in enumerate(each)}
    numbers = {name: f"numbers[{k}]" for k, name in enumerate(shared)}
    known = translate(
        function, each=names, shared=numbers, constants=constants or {}, results=results
    )
    text = known.text("equation", "const double *numbers", list(names.values()))
    outputs = "".join(f", &out{k}" for k in range(results))
    call = f"equation(equation_numbers(numbers), {', '.join(names.values())}{outputs});"
    return over_arrays(text, call, len(names), results, dtype)
