/* Steps of a rule: what they read and write, and how one of them ends.

   Lanes are rows of W (L, P). The header in front of this file gives SLOTS and OPTIONS, how many
   slots and options a rule has; DECAYS and CLIPS, whether any lane has an l2 term or clips; and

       step_numbers(t, options)                           what a step needs of numbers alone
       moved_weight(numbers, w, g, slots, P, j)           parameter j after the step; its slots
                                                          (SLOTS, P) are written over */

#ifndef STEPS_H
#define STEPS_H

#include <stddef.h>

typedef struct {
    real *W;           /* (L, P) */
    real *slots;       /* (L, SLOTS, P) */
    double *options;   /* (L, OPTIONS), the learning rate first */
    const real *decay; /* (L, P), the l2 of each parameter */
    const double
        *bounds;         /* (L, 2), limits of the gradient's norm and of its entries, or infinity */
    const double *limit; /* (L,), the loss above which a step is not taken */
    const double *rates; /* (steps, L) */
    const double *betas; /* (steps, L), or none */
    double *measures;    /* (5, steps, L): loss, norms of gradient, move and weights, clipped */
    double before;       /* how many steps were taken earlier */
    int64_t steps, lanes, parameters;
    int64_t cycled; /* the option that betas belong to */
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
static inline int within_limits(double loss, double limit, double norm, double length)
{
    return loss <= limit && norm < INFINITY && length < INFINITY;
}

#endif
