/* The layers of a plain network, for its steps and its evaluations.

   Layer k of a lane is a matrix (outputs, inputs + 1) of its parameters; the last column is the
   bias. z = W h + b of a layer is (units, width): the width is the size of a batch or of a block of
   rows, padded to whole vectors. A 1 is appended to the inputs of a layer, for the bias. The
   generated header defines

       activation(numbers, z, &value, &slope)    the activation and its slope, as NumPy has them */

#ifndef LAYERS_H
#define LAYERS_H

#include "losses.h"
#include "memory.h"
#include "tiles.h"

typedef struct {
    const double *extra;   /* the options of the loss, then those of the activation */
    const int64_t *widths; /* (count + 1,): inputs, hidden units, outputs */
    const int64_t *begins; /* (count + 1,), index of the first parameter of each layer */
    int64_t count;
} Layers;

/* Returns the number of inputs of a layer, with the appended 1. */
static inline int64_t entering(const Layers *layers, int64_t layer)
{
    return layers->widths[layer] + 1;
}

/* Returns the largest number of units of a layer, plus one; the input is a layer, too. */
static inline int64_t most_numbers(const Layers *layers)
{
    int64_t most = 0;
    for (int64_t k = 0; k <= layers->count; k++)
        most = entering(layers, k) > most ? entering(layers, k) : most;
    return most;
}

/* Returns the address of the next `bytes` bytes of the memory and advances `at` behind them. If
   memory is NULL, it only advances `at`, to count the size. */
static inline void *placed(char *memory, int64_t *at, int64_t bytes)
{
    char *found = memory == NULL ? NULL : memory + *at;
    *at += (bytes + LINE - 1) / LINE * LINE;
    return found;
}

/* Compute z of a layer's units from `first` to `last`, from its inputs (inputs + 1, examples). The
   rows of both are `width` apart, and the number of examples is a multiple of VECTOR. W: the
   parameters of the lane. */
static inline void weighted_inputs(const Layers *layers, const real *W, int64_t layer,
    int64_t first, int64_t last, const real *entered, real *z, int64_t width, int64_t examples)
{
    const int64_t inputs = entering(layers, layer);
    const Matrix weights = {W + layers->begins[layer] + first * inputs, inputs, 1};
    weighted_rows(
        weights, last - first, inputs, entered, width, z + first * width, width, examples, 0);
}

#endif
