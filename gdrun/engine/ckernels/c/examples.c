/* Steps of a linear model on one example each, without clipping: a gradient is never stored. */

#include "lanes.h"
#include "sums.h"

#define AHEAD 16    /* steps between prefetching a row from memory and using it */
#define SOON 4      /* steps between moving it into the first cache and using it */
#define EXAMINED 64 /* steps whose losses are computed together */

/* Turn what the steps from `begin` to `end` noted into measures; whether all are sound.

   Noted were score, ‖g‖², ‖Δw‖², ‖w‖² and Σ l2 w². y: the targets of these steps. */
static int examine(const Steps *steps, struct loss_numbers numbers, const target *restrict y,
    int64_t begin, int64_t end, int64_t lane)
{
    const int64_t L = steps->lanes, apart = steps->steps * L;
    const double limit = steps->limit[lane];
    double *restrict noted = steps->measures + begin * L + lane;
    int unsound = 0;
#pragma omp simd reduction(| : unsound)
    for (int64_t i = 0; i < end - begin; i++) {
        double *restrict at = noted + i * L;
        real value, slope;
        loss(numbers, at[0], y[i], &value, &slope);
        const double total = value + 0.5 * at[4 * apart];
        const double squares = at[apart], length = at[3 * apart];
        unsound |= !is_sound(total, limit, squares, length);
        at[0] = total;
        at[apart] = sqrt(squares);
        at[2 * apart] = sqrt(at[2 * apart]);
        at[3 * apart] = sqrt(length);
        at[4 * apart] = 0;
    }
    return !unsound;
}

/* The first step from `begin` to `end` at which a lane's measures are not sound. */
static int64_t first_unsound(
    const Steps *steps, int64_t begin, int64_t end, int64_t first, int64_t last)
{
    for (int64_t k = begin; k < end; k++)
        for (int64_t lane = first; lane < last; lane++)
            if (!is_sound(*measure(steps, 0, k, lane), steps->limit[lane],
                    *measure(steps, 1, k, lane), *measure(steps, 3, k, lane)))
                return k;
    return begin;
}

/* The k-th step of the lane at place `at`, on the example x (length,) with target y. */
static inline void step(const Steps *steps, struct loss_numbers loss_of, Lanes l, int64_t k,
    int64_t lane, int64_t at, const real *restrict x, target y)
{
    const int64_t length = whole(l.length);
    const struct step_numbers numbers
        = numbers_of_step(steps, steps->options + lane * OPTIONS, k, lane);
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

/* Take the steps, the k-th on place k of the order, for the lanes from `first` to `last`; returns
   how many of them stayed sound. */
int64_t advance_examples(const Examples *data, const Steps *steps, int64_t first, int64_t last)
{
    const struct loss_numbers numbers = loss_numbers(data->extra);
    Buffers b = buffers_for(data, 1);
    Lanes l = lanes_of(steps, first, last, 1);
    target y[EXAMINED];
    int64_t begin = 0;
    int sound = b.memory != NULL && l.memory != NULL;
    while (sound && begin < steps->steps) {
        const int64_t end = begin + EXAMINED < steps->steps ? begin + EXAMINED : steps->steps;
        for (int64_t k = begin; k < end; k++) {
            const real *x = row_of(data, &b, k);
            fetch(data, k + AHEAD, 2);
            fetch(data, k + SOON, 3);
            y[k - begin] = data->y[row_at(data, k)];
            for (int64_t lane = first; lane < last; lane++)
                step(steps, numbers, l, k, lane, lane - first, x, y[k - begin]);
        }
        for (int64_t lane = first; lane < last; lane++)
            sound &= examine(steps, numbers, y, begin, end, lane);
        begin = sound ? end : first_unsound(steps, begin, end, first, last);
    }
    free(b.memory);
    keep_lanes(steps, first, last, l);
    return begin;
}
