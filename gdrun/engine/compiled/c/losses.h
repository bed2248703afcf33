/* Losses of a block of n examples: the sum of their values, and the slopes in the place of the
   scores.

   A loss of one score has scores (n,), one over classes scores (C, n), whose rows are `stride`
   apart. The header in front of this file gives `target`, the type of y, and

       loss(numbers, s, y, &value, &slope)    a loss of one score, as NumPy computes it
       LOSS_OF_BLOCK                          the function below that computes a block
       CLASSES                                whether the loss is over classes

   Those over classes, and that of logistic, are written here a second time: NumPy's forms make an
   array for every sign, and the logarithms of a block can be one of their product. */

#ifndef LOSSES_H
#define LOSSES_H

#define SIMD_SUM(name) _Pragma(PRAGMA_TEXT(omp simd reduction(+ : name)))
#define PRAGMA_TEXT(text) #text

#if !CLASSES

/* Σ ℓ of scores (n,), which become slopes. */
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

/* How often a block is halved: of so many factors up to two no product overflows. */
#define HALVINGS (REAL_BITS == 32 ? 6 : 9)

/* Σ log(1 + e^(−m)),  m = y s, for scores (n,), which become slopes.

   Σ log(1 + aᵢ) = log(1 + q) with q made of pairs, (1 + a)(1 + b) = 1 + (a + b (1 + a)). All terms
   are positive, so q is as exact as they are, however small. */
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

/* The largest score of each example, to largest (n,). */
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

/* Σ log Σⱼ e^(sⱼ) − s_y. */
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
        const real margin = j == y[i] ? 0 : real_maximum(scores[j * stride + i] + less[i], 0);
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

/* How many of n examples are predicted right, by the sign of the score or the largest one. */
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
            chosen[i] = score > largest[i] ? j : chosen[i];
            largest[i] = score > largest[i] ? score : largest[i];
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
