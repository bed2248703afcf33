/* Losses of a block of n examples. Each function returns the sum of the losses, and replaces the
   scores by the slopes dℓ/ds.

   A loss of one score has scores (n,), a loss over C classes has scores (C, n), with a distance of
   `stride` between rows. The generated header defines `target`, the type of y, and

       loss(numbers, s, y, &value, &slope)    a loss of one score, as NumPy computes it
       LOSS_OF_BLOCK                          the function below that computes a block
       CLASSES                                whether the loss is over classes

   The losses over classes and the logistic loss are written here by hand. The NumPy form of the
   former uses sums over classes, which are not translated to C. The latter replaces the logarithms
   of many examples by one logarithm of a product. */

#ifndef LOSSES_H
#define LOSSES_H

#define SIMD_SUM(name) _Pragma(PRAGMA_TEXT(omp simd reduction(+ : name)))
#define PRAGMA_TEXT(text) #text

#if !CLASSES

/* Σ ℓ of scores (n,), by the translated equation of the loss. */
static inline double equation_losses(real *restrict scores, int64_t stride,
    const target *restrict y, int64_t n, int64_t outputs, real *restrict work,
    struct loss_numbers numbers)
{
    (void)stride, (void)outputs, (void)work;
    double total = 0;
    SIMD_SUM(total)
    for (int64_t i = 0; i < n; i++) {
        real value, slope;
        loss(numbers, scores[i], y[i], &value, &slope);
        total += value;
        scores[i] = slope;
    }
    return total;
}

/* How often a block is halved: a product of 2^HALVINGS factors of at most 2 does not overflow. */
#define HALVINGS (REAL_BITS == 32 ? 6 : 9)

/* Σ log(1 + e^(−m)),  m = y s, for scores s (n,) and targets y = ±1.

   Σ log(1 + aᵢ) = log(1 + q), where q is computed from pairs: (1 + a)(1 + b) = 1 + (a + b (1 + a)).
   All terms are positive, so nothing cancels, and a small q keeps its relative accuracy. */
static inline double logistic_losses(real *restrict scores, int64_t stride,
    const target *restrict y, int64_t n, int64_t outputs, real *restrict work,
    struct loss_numbers numbers)
{
    (void)stride, (void)outputs, (void)numbers;
    double total = 0;
    SIMD_SUM(total)
    for (int64_t i = 0; i < n; i++) {
        const real margin = scores[i] * y[i];
        const real small = real_exp(-REAL(fabs)(margin));
        total -= margin < 0 ? margin : margin == margin ? 0 : margin;
        work[i] = small;
        scores[i] = (margin > 0 ? small : 1) / (1 + small) * -y[i];
    }
    for (int halvings = 0; halvings < HALVINGS && n > 8; halvings++) {
        const int64_t half = (n + 1) / 2;
#pragma omp simd
        for (int64_t i = 0; i < n - half; i++)
            work[i] += work[half + i] * (1 + work[i]);
        n = half;
    }
    SIMD_SUM(total)
    for (int64_t i = 0; i < n; i++)
        total += real_log1p(work[i]);
    return total;
}

#else

/* Write the largest score of each example to largest (n,). */
static inline void largest_scores(
    const real *scores, int64_t stride, int64_t n, int64_t classes, real *restrict largest)
{
    for (int64_t i = 0; i < n; i++)
        largest[i] = scores[i];
    for (int64_t j = 1; j < classes; j++)
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            largest[i] = real_maximum(scores[j * stride + i], largest[i]);
}

/* Σ log Σⱼ e^(sⱼ) − s_y, for scores s (classes, n) and classes y (n,). work: (2, n). */
static inline double cross_entropy_losses(real *restrict scores, int64_t stride,
    const target *restrict y, int64_t n, int64_t classes, real *restrict work,
    struct loss_numbers numbers)
{
    (void)numbers;
    real *restrict largest = work, *restrict total = work + n;
    largest_scores(scores, stride, n, classes, largest);
    double value = 0;
    for (int64_t i = 0; i < n; i++) {
        value -= scores[y[i] * stride + i] - largest[i];
        total[i] = 0;
    }
    for (int64_t j = 0; j < classes; j++)
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            const real power = real_exp(scores[j * stride + i] - largest[i]);
            total[i] += power;
            scores[j * stride + i] = power;
        }
    SIMD_SUM(value)
    for (int64_t i = 0; i < n; i++) {
        value += real_log(total[i]);
        total[i] = 1 / total[i];
    }
    for (int64_t j = 0; j < classes; j++)
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
            scores[j * stride + i] *= total[i];
    for (int64_t i = 0; i < n; i++)
        scores[y[i] * stride + i] -= 1;
    return value;
}

/* Σ Σ_{j≠y} max(0, m)^power for margins m = sⱼ − s_y + 1; power is 1 or 2. */
static inline double margin_losses(real *restrict scores, int64_t stride, const target *restrict y,
    int64_t n, int64_t classes, real *restrict work, int power)
{
    real *restrict less = work, *restrict slopes = work + n;
    for (int64_t i = 0; i < n; i++) {
        less[i] = 1 - scores[y[i] * stride + i];
        slopes[i] = 0;
    }
    double value = 0;
    for (int64_t j = 0; j < classes; j++)
        SIMD_SUM(value)
    for (int64_t i = 0; i < n; i++) {
        /* The term of the own class is 0, and NaN if its score is not finite, as in NumPy. */
        const real own = 0 * less[i], other = real_maximum(scores[j * stride + i] + less[i], 0);
        const real margin = j == y[i] ? own : other;
        const real slope = power == 2 ? 2 * margin : margin > 0;
        value += power == 2 ? margin * margin : margin;
        slopes[i] += slope;
        scores[j * stride + i] = slope;
    }
    for (int64_t i = 0; i < n; i++)
        scores[y[i] * stride + i] = -slopes[i];
    return value;
}

/* Σ Σ_{j≠y} max(0, sⱼ − s_y + 1). */
static inline double hinge_losses(real *restrict scores, int64_t stride, const target *restrict y,
    int64_t n, int64_t classes, real *restrict work, struct loss_numbers numbers)
{
    (void)numbers;
    return margin_losses(scores, stride, y, n, classes, work, 1);
}

/* Σ Σ_{j≠y} max(0, sⱼ − s_y + 1)². */
static inline double squared_hinge_losses(real *restrict scores, int64_t stride,
    const target *restrict y, int64_t n, int64_t classes, real *restrict work,
    struct loss_numbers numbers)
{
    (void)numbers;
    return margin_losses(scores, stride, y, n, classes, work, 2);
}

#endif

/* Returns how many of n examples are classified correctly: by the sign of the score, or by the
   largest score of several classes. The first of equal scores counts as the largest, and NaN is
   larger than any number, as in NumPy's argmax. */
static inline double right_predictions(const real *restrict scores, int64_t stride,
    const target *restrict y, int64_t n, int64_t outputs, real *restrict work)
{
    double right = 0;
#if CLASSES
    real *restrict largest = work, *restrict chosen = work + n;
    for (int64_t i = 0; i < n; i++)
        largest[i] = scores[i], chosen[i] = 0;
    for (int64_t j = 1; j < outputs; j++)
#pragma omp simd
        for (int64_t i = 0; i < n; i++) {
            const real score = scores[j * stride + i];
            const int larger = !(score <= largest[i]) && largest[i] == largest[i];
            chosen[i] = larger ? j : chosen[i];
            largest[i] = larger ? score : largest[i];
        }
    SIMD_SUM(right)
    for (int64_t i = 0; i < n; i++)
        right += chosen[i] == y[i];
#else
    (void)stride, (void)outputs, (void)work;
    SIMD_SUM(right)
    for (int64_t i = 0; i < n; i++)
        right += (scores[i] > 0) == (y[i] > 0);
#endif
    return right;
}

#endif
