/* Steps of a linear model on one example each, without clipping. The gradient is the example times
   the slope of the loss, so it is never stored. */

#include "lanes.h"
#include "sums.h"

#define AHEAD 16    /* steps between prefetching a row from memory and using it */
#define SOON 4      /* steps between prefetching it into the L1 cache and using it */
#define EXAMINED 64 /* steps whose losses are computed together */

/* Compute the measures of a lane's steps from `begin` to `end`. They replace the numbers that
   `step` wrote: score, ‖g‖², ‖Δw‖², ‖w‖² and Σ l2 w². y: the targets of these steps. Returns
   whether all measures are within limits. */
static int examine(const Steps *steps, struct loss_numbers numbers, const target *restrict y,
    int64_t begin, int64_t end, int64_t lane)
{
    const int64_t L = steps->lanes, apart = steps->steps * L;
    const double limit = steps->limit[lane];
    double *restrict left = steps->measures + begin * L + lane;
    int beyond = 0;
#pragma omp simd reduction(| : beyond)
    for (int64_t i = 0; i < end - begin; i++) {
        double *restrict at = left + i * L;
        real value, slope;
        loss(numbers, at[0], y[i], &value, &slope);
        const double total = value + 0.5 * at[4 * apart];
        const double squares = at[apart], length = at[3 * apart];
        beyond |= !within_limits(total, limit, squares, length);
        at[0] = total;
        at[apart] = sqrt(squares);
        at[2 * apart] = sqrt(at[2 * apart]);
        at[3 * apart] = sqrt(length);
        at[4 * apart] = 0;
    }
    return !beyond;
}

/* Returns the first step from `begin` to `end` at which the measures of a lane from `first` to
   `last` exceed their limits. */
static int64_t first_beyond_limits(
    const Steps *steps, int64_t begin, int64_t end, int64_t first, int64_t last)
{
    for (int64_t k = begin; k < end; k++)
        for (int64_t lane = first; lane < last; lane++)
            if (!within_limits(*measure(steps, 0, k, lane), steps->limit[lane],
                    *measure(steps, 1, k, lane), *measure(steps, 3, k, lane)))
                return k;
    return begin;
}

/* Take step k of a lane, whose index in `l` is `at`, on the example x (length,) with target y. Its
   measures are completed later, by `examine`. */
static inline void step(const Steps *steps, struct loss_numbers loss_of, Lanes l, int64_t k,
    int64_t lane, int64_t at, const real *restrict x, target y)
{
    const int64_t length = whole(l.length);
    const struct step_numbers numbers =
        numbers_of_step(steps, steps->options + lane * OPTIONS, k, lane);
    const real score = dot(x, l.W + at * length, length);
    real value, slope;
    loss(loss_of, score, y, &value, &slope);
    Sums sums = {0};
    move_lane(numbers, l, at, x, slope, &sums);
    *measure(steps, 0, k, lane) = score;
    *measure(steps, 1, k, lane) = sums.squares;
    *measure(steps, 2, k, lane) = sums.move;
    *measure(steps, 3, k, lane) = sums.weight;
    *measure(steps, 4, k, lane) = sums.penalty;
}

/* Take the steps for the lanes from `first` to `last`; step k uses the example at place k of the
   order. Returns the number of steps before the first one that exceeds the limits of a lane. */
int64_t advance_examples(const Examples *data, const Steps *steps, int64_t first, int64_t last)
{
    const struct loss_numbers numbers = loss_numbers(data->extra);
    Buffers b = buffers_for(data, 1);
    Lanes l = lanes_of(steps, first, last, 1);
    target y[EXAMINED];
    int64_t begin = 0;
    int fine = b.memory != NULL && l.memory != NULL;
    while (fine && begin < steps->steps) {
        const int64_t end = begin + EXAMINED < steps->steps ? begin + EXAMINED : steps->steps;
        for (int64_t k = begin; k < end; k++) {
            const real *x = row_of(data, &b, k);
            fetch_to_second(data, k + AHEAD);
            fetch_to_first(data, k + SOON);
            y[k - begin] = data->y[row_at(data, k)];
            for (int64_t lane = first; lane < last; lane++)
                step(steps, numbers, l, k, lane, lane - first, x, y[k - begin]);
        }
        for (int64_t lane = first; lane < last; lane++)
            fine &= examine(steps, numbers, y, begin, end, lane);
        begin = fine ? end : first_beyond_limits(steps, begin, end, first, last);
    }
    free_lines(b.memory);
    keep_lanes(steps, first, last, l);
    return begin;
}
