/* The state of the lanes of a linear model, and the end of a step: clipping, update, measures. */

#ifndef LANES_H
#define LANES_H

#include "memory.h"
#include "steps.h"
#include "tiles.h"

/* The state of some lanes, padded to whole vectors: a lane has `rows` rows of `columns` numbers,
   and each row is padded with zeros to `length` numbers. */
typedef struct {
    real *W, *slots, *decay; /* (lanes, rows, length), (lanes, SLOTS, rows, length), as W */
    real *inside;            /* (length,), 1 for each column, 0 for padding */
    int64_t rows, columns, length;
    void *memory;
} Lanes;

/* Copy rows between a padded and an unpadded array; the lengths are the distances of rows. */
static void copy_state(real *to, int64_t to_length, const real *from, int64_t from_length,
    int64_t rows, int64_t columns)
{
    for (int64_t row = 0; row < rows; row++)
        memcpy(to + row * to_length, from + row * from_length, columns * sizeof(real));
}

/* Returns a padded copy of the lanes from `first` to `last`, each of `rows` rows; its memory is
   NULL if it cannot be allocated. */
static Lanes lanes_of(const Steps *steps, int64_t first, int64_t last, int64_t rows)
{
    const int64_t P = steps->parameters, columns = P / rows, lanes = last - first;
    Lanes l = {.rows = rows, .columns = columns, .length = padded(columns)};
    const int64_t count = lanes * rows * l.length;
    const int64_t bytes = (count * (SLOTS + 2) + l.length) * sizeof(real);
    l.memory = allocate_lines(bytes);
    if (l.memory == NULL)
        return l;
    memset(l.memory, 0, bytes);
    l.W = l.memory, l.decay = l.W + count, l.slots = l.decay + count;
    l.inside = l.slots + SLOTS * count;
    for (int64_t j = 0; j < columns; j++)
        l.inside[j] = 1;
    copy_state(l.W, l.length, steps->W + first * P, columns, lanes * rows, columns);
    copy_state(l.decay, l.length, steps->decay + first * P, columns, lanes * rows, columns);
    copy_state(l.slots, l.length, steps->slots + first * SLOTS * P, columns, lanes * SLOTS * rows,
        columns);
    return l;
}

/* Copy the lanes back to `steps`, and free their memory. */
static void keep_lanes(const Steps *steps, int64_t first, int64_t last, Lanes l)
{
    const int64_t P = steps->parameters, lanes = last - first;
    if (l.memory != NULL) {
        copy_state(steps->W + first * P, l.columns, l.W, l.length, lanes * l.rows, l.columns);
        copy_state(steps->slots + first * SLOTS * P, l.columns, l.slots, l.length,
            lanes * SLOTS * l.rows, l.columns);
    }
    free_lines(l.memory);
}

#if CLIPS
/* Scale g (count,) so that its norm is at most bounds[0], then limit its entries to ± bounds[1].
   Returns whether g was changed. */
static inline int clip(real *restrict g, int64_t count, double norm, const double *bounds)
{
    int clipped = 0;
    if (norm > bounds[0]) {
        const real factor = bounds[0] / norm;
        clipped = 1;
#pragma omp simd
        for (int64_t j = 0; j < count; j++)
            g[j] *= factor;
    }
    if (bounds[1] < INFINITY) {
        const real most = bounds[1];
        int64_t over = 0;
#pragma omp simd reduction(+ : over)
        for (int64_t j = 0; j < count; j++) {
            const real size = REAL(fabs)(g[j]);
            over += size > most;
            g[j] = size > most ? REAL(copysign)(most, g[j]) : g[j];
        }
        clipped |= over > 0;
    }
    return clipped;
}

/* Replace G (rows, length), a sum, by the mean gradient with the l2 term, with zeros as padding.
   share: one over the number of examples. squares, penalty receive ‖G‖² and Σ l2 w². */
static inline void take_mean(Lanes l, const real *restrict w, const real *restrict decay,
    real *restrict G, real share, double *squares, double *penalty)
{
    double square = 0, pulled = 0;
    for (int64_t row = 0; row < l.rows; row++) {
        const int64_t first = row * whole(l.length);
#pragma omp simd reduction(+ : square, pulled)
        for (int64_t j = 0; j < whole(l.length); j++) {
            real g = G[first + j] * share;
            if (DECAYS) {
                const real pull = decay[first + j] * w[first + j];
                pulled += pull * w[first + j];
                g += pull;
            }
            g = l.inside[j] > 0 ? g : 0;
            square += g * g;
            G[first + j] = g;
        }
    }
    *squares = square, *penalty = pulled;
}
#endif

/* Sums over the parameters of a lane: ‖g‖², Σ l2 w², ‖Δw‖², ‖w‖². */
typedef struct {
    double squares, penalty, move, weight;
} Sums;

#define SUMMED 4096 /* parameters whose sums are kept in the run's number type */

/* Update `length` weights w by the rule with the gradient share · G, to which the l2 term is added
   without clipping. Slot k of weight j is slots[k P + j]. inside: 0 for padding, else 1. */
static inline void move_weights(struct step_numbers numbers, int64_t length, const real *inside,
    real *restrict w, real *restrict slots, const real *restrict decay, const real *restrict G,
    real share, int64_t P, Sums *sums)
{
    /* Each sum is an array as long as a vector, which the compiler keeps in one register. */
    real squares[VECTOR] = {0}, penalty[VECTOR] = {0}, move[VECTOR] = {0}, weight[VECTOR] = {0};
    for (int64_t begin = 0; begin < length; begin += VECTOR)
#pragma omp simd
        for (int64_t r = 0; r < VECTOR; r++) {
            const int64_t j = begin + r;
            const int kept = inside[j] > 0;
            const real old = w[j];
            real g = share * G[j];
            if (DECAYS && !CLIPS) {
                const real pull = decay[j] * old;
                penalty[r] += pull * old;
                g += pull;
            }
            g = kept ? g : 0;
            squares[r] += g * g;
            const real moved = moved_weight(numbers, old, g, slots, P, j);
            const real next = kept ? moved : 0;
            w[j] = next;
            move[r] += (next - old) * (next - old);
            weight[r] += next * next;
        }
    sums->squares += total(load(squares));
    sums->penalty += total(load(penalty));
    sums->move += total(load(move));
    sums->weight += total(load(weight));
}

/* Update all weights of lane `at` of l with the gradient share · G (rows, length). */
static inline void move_lane(struct step_numbers numbers, Lanes l, int64_t at,
    const real *restrict G, real share, Sums *sums)
{
    const int64_t length = whole(l.length), P = l.rows * length;
    real *slots = l.slots + at * SLOTS * P, *w = l.W + at * P;
    const real *decay = l.decay + at * P;
    for (int64_t row = 0; row < P; row += length)
        for (int64_t j = 0; j < length; j += SUMMED) {
            const int64_t first = row + j, some = length - j < SUMMED ? length - j : SUMMED;
            move_weights(numbers, whole(some), l.inside + j, w + first, slots + first,
                decay + first, G + first, share, P, sums);
        }
}

/* Finish step k of a lane, whose index in l is `at`, from its sums over a batch. Returns whether
   the step is within limits.

   loss: Σ ℓ. G (rows, length): Σ ∇ℓ; it may be overwritten, and its padding may have any values.
   scale: one over the number of examples. */
static __attribute__((noinline)) int finish_step(const Steps *steps, Lanes l, int64_t k,
    int64_t lane, int64_t at, double loss, double scale, real *restrict G)
{
    const struct step_numbers numbers =
        numbers_of_step(steps, steps->options + lane * OPTIONS, k, lane);
    Sums sums = {0};
    int clipped = 0;
#if CLIPS
    const int64_t count = l.rows * whole(l.length);
    double squares, penalty;
    take_mean(l, l.W + at * count, l.decay + at * count, G, scale, &squares, &penalty);
    clipped = clip(G, count, sqrt(squares), steps->bounds + 2 * lane);
    move_lane(numbers, l, at, G, 1, &sums);
    sums.squares = squares, sums.penalty = penalty;
#else
    move_lane(numbers, l, at, G, scale, &sums);
#endif
    const double value = loss * scale + 0.5 * sums.penalty;
    const double norm = sqrt(sums.squares), size = sqrt(sums.weight);
    *measure(steps, 0, k, lane) = value;
    *measure(steps, 1, k, lane) = norm;
    *measure(steps, 2, k, lane) = sqrt(sums.move);
    *measure(steps, 3, k, lane) = size;
    *measure(steps, 4, k, lane) = clipped;
    return within_limits(value, steps->limit[lane], norm, size);
}

#endif
