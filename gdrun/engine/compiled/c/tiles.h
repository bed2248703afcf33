/* Products of small matrices, tile by tile.

   BLAS libraries are made for large matrices, and first copy both into another order; the matrices
   of a step are too small to repay these copies. Here a tile is about twelve vectors of the result,
   which stay in registers during the sum over the inner dimension. */

#ifndef TILES_H
#define TILES_H

/* The bytes of a vector register, unless the including file defines them. */
#if defined(VECTOR_BYTES)
#elif defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif

#define VECTOR (8 * VECTOR_BYTES / REAL_BITS) /* numbers in a vector */
#define TILE_ROWS 6
#define TILE_COLUMNS (2 * VECTOR)
#define DEPTH 64  /* rows of a block of Q; a tile reads one or two cache lines of each */
#define WIDTH 512 /* bytes of a row in a block of Q, which stays in the cache for all rows of P */
#define TRANSPOSED 32 /* columns of a matrix that are transposed at once */

typedef real vector __attribute__((vector_size(VECTOR_BYTES)));
typedef real vector_in_memory
    __attribute__((vector_size(VECTOR_BYTES), aligned(sizeof(real)), may_alias));

/* Returns the count, rounded up to whole vectors. */
static inline int64_t padded(int64_t count)
{
    return (count + VECTOR - 1) / VECTOR * VECTOR;
}

/* Returns a padded length unchanged, in a form from which the compiler knows that it is a multiple
   of VECTOR, so that loops over it need no code for a remainder. */
static inline int64_t whole(int64_t length)
{
    return length & -VECTOR;
}

/* A matrix (rows, columns): entry (i, j) is at[i * down + j * along]. */
typedef struct {
    const real *at;
    int64_t down, along;
} Matrix;

static inline vector load(const real *from)
{
    return *(const vector_in_memory *)from;
}

static inline void store(real *to, vector value)
{
    *(vector_in_memory *)to = value;
}

typedef real half_vector __attribute__((vector_size(VECTOR_BYTES / 2)));

/* Returns the sum of the numbers of a vector. */
static inline real total(vector v)
{
    union {
        vector whole;
        half_vector halves[2];
    } parts = {v};
    const half_vector half = parts.halves[0] + parts.halves[1];
    real sum = 0;
    for (int k = 0; k < VECTOR / 2; k += 2)
        sum += half[k] + half[k + 1];
    return sum;
}

/* Returns x · w. length: a multiple of VECTOR. */
static inline real dot(const real *x, const real *w, int64_t length)
{
    vector even = {0}, odd = {0};
    int64_t j = 0;
    for (; j + 2 * VECTOR <= length; j += 2 * VECTOR) {
        even += load(x + j) * load(w + j);
        odd += load(x + j + VECTOR) * load(w + j + VECTOR);
    }
    if (j < length)
        even += load(x + j) * load(w + j);
    return total(even + odd);
}

/* Write the products x · w of four x to products (4,). They share the loads of w. */
static inline void four_dots(
    const real *const x[4], const real *w, int64_t length, real *restrict products)
{
    vector p = {0}, q = {0}, r = {0}, s = {0};
    for (int64_t j = 0; j < length; j += VECTOR) {
        const vector shared = load(w + j);
        p += load(x[0] + j) * shared;
        q += load(x[1] + j) * shared;
        r += load(x[2] + j) * shared;
        s += load(x[3] + j) * shared;
    }
    products[0] = total(p), products[1] = total(q), products[2] = total(r), products[3] = total(s);
}

#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5)
#define CLEAR(r) vector left##r = {0}, right##r = {0};
#define ADD_UP(r)                                                                                  \
    if (r < rows) {                                                                                \
        const real factor = p[r * P.down];                                                         \
        left##r += factor * first;                                                                 \
        if (vectors == 2)                                                                          \
            right##r += factor * second;                                                           \
    }
#define STORE(r)                                                                                   \
    if (r < rows) {                                                                                \
        real *c = C + r * down;                                                                    \
        store(c, more ? load(c) + left##r : left##r);                                              \
        if (vectors == 2)                                                                          \
            store(c + VECTOR, more ? load(c + VECTOR) + right##r : right##r);                      \
    }

/* C (rows, vectors) = P (rows, depth) Q (depth, vectors); if `more`, the product is added to C. The
   distance of rows is `across` in Q and `down` in C. Callers give constants for rows and vectors,
   so that the loops are unrolled. */
static inline __attribute__((always_inline)) void tile(const int rows, const int vectors, Matrix P,
    const real *restrict Q, int64_t across, real *restrict C, int64_t down, int64_t depth, int more)
{
    EACH_ROW(CLEAR)
    const real *p = P.at;
    for (int64_t k = 0; k < depth; k++) {
        const vector first = load(Q);
        const vector second = vectors == 2 ? load(Q + VECTOR) : first;
        EACH_ROW(ADD_UP)
        Q += across;
        p += P.along;
    }
    EACH_ROW(STORE)
}

/* Compute all tiles of some rows of C. Callers give a constant for rows. */
static inline __attribute__((always_inline)) void tile_row(const int rows, Matrix P,
    const real *restrict Q, int64_t across, real *restrict C, int64_t down, int64_t depth,
    int64_t columns, int more)
{
    int64_t j = 0;
    for (; j + TILE_COLUMNS <= columns; j += TILE_COLUMNS)
        tile(rows, 2, P, Q + j, across, C + j, down, depth, more);
    if (j + VECTOR <= columns) {
        tile(rows, 1, P, Q + j, across, C + j, down, depth, more);
        j += VECTOR;
    }
    if (j == columns)
        return;
    /* The last part of a vector is copied, because the rest of it in C belongs to the next row. */
    real last[TILE_ROWS * VECTOR] = {0};
    tile(rows, 1, P, Q + j, across, last, VECTOR, depth, 0);
    for (int r = 0; r < rows; r++)
        for (int64_t c = 0; c < columns - j; c++)
            C[r * down + j + c] = last[r * VECTOR + c] + (more ? C[r * down + j + c] : 0);
}

/* A function that GCC must not copy for calls with constants: this would double the compile time. */
#if defined(__clang__)
#define SINGLE __attribute__((noinline))
#else
#define SINGLE __attribute__((noinline, noclone))
#endif

/* C (m, columns) = P (m, n) Q (n, columns); if `more`, the product is added to C.

   The distance of rows is `across` in Q and `down` in C. Rows of Q are read to the end of their
   last vector; rows of C are not written to beyond `columns`. */
static SINGLE void weighted_rows(Matrix P, int64_t m, int64_t n,
    const real *restrict Q, int64_t across, real *restrict C, int64_t down, int64_t columns,
    int more)
{
    const int64_t width = WIDTH / (int64_t)sizeof(real);
    for (int64_t k = 0; k < n; k += DEPTH) {
        const int64_t depth = n - k < DEPTH ? n - k : DEPTH;
        for (int64_t j = 0; j < columns; j += width) {
            const int64_t wide = columns - j < width ? columns - j : width;
            const real *q = Q + k * across + j;
            const int adds = more || k > 0;
            int64_t i = 0;
            Matrix p = {P.at + k * P.along, P.down, P.along};
            for (; i + TILE_ROWS <= m; i += TILE_ROWS, p.at += TILE_ROWS * P.down)
                tile_row(TILE_ROWS, p, q, across, C + i * down + j, down, depth, wide, adds);
            for (; i + 2 <= m; i += 2, p.at += 2 * P.down)
                tile_row(2, p, q, across, C + i * down + j, down, depth, wide, adds);
            if (i < m)
                tile_row(1, p, q, across, C + i * down + j, down, depth, wide, adds);
        }
    }
}

typedef real four_numbers
    __attribute__((vector_size(4 * sizeof(real)), aligned(sizeof(real)), may_alias));

/* Transpose the first columns of `from` to the rows of `to`. length, width: the distances of rows
   in `from` and `to`. A few columns at a time, so that the lines of `to` stay in the cache. */
static inline void transpose(const real *restrict from, int64_t length, int64_t rows,
    int64_t columns, real *restrict to, int64_t width)
{
    for (int64_t begin = 0; begin < columns; begin += TRANSPOSED) {
        const int64_t end = begin + TRANSPOSED < columns ? begin + TRANSPOSED : columns;
        int64_t i = 0;
        for (; i + 4 <= rows; i += 4) {
            const real *x = from + i * length, *y = x + length, *z = y + length, *u = z + length;
            for (int64_t j = begin; j < end; j++)
                *(four_numbers *)(to + j * width + i) = (four_numbers) {x[j], y[j], z[j], u[j]};
        }
        for (; i < rows; i++)
            for (int64_t j = begin; j < end; j++)
                to[j * width + i] = from[i * length + j];
    }
}

#endif
