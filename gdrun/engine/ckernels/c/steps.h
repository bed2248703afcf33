/* Steps of a rule: what they read and write, and how one of them ends.

   Lanes are rows of W (L, P). The header in front of this file gives SLOTS and OPTIONS, how many
   slots and options a rule has; DECAYS and CLIPS, whether any lane has an l2 term or clips; and

       step_numbers(t, options)                           what a step needs of numbers alone
       moved_weight(numbers, w, g, slots, P, j)           parameter j after the step; its slots
                                                          (SLOTS, P) are written over */

#ifndef STEPS_H
#define STEPS_H

typedef struct {
    real *W;              /* (L, P) */
    real *slots;          /* (L, SLOTS, P) */
    double *options;      /* (L, OPTIONS), the learning rate first */
    const real *decay;    /* (L, P), the l2 of each parameter */
    const double *bounds; /* (L, 2), limits of the gradient's norm and of its entries, or infinity */
    const double *limit;  /* (L,), the loss above which a step is not taken */
    const double *rates;  /* (steps, L) */
    const double *betas;  /* (steps, L), or none */
    double *measures;     /* (5, steps, L): loss, norms of gradient, move and weights, clipped */
    double before;        /* how many steps were taken earlier */
    int64_t steps, lanes, parameters;
    int64_t cycled;       /* the option that betas belong to */
} Steps;

/* The place of one of a step's five measures. */
static inline double *measure(const Steps *steps, int which, int64_t k, int64_t lane)
{
    return steps->measures + (which * steps->steps + k) * steps->lanes + lane;
}

/* What the k-th step needs of a lane's numbers. */
static inline struct step_numbers numbers_of_step(
    const Steps *steps, double *options, int64_t k, int64_t lane)
{
    options[0] = steps->rates[k * steps->lanes + lane];
    if (steps->betas != NULL)
        options[steps->cycled] = steps->betas[k * steps->lanes + lane];
    return step_numbers(steps->before + k + 1, options);
}

/* Whether a step's numbers are finite, and its loss within the limit. */
static inline int is_sound(double loss, double limit, double norm, double length)
{
    return loss <= limit && norm < INFINITY && length < INFINITY;
}

#if CLIPS
/* Bound the norm of g (P,), then its entries; whether anything was bounded. */
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
#endif

/* End the k-th step of a lane, from its sums over a batch; whether its numbers are sound.

   loss: Σ ℓ. G: Σ ∇ℓ, (outputs, length) of which D columns count; it is written over. scale: one
   over the number of examples. */
static __attribute__((noinline)) int finish_step(const Steps *steps, int64_t k, int64_t lane, double loss, double scale,
    real *restrict G, int64_t outputs, int64_t columns, int64_t length)
{
    const int64_t P = steps->parameters;
    const struct step_numbers numbers
        = numbers_of_step(steps, steps->options + lane * OPTIONS, k, lane);
    real *restrict W = steps->W + lane * P, *restrict slots = steps->slots + lane * SLOTS * P;
    const real *restrict decay = steps->decay + lane * P;
    const real share = scale;
    double squares = 0, penalty = 0, move = 0, weight = 0;
    int clipped = 0;
#if CLIPS
    for (int64_t row = 0; row < outputs; row++) {
        const real *restrict w = W + row * columns;
#pragma omp simd reduction(+ : squares, penalty)
        for (int64_t j = 0; j < columns; j++) {
            real g = G[row * length + j] * share;
            if (DECAYS) {
                const real pull = decay[row * columns + j] * w[j];
                penalty += pull * w[j];
                g += pull;
            }
            squares += g * g;
            G[row * columns + j] = g; /* side by side: length is no less than columns */
        }
    }
    clipped = clip(G, P, sqrt(squares), steps->bounds + 2 * lane);
    length = columns;
#endif
    for (int64_t row = 0; row < outputs; row++) {
        const int64_t first = row * columns;
        const real *restrict g_row = G + row * length;
#pragma omp simd reduction(+ : squares, penalty, move, weight)
        for (int64_t j = 0; j < columns; j++) {
            const real old = W[first + j];
            real g = g_row[j];
            if (!CLIPS) {
                g *= share;
                if (DECAYS) {
                    const real pull = decay[first + j] * old;
                    penalty += pull * old;
                    g += pull;
                }
                squares += g * g;
            }
            const real new = moved_weight(numbers, old, g, slots, P, first + j);
            W[first + j] = new;
            move += (new - old) * (new - old);
            weight += new * new;
        }
    }
    const double value = loss * scale + 0.5 * penalty;
    const double norm = sqrt(squares), size = sqrt(weight);
    *measure(steps, 0, k, lane) = value;
    *measure(steps, 1, k, lane) = norm;
    *measure(steps, 2, k, lane) = sqrt(move);
    *measure(steps, 3, k, lane) = size;
    *measure(steps, 4, k, lane) = clipped;
    return is_sound(value, steps->limit[lane], norm, size);
}

#endif
