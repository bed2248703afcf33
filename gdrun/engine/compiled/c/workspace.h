/* What the threads of a network's steps share: the buffers, and the barrier. */

#ifndef WORKSPACE_H
#define WORKSPACE_H

#include "layers.h"
#include "condition.h"

#define PATIENCE 20 /* microseconds at a barrier before the thread gives its core away */
#define CHECKS 100  /* checks of a barrier between two looks at the clock */
#define MEASURED 6 /* sums of a step: loss, ‖g‖², Σ l2 w², ‖Δw‖², ‖w‖², number of clipped entries */
#define MOST_LAYERS 64

typedef struct {
    Layers layers;
    const real *X;         /* (N, D) */
    const target *y;       /* (N,) */
    const int64_t *orders; /* (S, places), the rows that each stream uses, in order */
    const int64_t *starts; /* (S + 1,) */
    real *before;          /* (L, P), receives the weights before the last step */
    int64_t streams, places;
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
    Condition passing;              /* of threads that wait long at a barrier */
    void *memory;
} Workspace;

/* Returns the index of the first of `count` items that belongs to a thread. */
static inline int64_t share(int64_t count, int64_t thread, int64_t threads)
{
    return count * thread / threads;
}

/* Set the buffers of the workspace to parts of the memory. Returns the number of bytes needed. */
static int64_t lay_out(Workspace *w, int64_t lanes, char *memory)
{
    const Network *n = w->network;
    const int64_t size = sizeof(real), inputs = entering(&n->layers, 0), T = n->threads;
    int64_t at = 0;
    w->arrivals = placed(memory, &at, LINE);
    w->rows = placed(memory, &at, 2 * n->streams * w->width * padded(inputs) * size);
    w->columns = placed(memory, &at, 2 * n->streams * inputs * w->width * size);
    w->y = placed(memory, &at, n->streams * w->width * (int64_t)sizeof(target));
    for (int64_t k = 0; k < n->layers.count; k++) {
        const int64_t units = n->layers.widths[k + 1];
        w->z[k] = placed(memory, &at, lanes * units * w->width * size);
        w->activations[k] = placed(memory, &at, lanes * w->width * padded(units + 1) * size);
    }
    w->gradients = placed(memory, &at, lanes * n->layers.begins[n->layers.count] * size);
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
    make_condition(&w->passing);
    w->width = padded(network->size);
    w->most = most_numbers(&network->layers);
    const int64_t bytes = lay_out(w, lanes, NULL);
    w->memory = calloc(1, bytes + LINE); /* Windows has no aligned_alloc */
    if (w->memory == NULL) {
        free(w);
        return NULL;
    }
    lay_out(w, lanes, (char *)(((uintptr_t)w->memory + LINE - 1) / LINE * LINE));
    const int64_t inputs = network->layers.widths[0], length = padded(inputs + 1);
    for (int64_t batch = 0; batch < 2 * network->streams; batch++)
        for (int64_t i = 0; i < w->width; i++) {
            w->rows[(batch * w->width + i) * length + inputs] = 1;
            w->columns[(batch * (inputs + 1) + inputs) * w->width + i] = 1;
        }
    return w;
}

void release_network(Workspace *w)
{
    release_condition(&w->passing);
    free(w->memory);
    free(w);
}

/* Returns whether all threads arrive at the barrier during the next CHECKS checks. */
static inline int all_arrive(const int64_t *arrivals, int64_t expected)
{
    for (int check = 0; check < CHECKS; check++)
        if (__atomic_load_n(arrivals, __ATOMIC_ACQUIRE) >= expected)
            return 1;
    return 0;
}

/* The barrier: wait until all threads have arrived. passed: the barriers this thread has passed.

   Threads arrive within microseconds of each other, unless another program uses the core of one.
   Then the others give their cores away, and the last thread wakes them. PATIENCE must exceed the
   time from waking a thread until it runs: otherwise a thread that wakes late makes the others give
   their cores away at the next barrier, and so on at all barriers. Time is measured by a clock,
   because a check takes from one to ten nanoseconds, depending on the processor.

   Measured on two cores with a batch of 64 rows and 784-128-10 units: 0.13 ms a step alone, and 0.2
   ms beside programs that use both cores; with a patience of 0.3 ms, 0.13 ms and 0.7 ms. */
static void wait_for_all(Workspace *w, int64_t *passed)
{
    const int64_t expected = ++*passed * w->network->threads;
    if (__atomic_add_fetch(w->arrivals, 1, __ATOMIC_SEQ_CST) == expected) {
        wake_sleepers(&w->passing);
        return;
    }
    const int64_t limit = microseconds() + PATIENCE;
    while (!all_arrive(w->arrivals, expected))
        if (microseconds() > limit) {
            sleep_until(&w->passing, w->arrivals, expected);
            return;
        }
}

/* Returns the first of a batch's `count` rows that belongs to a thread. Except at the end of the
   batch, a thread has a multiple of VECTOR rows. */
static inline int64_t first_row(const Workspace *w, int64_t count, int64_t thread)
{
    return VECTOR * share(padded(count) / VECTOR, thread, w->network->threads);
}

/* Returns one measure of a lane, summed over threads. */
static double summed(const Workspace *w, int which, int64_t lane, int64_t lanes)
{
    double sum = 0;
    for (int64_t thread = 0; thread < w->network->threads; thread++)
        sum += w->sums[thread * w->apart + which * lanes + lane];
    return sum;
}

#endif
