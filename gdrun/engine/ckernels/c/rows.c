/* Steps of a linear model on mini-batches, or on all rows of a small part of data. */

#include "steps.h"
#include "sums.h"

/* Take the steps for the lanes from `first` to `last`; returns how many of them stayed sound.

   size: the examples of a step, in their order; where it is as many as there are places, every step
   uses all of them. count: the examples that the mean is over; 0 where it is those of the step. */
int64_t advance_rows(const Examples *data, const Steps *steps, int64_t size, double count,
    int64_t first, int64_t last)
{
    const int64_t lanes = last - first, D = data->columns, outputs = data->outputs;
    const int64_t m = lanes * outputs, places = data->places;
    Buffers b = buffers_for(data, m);
    double *values = malloc(lanes * sizeof(double));
    int64_t k = 0;
    int sound = b.memory != NULL && values != NULL;
    while (sound && k < steps->steps) {
        const int64_t begin = size == places ? 0 : k * size;
        const int64_t end = begin + size < places ? begin + size : places;
        memset(values, 0, lanes * sizeof(double));
        memset(b.gradient, 0, m * b.length * sizeof(real));
        add_rows(data, begin, end, steps->W + first * steps->parameters, m, 1, 0, &b, values, NULL);
        const double scale = 1 / (count > 0 ? count : (double)(end - begin));
        for (int64_t lane = 0; lane < lanes; lane++) {
            real *G = b.gradient + lane * outputs * b.length;
            sound &= finish_step(
                steps, k, first + lane, values[lane], scale, G, outputs, D, b.length);
        }
        k += sound;
    }
    free(values);
    free(b.memory);
    return k;
}

/* End the k-th step of all lanes from the sums of a pass over all rows: losses (L,) and gradients
   G (L, P), which are written over; whether all numbers are sound. */
int finish_pass(const Steps *steps, int64_t k, const double *losses, double scale, real *G)
{
    int sound = 1;
    for (int64_t lane = 0; lane < steps->lanes; lane++)
        sound &= finish_step(steps, k, lane, losses[lane], scale, G + lane * steps->parameters, 1,
            steps->parameters, steps->parameters);
    return sound;
}
