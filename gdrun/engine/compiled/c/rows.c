/* Steps of a linear model on mini-batches, or on all rows of a small part of data. */

#include "lanes.h"
#include "sums.h"

/* Take the steps for the lanes from `first` to `last`. Returns the number of steps before the first
   one that exceeds the limits of a lane.

   size: the examples of a step; if it is the number of places, every step uses all examples. count:
   the number that a mean divides by; 0 for the number of examples of the step. */
int64_t advance_rows(const Examples *data, const Steps *steps, int64_t size, double count,
    int64_t first, int64_t last)
{
    const int64_t lanes = last - first, m = lanes * data->outputs, places = data->places;
    Buffers b = buffers_for(data, m);
    Lanes l = lanes_of(steps, first, last, data->outputs);
    double *values = malloc(lanes * sizeof(double));
    int64_t k = 0;
    int fine = b.memory != NULL && l.memory != NULL && values != NULL;
    while (fine && k < steps->steps) {
        const int64_t begin = size == places ? 0 : k * size;
        const int64_t end = begin + size < places ? begin + size : places;
        memset(values, 0, lanes * sizeof(double));
        memset(b.gradient, 0, m * b.length * sizeof(real));
        add_rows(data, begin, end, l.W, m, 1, 0, &b, values, NULL);
        const double scale = 1 / (count > 0 ? count : (double)(end - begin));
        for (int64_t lane = 0; lane < lanes; lane++) {
            real *G = b.gradient + lane * data->outputs * b.length;
            fine &= finish_step(steps, l, k, first + lane, lane, values[lane], scale, G);
        }
        k += fine;
    }
    free(values);
    free_lines(b.memory);
    keep_lanes(steps, first, last, l);
    return k;
}

/* Finish step k of all lanes from the sums of a pass over all rows: losses (L,) and gradients
   (L, P). scale: one over the number of examples. Returns whether all lanes are within limits; 0
   also if memory cannot be allocated. */
int finish_pass(const Steps *steps, int64_t k, const double *losses, double scale, const real *sums)
{
    const int64_t P = steps->parameters;
    Lanes l = lanes_of(steps, 0, steps->lanes, 1);
    real *G = allocate_lines(l.length * sizeof(real));
    int fine = l.memory != NULL && G != NULL;
    for (int64_t lane = 0; lane < steps->lanes && G != NULL && l.memory != NULL; lane++) {
        memset(G + P, 0, (l.length - P) * sizeof(real));
        memcpy(G, sums + lane * P, P * sizeof(real));
        fine &= finish_step(steps, l, k, lane, lane, losses[lane], scale, G);
    }
    free_lines(G);
    keep_lanes(steps, 0, steps->lanes, l);
    return fine;
}
