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
#define FEWER_ROWS 5
#define TILE_COLUMNS (2 * VECTOR)
#define DEPTH 64  /* rows of a block of Q; a tile reads one or two cache lines of each */
#define FEW 16    /* rows of Q that do not make a block of their own */
#define WIDTH 512 /* bytes of a row in a block of Q, which stays in the cache for all rows of P */

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
    /* The last vectors are copied, because the rest of a vector in C belongs to the next row. */
    real last[TILE_ROWS * VECTOR] = {0};
    for (; j < columns; j += VECTOR) {
        const int64_t bytes = (columns - j < VECTOR ? columns - j : VECTOR) * sizeof(real);
        for (int r = 0; r < rows && more; r++)
            memcpy(last + r * VECTOR, C + r * down + j, bytes);
        tile(rows, 1, P, Q + j, across, last, VECTOR, depth, more);
        for (int r = 0; r < rows; r++)
            memcpy(C + r * down + j, last + r * VECTOR, bytes);
    }
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
    /* A tile of few rows is slow: each addition waits for the one before. Use sixes and fives. */
    const int64_t fives = (TILE_ROWS - m % TILE_ROWS) % TILE_ROWS;
    const int64_t sixes = (m < FEWER_ROWS * fives ? m : m - FEWER_ROWS * fives) / TILE_ROWS;
    int64_t depth;
    for (int64_t k = 0; k < n; k += depth) {
        depth = n - k <= DEPTH + FEW ? n - k : DEPTH;
        for (int64_t j = 0; j < columns; j += width) {
            const int64_t wide = columns - j < width ? columns - j : width;
            const real *q = Q + k * across + j;
            const int adds = more || k > 0;
            int64_t i = 0;
            Matrix p = {P.at + k * P.along, P.down, P.along};
            for (; i < sixes * TILE_ROWS; i += TILE_ROWS, p.at += TILE_ROWS * P.down)
                tile_row(TILE_ROWS, p, q, across, C + i * down + j, down, depth, wide, adds);
            for (; i + FEWER_ROWS <= m; i += FEWER_ROWS, p.at += FEWER_ROWS * P.down)
                tile_row(FEWER_ROWS, p, q, across, C + i * down + j, down, depth, wide, adds);
            for (; i + 2 <= m; i += 2, p.at += 2 * P.down)
                tile_row(2, p, q, across, C + i * down + j, down, depth, wide, adds);
            if (i < m)
                tile_row(1, p, q, across, C + i * down + j, down, depth, wide, adds);
        }
    }
}

/* The numbers of two vectors in turn, a₀ b₀ a₁ b₁ …: the first half in LOWER, the rest in UPPER. */
#if VECTOR == 16
#define LOWER(a, b) SHUFFLED(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define UPPER(a, b) SHUFFLED(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#elif VECTOR == 8
#define LOWER(a, b) SHUFFLED(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define UPPER(a, b) SHUFFLED(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif VECTOR == 4
#define LOWER(a, b) SHUFFLED(a, b, 0, 4, 1, 5)
#define UPPER(a, b) SHUFFLED(a, b, 2, 6, 3, 7)
#else
#define LOWER(a, b) SHUFFLED(a, b, 0, 2)
#define UPPER(a, b) SHUFFLED(a, b, 1, 3)
#endif

#if defined(__clang__) || __GNUC__ >= 12
#define SHUFFLED(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#elif REAL_BITS == 32
typedef int32_t indices __attribute__((vector_size(VECTOR_BYTES)));
#define SHUFFLED(a, b, ...) __builtin_shuffle(a, b, (indices) {__VA_ARGS__})
#else
typedef int64_t indices __attribute__((vector_size(VECTOR_BYTES)));
#define SHUFFLED(a, b, ...) __builtin_shuffle(a, b, (indices) {__VA_ARGS__})
#endif

/* Transpose a square of VECTOR rows and columns; only the first `kept` rows of the result are
   written. Interleaving rows i and i + VECTOR / 2 halves the distance of the numbers of a column;
   after log₂ VECTOR times each row is a column. */
static inline __attribute__((always_inline)) void transpose_square(
    const real *from, int64_t length, real *restrict to, int64_t width, int64_t kept)
{
    vector rows[VECTOR], mixed[VECTOR];
    for (int r = 0; r < VECTOR; r++)
        rows[r] = load(from + r * length);
    for (int apart = 1; apart < VECTOR; apart *= 2) {
        for (int r = 0; r < VECTOR / 2; r++) {
            mixed[2 * r] = LOWER(rows[r], rows[r + VECTOR / 2]);
            mixed[2 * r + 1] = UPPER(rows[r], rows[r + VECTOR / 2]);
        }
        memcpy(rows, mixed, sizeof rows);
    }
    for (int r = 0; r < VECTOR && r < kept; r++)
        store(to + r * width, rows[r]);
}

/* Transpose the first columns of `from` to the rows of `to`. length, width: the distances of rows
   in `from` and `to`. The rows of `to` are written to the end of their last vector. */
static SINGLE void transpose(const real *restrict from, int64_t length, int64_t rows,
    int64_t columns, real *restrict to, int64_t width)
{
    real square[VECTOR * VECTOR] = {0};
    for (int64_t i = 0; i < rows; i += VECTOR)
        for (int64_t j = 0; j < columns; j += VECTOR) {
            const real *part = from + i * length + j;
            const int64_t down = rows - i < VECTOR ? rows - i : VECTOR;
            const int64_t along = columns - j < VECTOR ? columns - j : VECTOR;
            /* Beyond the last column, reading a row to its end is safe. */
            const int whole = down == VECTOR && j + VECTOR <= length;
            for (int64_t r = 0; r < down && !whole; r++)
                memcpy(square + r * VECTOR, part + r * length, along * sizeof(real));
            transpose_square(
                whole ? part : square, whole ? length : VECTOR, to + j * width + i, width, along);
        }
}

#endif
