/* Steps of a plain network, computed by several threads together.

   A step has three parts, with a barrier after each. First each thread computes z = W h + b of its
   units of the first layer, for the whole batch. Then it computes the other layers forward and
   back, for its examples of the batch. Finally it computes the gradient of its units in every
   layer, updates their parameters, and reads its examples of the next batch. If gradients are
   clipped, there is one more barrier before the update, because the norm depends on all units.

   This division has three advantages. A step uses every core without a queue of tasks, which would
   take longer than the step. No gradient is a sum over threads. The weights of the first layer,
   usually the largest, stay in the cache of one core from step to step.

   There are S index streams; stream s is used by the lanes from starts[s] to starts[s + 1]. The
   slopes dℓ/dz of a layer have the shape of its z, see layers.h. */

#include "steps.h"
#include "workspace.h"

#define AHEAD 4    /* rows between prefetching one and copying it */
#define BLOCK 8192 /* parameters whose sums are kept in the run's number type */

/* Returns the number of examples of step k: n->size, or fewer in the last step. */
static inline int64_t examples_of_step(const Network *n, int64_t k)
{
    const int64_t left = n->places - k * n->size;
    return left < n->size ? left : n->size;
}

/* Copy a thread's rows of step k to the workspace, for each stream, also transposed. */
static void read_step(Workspace *w, int64_t k, int64_t thread)
{
    const Network *n = w->network;
    const int64_t begin = k * n->size, width = w->width;
    const int64_t D = n->layers.widths[0], length = padded(D + 1);
    const int64_t count = examples_of_step(n, k);
    const int64_t first = first_row(w, count, thread), end = first_row(w, count, thread + 1);
    const int64_t last = end < count ? end : count;
    for (int64_t s = 0; s < n->streams; s++) {
        const int64_t batch = k % 2 * n->streams + s;
        const int64_t *order = n->orders + s * n->places + begin;
        real *rows = w->rows + batch * width * length,
             *columns = w->columns + batch * (D + 1) * width;
        for (int64_t i = first; i < last; i++) {
            if (i + AHEAD < last)
                for (int64_t byte = 0; byte < D * (int64_t)sizeof(real); byte += LINE)
                    __builtin_prefetch((const char *)(n->X + order[i + AHEAD] * D) + byte);
            memcpy(rows + i * length, n->X + order[i] * D, D * sizeof(real));
            w->y[s * width + i] = n->y[order[i]];
        }
        transpose(rows + first * length, length, last - first, D, columns + first, width);
    }
}

/* Compute z of the first layer, for a thread's units and all rows of a batch. */
static void first_layer(
    Workspace *w, const real *W, int64_t k, int64_t s, int64_t lane, int64_t count, int64_t thread)
{
    const Network *n = w->network;
    const int64_t inputs = entering(&n->layers, 0), units = n->layers.widths[1], width = w->width;
    const int64_t first = share(units, thread, n->threads);
    const int64_t last = share(units, thread + 1, n->threads);
    const real *columns = w->columns + (k % 2 * n->streams + s) * inputs * width;
    real *z = w->z[0] + lane * units * width;
    weighted_inputs(&n->layers, W, 0, first, last, columns, z, width, padded(count));
}

/* Compute the activations of a layer's z (units, width), and replace z by their slopes. They are
   written to h (units + 1, width), whose last row is ones, and to its transpose `rows`. Only the
   examples from `first` to `end` are computed; their number is a multiple of VECTOR. */
static void activate(struct activation_numbers numbers, real *restrict z, int64_t units,
    int64_t width, int64_t first, int64_t end, real *restrict h, real *restrict rows)
{
    for (int64_t u = 0; u < units; u++)
        for (int64_t begin = first; begin < end; begin += VECTOR)
#pragma omp simd
            for (int64_t r = 0; r < VECTOR; r++) {
                const int64_t at = u * width + begin + r;
                real value, slope;
                activation(numbers, z[at], &value, &slope);
                h[at] = value;
                z[at] = slope;
            }
    for (int64_t i = first; i < end; i++)
        h[units * width + i] = 1;
    transpose(h + first, width, units + 1, end - first, rows + first * padded(units + 1),
        padded(units + 1));
}

/* Compute the layers forward from z of the first layer, and back, for one lane and a thread's rows.
   The slopes dℓ/dz replace z in every layer. Returns Σ ℓ over these rows. */
static double forward_and_back(
    Workspace *w, const real *W, int64_t s, int64_t lane, int64_t count, int64_t thread)
{
    const Network *n = w->network;
    const int64_t width = w->width, depth = n->layers.count - 1;
    const int64_t first = first_row(w, count, thread), end = first_row(w, count, thread + 1);
    const int64_t last = end < count ? end : count;
    real *h = w->hidden + thread * w->most * width;
    if (last <= first)
        return 0;
    for (int64_t k = 1; k <= depth; k++) {
        const int64_t units = n->layers.widths[k], next = n->layers.widths[k + 1];
        real *rows = w->activations[k - 1] + lane * width * padded(units + 1);
        activate(activation_numbers(n->layers.extra), w->z[k - 1] + lane * units * width, units,
            width, first, end, h, rows);
        weighted_inputs(&n->layers, W, k, 0, next, h + first,
            w->z[k] + lane * next * width + first, width, end - first);
    }
    const int64_t outputs = n->layers.widths[depth + 1];
    const double loss =
        LOSS_OF_BLOCK(w->z[depth] + lane * outputs * width + first, width, w->y + s * width + first,
            last - first, outputs, w->work + thread * 2 * width, loss_numbers(n->layers.extra));
    for (int64_t k = depth; k > 0; k--) {
        const int64_t units = n->layers.widths[k], next = n->layers.widths[k + 1];
        real *restrict slopes = w->z[k - 1] + lane * units * width;
        weighted_rows((Matrix) {W + n->layers.begins[k], 1, units + 1}, units, next,
            w->z[k] + lane * next * width + first, width, h + first, width, end - first, 0);
        for (int64_t u = 0; u < units; u++)
            for (int64_t i = first; i < end; i += VECTOR) {
                const int64_t at = u * width + i;
                store(slopes + at, load(slopes + at) * load(h + at));
            }
    }
    return loss;
}

/* The range of a lane's parameters that belong to a thread's units in one layer. */
typedef struct {
    int64_t first, count;
} Range;

static inline Range own_parameters(const Network *n, int64_t layer, int64_t thread)
{
    const int64_t units = n->layers.widths[layer + 1], inputs = entering(&n->layers, layer);
    const int64_t first = share(units, thread, n->threads);
    const int64_t last = share(units, thread + 1, n->threads);
    return (Range) {n->layers.begins[layer] + first * inputs, (last - first) * inputs};
}

/* Compute the gradient of a thread's units in one layer of a lane: Σ δ hᵀ over the batch, where h
   is the input of the layer and δ = dℓ/dz. */
static void sum_slopes(Workspace *w, int64_t layer, int64_t k, int64_t s, int64_t lane,
    int64_t count, int64_t thread)
{
    const Network *n = w->network;
    const int64_t inputs = entering(&n->layers, layer), length = padded(inputs), width = w->width;
    const int64_t units = n->layers.widths[layer + 1], P = n->layers.begins[n->layers.count];
    const Range own = own_parameters(n, layer, thread);
    const real *entered = layer == 0 ? w->rows + (k % 2 * n->streams + s) * width * length
                                     : w->activations[layer - 1] + lane * width * length;
    const int64_t first = share(units, thread, n->threads);
    const real *slopes = w->z[layer] + (lane * units + first) * width;
    weighted_rows((Matrix) {slopes, width, 1}, own.count / inputs, count, entered, length,
        w->gradients + lane * P + own.first, inputs, inputs, 0);
}

/* Returns an entry of the mean gradient, from the sum G: scale · G + decay · w. Adds the l2 penalty
   decay · w² to `penalty`. */
static inline real mean_slope(real G, real scale, real decay, real w, real *penalty)
{
    real g = G * scale;
    if (DECAYS) {
        const real pull = decay * w;
        *penalty += pull * w;
        g += pull;
    }
    return g;
}

/* Replace G (count,), a sum, by the mean gradient g with the l2 term; add ‖g‖², Σ l2 w² to sums. */
static inline void take_mean(const real *restrict w, real *restrict G, const real *restrict decay,
    int64_t count, real scale, double *sums, int64_t lanes)
{
    real squares = 0, penalty = 0;
#pragma omp simd reduction(+ : squares, penalty)
    for (int64_t j = 0; j < count; j++) {
        G[j] = mean_slope(G[j], scale, decay[j], w[j], &penalty);
        squares += G[j] * G[j];
    }
    sums[lanes] += squares;
    sums[2 * lanes] += penalty;
}

/* Update the parameters w (count,) by the rule; slot k of a parameter is at slots[k P]. Their
   gradient is factor · G. Without clipping, the factor is 1 / examples, and the l2 term is added
   here. With clipping, the factor scales the norm, and each entry is limited to ± bound. The
   measures of the step are added to sums. */
static inline void move_weights(struct step_numbers numbers, real *restrict w,
    const real *restrict G, real *restrict slots, int64_t P, const real *restrict decay,
    int64_t count, real factor, real bound, double *sums, int64_t lanes)
{
    real squares = 0, penalty = 0, move = 0, weight = 0, bounded = 0;
#pragma omp simd reduction(+ : squares, penalty, move, weight, bounded)
    for (int64_t j = 0; j < count; j++) {
        const real old = w[j];
        real g = G[j] * factor;
        if (CLIPS) {
            bounded += REAL(fabs)(g) > bound;
            g = g > bound ? bound : g < -bound ? -bound : g;
        } else {
            g = mean_slope(G[j], factor, decay[j], old, &penalty);
            squares += g * g;
        }
        const real next = moved_weight(numbers, old, g, slots, P, j);
        w[j] = next;
        move += (next - old) * (next - old);
        weight += next * next;
    }
    if (!CLIPS) {
        sums[lanes] += squares;
        sums[2 * lanes] += penalty;
    }
    sums[3 * lanes] += move;
    sums[4 * lanes] += weight;
    sums[5 * lanes] += bounded;
}

/* Returns the numbers of step k of a lane. It works on a copy of the options, because several
   threads call it at the same time. */
static struct step_numbers numbers_of_lane(const Steps *steps, int64_t k, int64_t lane)
{
    double options[OPTIONS];
    memcpy(options, steps->options + lane * OPTIONS, sizeof options);
    return numbers_of_step(steps, options, k, lane);
}

/* Call take_mean for a range of parameters of a lane, block by block. */
static void take_means(const Workspace *w, const Steps *steps, int64_t lane, Range range,
    real scale, double *sums)
{
    const int64_t P = steps->parameters, end = range.first + range.count;
    for (int64_t j = range.first; j < end; j += BLOCK) {
        const int64_t at = lane * P + j, count = end - j < BLOCK ? end - j : BLOCK;
        take_mean(steps->W + at, w->gradients + at, steps->decay + at, count, scale, sums + lane,
            steps->lanes);
    }
}

/* Call move_weights for a range of parameters of a lane, block by block. */
static void move_range(const Workspace *w, const Steps *steps, struct step_numbers numbers,
    int64_t lane, Range range, real factor, real bound, double *sums)
{
    const int64_t P = steps->parameters, end = range.first + range.count;
    for (int64_t j = range.first; j < end; j += BLOCK) {
        const int64_t at = lane * P + j, count = end - j < BLOCK ? end - j : BLOCK;
        move_weights(numbers, steps->W + at, w->gradients + at, steps->slots + lane * SLOTS * P + j,
            P, steps->decay + at, count, factor, bound, sums + lane, steps->lanes);
    }
}

/* Returns whether step k is within limits in all lanes. Thread 0 also writes the measures. */
static int measure_step(
    const Workspace *w, const Steps *steps, int64_t k, int64_t count, int64_t thread)
{
    const int64_t L = steps->lanes;
    int fine = 1;
    for (int64_t lane = 0; lane < L; lane++) {
        const double value = summed(w, 0, lane, L) / count + 0.5 * summed(w, 2, lane, L);
        const double norm = sqrt(summed(w, 1, lane, L)), length = sqrt(summed(w, 4, lane, L));
        fine &= within_limits(value, steps->limit[lane], norm, length);
        if (thread > 0)
            continue;
        *measure(steps, 0, k, lane) = value;
        *measure(steps, 1, k, lane) = norm;
        *measure(steps, 2, k, lane) = sqrt(summed(w, 3, lane, L));
        *measure(steps, 3, k, lane) = length;
        *measure(steps, 4, k, lane) = norm > steps->bounds[2 * lane] || summed(w, 5, lane, L) > 0;
    }
    return fine;
}

/* Loop over all lanes, in the order of their streams. */
#define EACH_LANE(n, s, lane)                                                                      \
    for (int64_t s = 0; s < (n)->streams; s++)                                                     \
        for (int64_t lane = (n)->starts[s]; lane < (n)->starts[s + 1]; lane++)

/* Compute the gradients of a thread's units in step k, which has `count` examples. Without
   clipping, also update their parameters. */
static void sum_and_move(
    Workspace *w, const Steps *steps, int64_t k, int64_t count, int64_t thread, double *sums)
{
    const Network *n = w->network;
    const real scale = 1.0 / count;
    EACH_LANE(n, s, lane) {
        const struct step_numbers numbers = numbers_of_lane(steps, k, lane);
        for (int64_t layer = 0; layer < n->layers.count; layer++) {
            const Range own = own_parameters(n, layer, thread);
            const int64_t at = lane * steps->parameters + own.first;
            sum_slopes(w, layer, k, s, lane, count, thread);
            if (k == steps->steps - 1)
                memcpy(n->before + at, steps->W + at, own.count * sizeof(real));
            if (CLIPS)
                take_means(w, steps, lane, own, scale, sums);
            else
                move_range(w, steps, numbers, lane, own, scale, INFINITY, sums);
        }
    }
}

/* Update a thread's parameters with the clipped gradient; the norm is summed over all threads. */
static void clip_and_move(Workspace *w, const Steps *steps, int64_t k, int64_t thread, double *sums)
{
    const Network *n = w->network;
    for (int64_t lane = 0; lane < steps->lanes; lane++) {
        const double *bounds = steps->bounds + 2 * lane;
        const double norm = sqrt(summed(w, 1, lane, steps->lanes));
        const real factor = norm > bounds[0] ? bounds[0] / norm : 1;
        const struct step_numbers numbers = numbers_of_lane(steps, k, lane);
        for (int64_t layer = 0; layer < n->layers.count; layer++)
            move_range(w, steps, numbers, lane, own_parameters(n, layer, thread), factor, bounds[1],
                sums);
    }
}

/* Compute one thread's part of the steps. Returns the number of steps before the first one that
   exceeds the limits of a lane; it is the same in all threads. */
int64_t advance_network(Workspace *w, const Steps *steps, int64_t thread)
{
    const Network *n = w->network;
    const int64_t P = steps->parameters;
    double *sums = w->sums + thread * w->apart;
    int64_t passed = 0, k = 0;
    read_step(w, 0, thread);
    wait_for_all(w, &passed);
    for (; k < steps->steps; k++) {
        const int64_t count = examples_of_step(n, k);
        EACH_LANE(n, s, lane)
            first_layer(w, steps->W + lane * P, k, s, lane, count, thread);
        wait_for_all(w, &passed);
        memset(sums, 0, MEASURED * steps->lanes * sizeof(double));
        EACH_LANE(n, s, lane)
            sums[lane] = forward_and_back(w, steps->W + lane * P, s, lane, count, thread);
        wait_for_all(w, &passed);
        sum_and_move(w, steps, k, count, thread, sums);
        if (k + 1 < steps->steps)
            read_step(w, k + 1, thread);
        wait_for_all(w, &passed);
        if (CLIPS) {
            clip_and_move(w, steps, k, thread, sums);
            wait_for_all(w, &passed);
        }
        if (!measure_step(w, steps, k, count, thread))
            break;
    }
    return k;
}
