/* The arguments of the steps of a rule, and the check that a step is within limits.

   Lanes are rows of W (L, P). The generated header defines SLOTS and OPTIONS, the numbers of slots
   and options of the rule; DECAYS and CLIPS, whether any lane has an l2 term or clipping; and

       step_numbers(t, options)                           the numbers that all parameters share
       moved_weight(numbers, w, g, slots, P, j)           parameter j after the step; its slots
                                                          (SLOTS, P) are overwritten */

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
    const double *limit; /* (L,), the loss above which a lane has diverged */
    const double *rates; /* (steps, L) */
    const double *betas; /* (steps, L), the momentum if the schedule changes it, else NULL */
    double *measures;    /* (5, steps, L): loss, norms of gradient, update and weights, clipped */
    double before;       /* the number of earlier steps */
    int64_t steps, lanes, parameters;
    int64_t cycled; /* the index of the option that betas replace */
} Steps;

/* Returns the address of one of the five measures of step k of a lane. */
static inline double *measure(const Steps *steps, int which, int64_t k, int64_t lane)
{
    return steps->measures + (which * steps->steps + k) * steps->lanes + lane;
}

/* Returns the shared numbers of step k of a lane, after writing its rate and its momentum to the
   options (OPTIONS,). */
static inline struct step_numbers numbers_of_step(
    const Steps *steps, double *options, int64_t k, int64_t lane)
{
    options[0] = steps->rates[k * steps->lanes + lane];
    if (steps->betas != NULL)
        options[steps->cycled] = steps->betas[k * steps->lanes + lane];
    return step_numbers(steps->before + k + 1, options);
}

/* Returns whether the loss is within its limit, and both norms (gradient, weights) are finite. */
static inline int within_limits(double loss, double limit, double norm, double length)
{
    return loss <= limit && norm < INFINITY && length < INFINITY;
}

#endif
