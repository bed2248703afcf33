/* Steps of a plain network, computed by several threads together.

   A step has three parts, with a barrier after each. First each thread computes z = W h + b of its
   units of the first layer, for the whole batch. Then it computes the other layers forward and
   back, for its examples of the batch. At last it computes the gradient of its units in every
   layer, updates their parameters, and reads its examples of the next batch. If gradients are
   clipped, there is one more barrier before the update, because the norm depends on all units. So a
   step uses every core without being divided into tasks, which would take longer than the step; no
   gradient is a sum over threads; and the weights of the first layer, usually the largest, stay in
   the cache of one core from step to step.

   There are S index streams; stream s is used by the lanes from starts[s] to starts[s + 1]. Layer k
   of a lane is a matrix (outputs, inputs + 1) of its parameters; the last column is the bias. z and
   the slopes dℓ/dz of a layer are (units, width): the width is the batch size, padded to whole
   vectors. A 1 is appended to the inputs of a layer, for the bias. */

#if !defined(_WIN32)
#include <sched.h>
#define give_way() sched_yield()
#else
#define give_way() (void)0
#endif

#include <stdlib.h>

#include "losses.h"
#include "steps.h"
#include "tiles.h"

#define LINE 64    /* bytes of a cache line */
#define AHEAD 4    /* rows between prefetching one and copying it */
#define SPINS 1000 /* checks of a barrier before the thread yields its core */
#define BLOCK 8192 /* parameters whose sums are kept in the run's number type */
#define MEASURED 6 /* sums of a step: loss, ‖g‖², Σ l2 w², ‖Δw‖², ‖w‖², number of clipped entries */
#define MOST_LAYERS 64

typedef struct {
    const real *X;         /* (N, D) */
    const target *y;       /* (N,) */
    const int64_t *orders; /* (S, places), the rows that each stream uses, in order */
    const double *extra;   /* the options of the loss, then those of the activation */
    const int64_t *starts; /* (S + 1,) */
    const int64_t *widths; /* (layers + 1,): inputs, hidden units, outputs */
    const int64_t *begins; /* (layers + 1,), index of the first parameter of each layer */
    real *before;          /* (L, P), receives the weights before the last step */
    int64_t streams, places, layers;
    int64_t size; /* examples of a step */
    int64_t threads;
} Network;

/* The buffers that all threads share. They hold the rows of two batches, so that a fast thread can
   read the next batch while another still uses this one. */
typedef struct {
    const Network *network;
    int64_t width;                  /* the batch size, padded to whole vectors */
    int64_t most;                   /* the largest number of units of a layer, plus one */
    real *rows;                     /* (2, S, width, padded inputs + 1) */
    real *columns;                  /* (2, S, inputs + 1, width), the same with examples last */
    target *y;                      /* (S, width) */
    real *z[MOST_LAYERS];           /* (L, units, width) of each layer */
    real *activations[MOST_LAYERS]; /* (L, width, padded units + 1), of each hidden layer */
    real *gradients;                /* (L, P), sums over the batch */
    real *hidden;                   /* (threads, most, width), activations of one layer */
    real *work;                     /* (threads, 2, width) */
    double *sums;                   /* (threads, MEASURED, L); threads share no cache line */
    int64_t apart;                  /* numbers from the sums of a thread to those of the next */
    int64_t *arrivals;              /* count of arrivals at barriers, alone on its cache line */
    void *memory;
} Workspace;

static int64_t entering(const Network *n, int64_t layer)
{
    return n->widths[layer] + 1;
}

/* Returns the index of the first of `count` items that belongs to a thread. */
static inline int64_t share(int64_t count, int64_t thread, int64_t threads)
{
    return count * thread / threads;
}

/* Returns the address of the next `bytes` bytes of the memory and advances `at` behind them. If
   memory is NULL, it only advances `at`, to count the size. */
static void *placed(char *memory, int64_t *at, int64_t bytes)
{
    char *found = memory == NULL ? NULL : memory + *at;
    *at += (bytes + LINE - 1) / LINE * LINE;
    return found;
}

/* Set the buffers of the workspace to parts of the memory. Returns the number of bytes needed. */
static int64_t lay_out(Workspace *w, int64_t lanes, char *memory)
{
    const Network *n = w->network;
    const int64_t size = sizeof(real), inputs = entering(n, 0), T = n->threads;
    int64_t at = 0;
    w->arrivals = placed(memory, &at, LINE);
    w->rows = placed(memory, &at, 2 * n->streams * w->width * padded(inputs) * size);
    w->columns = placed(memory, &at, 2 * n->streams * inputs * w->width * size);
    w->y = placed(memory, &at, n->streams * w->width * (int64_t)sizeof(target));
    for (int64_t k = 0; k < n->layers; k++) {
        const int64_t units = n->widths[k + 1];
        w->z[k] = placed(memory, &at, lanes * units * w->width * size);
        w->activations[k] = placed(memory, &at, lanes * w->width * padded(units + 1) * size);
    }
    w->gradients = placed(memory, &at, lanes * n->begins[n->layers] * size);
    w->hidden = placed(memory, &at, T * w->most * w->width * size);
    w->work = placed(memory, &at, T * 2 * w->width * size);
    w->apart = (MEASURED * lanes + 7) / 8 * 8;
    w->sums = placed(memory, &at, T * w->apart * (int64_t)sizeof(double));
    return at;
}

/* Returns a workspace for steps of this number of lanes; NULL if memory cannot be allocated. */
Workspace *prepare_network(const Network *network, int64_t lanes)
{
    Workspace *w = calloc(1, sizeof(Workspace));
    if (w == NULL)
        return NULL;
    w->network = network;
    w->width = padded(network->size);
    for (int64_t k = 0; k <= network->layers; k++)
        w->most = network->widths[k] >= w->most ? network->widths[k] + 1 : w->most;
    const int64_t bytes = lay_out(w, lanes, NULL);
    w->memory = calloc(1, bytes + LINE); /* Windows has no aligned_alloc */
    if (w->memory == NULL) {
        free(w);
        return NULL;
    }
    lay_out(w, lanes, (char *)(((uintptr_t)w->memory + LINE - 1) / LINE * LINE));
    const int64_t inputs = network->widths[0], length = padded(inputs + 1);
    for (int64_t batch = 0; batch < 2 * network->streams; batch++)
        for (int64_t i = 0; i < w->width; i++) {
            w->rows[(batch * w->width + i) * length + inputs] = 1;
            w->columns[(batch * (inputs + 1) + inputs) * w->width + i] = 1;
        }
    return w;
}

void release_network(Workspace *w)
{
    free(w->memory);
    free(w);
}

/* The barrier: wait until all threads have arrived. passed: the barriers this thread has passed. */
static void wait_for_all(Workspace *w, int64_t *passed)
{
    const int64_t expected = ++*passed * w->network->threads;
    __atomic_fetch_add(w->arrivals, 1, __ATOMIC_ACQ_REL);
    for (int64_t spins = 0; __atomic_load_n(w->arrivals, __ATOMIC_ACQUIRE) < expected; spins++)
        if (spins > SPINS)
            give_way();
}

/* Returns the first of a batch's `count` rows that belongs to a thread. Except at the end of the
   batch, a thread has a multiple of VECTOR rows. */
static inline int64_t first_row(const Workspace *w, int64_t count, int64_t thread)
{
    return VECTOR * share(padded(count) / VECTOR, thread, w->network->threads);
}

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
    const int64_t begin = k * n->size, D = n->widths[0], length = padded(D + 1), width = w->width;
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
    const int64_t inputs = entering(n, 0), units = n->widths[1], width = w->width;
    const int64_t first = share(units, thread, n->threads);
    const int64_t last = share(units, thread + 1, n->threads);
    const real *columns = w->columns + (k % 2 * n->streams + s) * inputs * width;
    real *z = w->z[0] + (lane * units + first) * width;
    weighted_rows((Matrix) {W + first * inputs, inputs, 1}, last - first, inputs, columns, width, z,
        width, padded(count), 0);
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
    const int64_t width = w->width, depth = n->layers - 1;
    const int64_t first = first_row(w, count, thread), end = first_row(w, count, thread + 1);
    const int64_t last = end < count ? end : count;
    real *h = w->hidden + thread * w->most * width;
    if (last <= first)
        return 0;
    for (int64_t k = 1; k <= depth; k++) {
        const int64_t units = n->widths[k], next = n->widths[k + 1];
        real *rows = w->activations[k - 1] + lane * width * padded(units + 1);
        activate(activation_numbers(n->extra), w->z[k - 1] + lane * units * width, units, width,
            first, end, h, rows);
        weighted_rows((Matrix) {W + n->begins[k], units + 1, 1}, next, units + 1, h + first, width,
            w->z[k] + lane * next * width + first, width, end - first, 0);
    }
    const int64_t outputs = n->widths[depth + 1];
    const double loss =
        LOSS_OF_BLOCK(w->z[depth] + lane * outputs * width + first, width, w->y + s * width + first,
            last - first, outputs, w->work + thread * 2 * width, loss_numbers(n->extra));
    for (int64_t k = depth; k > 0; k--) {
        const int64_t units = n->widths[k], next = n->widths[k + 1];
        real *restrict slopes = w->z[k - 1] + lane * units * width;
        weighted_rows((Matrix) {W + n->begins[k], 1, units + 1}, units, next,
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
    const int64_t units = n->widths[layer + 1], inputs = entering(n, layer);
    const int64_t first = share(units, thread, n->threads);
    const int64_t last = share(units, thread + 1, n->threads);
    return (Range) {n->begins[layer] + first * inputs, (last - first) * inputs};
}

/* Compute the gradient of a thread's units in one layer of a lane: Σ δ hᵀ over the batch, where h
   is the input of the layer and δ = dℓ/dz. */
static void sum_slopes(Workspace *w, int64_t layer, int64_t k, int64_t s, int64_t lane,
    int64_t count, int64_t thread)
{
    const Network *n = w->network;
    const int64_t inputs = entering(n, layer), length = padded(inputs), width = w->width;
    const int64_t units = n->widths[layer + 1], P = n->begins[n->layers];
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

/* Returns one measure of a lane, summed over threads. */
static double summed(const Workspace *w, int which, int64_t lane, int64_t lanes)
{
    double sum = 0;
    for (int64_t thread = 0; thread < w->network->threads; thread++)
        sum += w->sums[thread * w->apart + which * lanes + lane];
    return sum;
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
        for (int64_t layer = 0; layer < n->layers; layer++) {
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
        for (int64_t layer = 0; layer < n->layers; layer++)
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
