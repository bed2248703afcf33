/* Elementary functions, for `real` (float or double) and for numbers in double precision.

   The C library's exp, log, log1p, expm1 and tanh take one value at a time, and a compiler cannot
   vectorise a loop that calls them. The functions here are arithmetic without a branch, so that a
   loop over them vectorises: the argument is split into a power of two and a remainder near zero or
   one, and the function of the remainder is its Taylor series, up to the term that is smaller than
   rounding. The error is at most two units in the last place, for tanh three.

   They depend on the rounding of every sum, so they are compiled without -fassociative-math. (Loops
   whose sums may be reordered have `#pragma omp simd reduction`.)

   Source: Muller, Elementary Functions, chapters 5 and 11; Estrin 1960: the order of the sums. */

#ifndef MATHEMATICS_H
#define MATHEMATICS_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#if REAL_BITS == 32
typedef float real;
typedef int32_t real_bits;
#define REAL(name) name##f
#else
typedef double real;
typedef int64_t real_bits;
#define REAL(name) name
#endif

/* Functions of NumPy that C does not have, or defines differently. They return NaN for NaN. */
#define FUNCTIONS(type, prefix, c)                                                                 \
    static inline type prefix##maximum(type a, type b)                                             \
    {                                                                                              \
        return a >= b || a != a ? a : b;                                                           \
    }                                                                                              \
    static inline type prefix##minimum(type a, type b)                                             \
    {                                                                                              \
        return a <= b || a != a ? a : b;                                                           \
    }                                                                                              \
    static inline type prefix##sign(type x)                                                        \
    {                                                                                              \
        return x > 0 ? 1 : x < 0 ? -1 : x == 0 ? 0 : x;                                            \
    }                                                                                              \
    static inline type prefix##square(type x)                                                      \
    {                                                                                              \
        return x * x;                                                                              \
    }                                                                                              \
    static inline int prefix##isnan(type x)                                                        \
    {                                                                                              \
        return x != x;                                                                             \
    }                                                                                              \
    static inline int prefix##isinf(type x)                                                        \
    {                                                                                              \
        return c(fabs)(x) == INFINITY;                                                             \
    }                                                                                              \
    static inline int prefix##isfinite(type x)                                                     \
    {                                                                                              \
        return c(fabs)(x) < INFINITY;                                                              \
    }                                                                                              \
    static inline int prefix##signbit(type x)                                                      \
    {                                                                                              \
        return signbit(x) != 0;                                                                    \
    }                                                                                              \
    static inline type prefix##heaviside(type x, type at_zero)                                     \
    {                                                                                              \
        return x > 0 ? 1 : x < 0 ? 0 : x == 0 ? at_zero : x;                                       \
    }                                                                                              \
    static inline type prefix##remainder(type a, type b)                                           \
    {                                                                                              \
        const type rest = c(fmod)(a, b);                                                           \
        if (rest == 0)                                                                             \
            return c(copysign)(0, b);                                                              \
        return (rest < 0) != (b < 0) ? rest + b : rest;                                            \
    }                                                                                              \
    static inline type prefix##floor_divide(type a, type b)                                        \
    {                                                                                              \
        const type rest = c(fmod)(a, b);                                                           \
        const type exact = (a - rest) / b - (rest != 0 && (rest < 0) != (b < 0));                  \
        const type whole = c(floor)(exact);                                                        \
        return b == 0 ? a / b : exact - whole > (type)0.5 ? whole + 1 : whole;                     \
    }

#define DOUBLE(name) name
FUNCTIONS(double, number_, DOUBLE)
FUNCTIONS(real, real_, REAL)

static inline double number_logaddexp(double a, double b)
{
    return a == b ? a + 0.6931471805599453 : fmax(a, b) + log1p(exp(-fabs(a - b)));
}

static inline real_bits as_bits(real x)
{
    real_bits bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline real as_real(real_bits bits)
{
    real x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* ROUNDER is 1.5 · 2^MANTISSA: adding it to a number rounds this to a whole number, which is then
   in the last bits of the sum. Below SMALLEST, e^x is 0; above LARGEST, it is infinite. TINY: the
   smallest normal number; TINY_SCALE is a power of two that makes smaller numbers normal. */
#if REAL_BITS == 32
#define MANTISSA 23
#define BIAS 127
#define ROUNDER 12582912.0f
#define ROUNDER_BITS 0x4B400000
#define LN2_HIGH 0.693359375f
#define LN2_LOW -2.12194440e-4f
#define SMALLEST -104.0f
#define LARGEST 89.0f
#define ALL_BELOW_ZERO -20.0f /* e^x − 1 is −1 from here down */
#define ROOT_HALF_BITS 0x3F3504F3
#define TINY 1.17549435e-38f
#define TINY_SCALE 16777216.0f
#define TINY_EXPONENT 24
#else
#define MANTISSA 52
#define BIAS 1023
#define ROUNDER 6755399441055744.0
#define ROUNDER_BITS 0x4338000000000000
#define LN2_HIGH 0.6931471803691238
#define LN2_LOW 1.9082149292705877e-10
#define SMALLEST -746.0
#define LARGEST 710.0
#define ALL_BELOW_ZERO -40.0
#define ROOT_HALF_BITS 0x3FE6A09E667F3BCD
#define TINY 2.2250738585072014e-308
#define TINY_SCALE 18014398509481984.0
#define TINY_EXPONENT 54
#endif

#define LOG2_E ((real)1.4426950408889634)
#define R(number) ((real)(number))

/* (e^r − 1 − r) / r² for |r| ≤ ½ ln 2. */
static inline real exp_series(real r)
{
    const real r2 = r * r;
#if REAL_BITS == 32
    const real first = R(1.0 / 2) + r * R(1.0 / 6);
    const real second = R(1.0 / 24) + r * R(1.0 / 120);
    const real third = R(1.0 / 720) + r * R(1.0 / 5040);
    return first + r2 * (second + r2 * third);
#else
    const real r4 = r2 * r2;
    const real first = (R(1.0 / 2) + r * R(1.0 / 6)) + r2 * (R(1.0 / 24) + r * R(1.0 / 120));
    const real second =
        (R(1.0 / 720) + r * R(1.0 / 5040)) + r2 * (R(1.0 / 40320) + r * R(1.0 / 362880));
    const real third = (R(1.0 / 3628800) + r * R(1.0 / 39916800))
        + r2 * (R(1.0 / 479001600) + r * R(1.0 / 6227020800));
    return first + r4 * (second + r4 * third);
#endif
}

/* e^x = 2^k e^r,  k the whole number nearest to x / ln 2,  |r| ≤ ½ ln 2. */
static inline real real_exp(real x)
{
    const real above = x > SMALLEST ? x : SMALLEST;
    const real inside = above < LARGEST ? above : LARGEST;
    const real shifted = inside * LOG2_E + ROUNDER;
    const real k = shifted - ROUNDER;
    const real r = (inside - k * LN2_HIGH) - k * LN2_LOW;
    const real series = 1 + (r + r * r * exp_series(r));
    /* 2^k as two factors, because 2^k may overflow when the product does not. */
    const real_bits half = as_bits(R(0.5) * k + ROUNDER);
    const real one = as_real((half - ROUNDER_BITS + BIAS) << MANTISSA);
    const real other = as_real((as_bits(shifted) - half + BIAS) << MANTISSA);
    return x == x ? series * one * other : x;
}

/* e^x − 1 = 2^k (e^r − 1) + (2^k − 1), which is also accurate near zero. */
static inline real real_expm1(real x)
{
    const real above = x > ALL_BELOW_ZERO ? x : ALL_BELOW_ZERO;
    const real inside = above < LARGEST ? above : LARGEST;
    const real shifted = inside * LOG2_E + ROUNDER;
    const real k = shifted - ROUNDER;
    const real r = (inside - k * LN2_HIGH) - k * LN2_LOW;
    const real less_one = r + r * r * exp_series(r);
    /* 2^(k−1), because 2^k may overflow. */
    const real half = as_real((as_bits(shifted) - ROUNDER_BITS + BIAS - 1) << MANTISSA);
    const real found = (half * less_one + (half - R(0.5))) * 2;
    return x != x ? x : x < LARGEST ? found : R(INFINITY);
}

/* log(2^k m) for f = m − 1 with m from √½ to √2.

   log m = 2 (s + s³/3 + s⁵/5 + …),  s = f / (2 + f) */
static inline real log_of_parts(real f, real k)
{
    const real s = f / (2 + f);
    const real z = s * s;
    const real z2 = z * z;
#if REAL_BITS == 32
    const real series = z * ((R(2.0 / 3) + z * R(2.0 / 5)) + z2 * (R(2.0 / 7) + z * R(2.0 / 9)));
#else
    const real z4 = z2 * z2;
    const real first = (R(2.0 / 3) + z * R(2.0 / 5)) + z2 * (R(2.0 / 7) + z * R(2.0 / 9));
    const real second = (R(2.0 / 11) + z * R(2.0 / 13)) + z2 * (R(2.0 / 15) + z * R(2.0 / 17));
    const real series = z * (first + z4 * (second + z4 * (R(2.0 / 19) + z * R(2.0 / 21))));
#endif
    /* log m = f − f²/2 + …: f is exact, and everything else is small against it. */
    const real half = R(0.5) * f * f;
    return k * LN2_HIGH + (f - (half - (s * (half + series) + k * LN2_LOW)));
}

static inline real real_log(real x)
{
    const int small = x < TINY;
    const real_bits bits = as_bits(small ? x * TINY_SCALE : x);
    const real_bits exponent = (bits - ROOT_HALF_BITS) >> MANTISSA;
    const real m = as_real(bits - (exponent << MANTISSA));
    const real whole = as_real(exponent + ROUNDER_BITS) - ROUNDER;
    const real found = log_of_parts(m - 1, small ? whole - TINY_EXPONENT : whole);
    const real edge = x == 0 ? R(-INFINITY) : x > 0 ? x : R(NAN);
    return x > 0 && x < INFINITY ? found : edge;
}

/* log(1 + x). y = 2^k m is 1 + x, rounded. Only k is taken from y; f is computed from x, so that it
   is rounded once, also near zero: f = 2^−k (1 + x) − 1 = 2^−k x + (2^−k − 1). */
static inline real real_log1p(real x)
{
    const real y = 1 + x;
    const real_bits exponent = (as_bits(y) - ROOT_HALF_BITS) >> MANTISSA;
    const real scale = as_real((BIAS - exponent) << MANTISSA);
    const real m = as_real(as_bits(y) - (exponent << MANTISSA));
    const real f = exponent <= MANTISSA ? scale * x + (scale - 1) : m - 1;
    const real whole = as_real(exponent + ROUNDER_BITS) - ROUNDER;
    const real found = log_of_parts(f, whole);
    const real edge = y == 0 ? R(-INFINITY) : y > 0 ? y : R(NAN);
    return y > 0 && y < INFINITY ? found : edge;
}

/* tanh x = e / (e + 2) for e = e^(2|x|) − 1, with the sign of x. */
static inline real real_tanh(real x)
{
    const real size = REAL(fabs)(x);
    const real e = real_expm1(2 * (size < 20 ? size : 20));
    const real found = e / (e + 2);
    return x != x ? x : x < 0 ? -found : found;
}

static inline real real_logaddexp(real a, real b)
{
    const real larger = a > b ? a : b;
    const real apart = -REAL(fabs)(a - b);
    const real found = larger + real_log1p(real_exp(apart));
    return a == b ? a + R(0.6931471805599453) : found;
}

#endif
