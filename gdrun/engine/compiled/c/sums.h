/* Sums of losses and gradients over rows of data, for the scores of linear models.

   An example has `outputs` scores in each lane; the weights of all m scores are the rows of one
   matrix M (m, length). D columns are padded to `length`, a multiple of VECTOR. Weights are padded
   with zeros. A row of X is not padded: its last vector also reads the start of the next row, which
   is multiplied by zeros. Examples are computed block by block: the scores, then the losses and the
   slopes, which replace the scores, then the gradient, while the block is in the cache. Meanwhile
   the rows of the next block are prefetched. */

#ifndef SUMS_H
#define SUMS_H

#include "losses.h"
#include "memory.h"
#include "tiles.h"

#define TILES_FROM 4  /* from this many scores of an example on, tiles are faster */
#define SPARE_LINES 8 /* each of the buffers is rounded up to whole cache lines */

/* The examples of a kernel. Place k of the order is row order[k] of X and y; without an order, it
   is row k. */
typedef struct {
    const real *X;        /* (N, D) */
    const target *y;      /* (N,) */
    const int64_t *order; /* (places,), or NULL */
    const double *extra;  /* the loss's own options */
    int64_t rows;         /* N */
    int64_t places;       /* the length of the order */
    int64_t columns;      /* D */
    int64_t outputs;      /* scores of an example in one lane */
    int64_t block;        /* the most examples of a block */
} Examples;

/* Buffers of one thread for the numbers of a block, allocated once. */
typedef struct {
    real *scores;   /* (m, width), examples last */
    real *rows;     /* (block, length), a copy of the rows; only for tiles */
    real *columns;  /* (D, width), the same with examples last */
    real *work;     /* (2, width), for the losses */
    target *y;      /* (block,) */
    real *last;     /* a padded copy of the last rows of X, where reading `length` would leave X */
    int64_t ending; /* the index of the first of these rows */
    int64_t length; /* of a row: D, padded to whole vectors */
    int64_t width;  /* of a row of scores: the block, padded to whole vectors */
    int tiles;      /* whether scores and gradients are products of tiles */
    void *memory;   /* all buffers; the gradient (m, length) is the first */
    real *gradient;
} Buffers;

static void *aligned(char **place, int64_t bytes)
{
    char *found = *place;
    *place += (bytes + LINE - 1) / LINE * LINE;
    return found;
}

/* Returns buffers for m scores of an example. Their memory is NULL if it cannot be allocated. */
static Buffers buffers_for(const Examples *data, int64_t m)
{
    Buffers b = {.tiles = m >= TILES_FROM};
    const int64_t size = sizeof(real);
    b.width = padded(data->block);
    b.length = padded(data->columns);
    const int64_t copies = b.tiles ? data->block * b.length + data->columns * b.width : 0;
    const int64_t some = b.length / data->columns + 1;
    const int64_t rows = some < data->rows ? some : data->rows, left = rows * data->columns;
    const int64_t numbers = m * b.length + (m + 2) * b.width + copies + left + b.length;
    b.memory = allocate_lines(
        numbers * size + data->block * (int64_t)sizeof(target) + SPARE_LINES * LINE);
    if (b.memory == NULL)
        return b;
    char *place = b.memory;
    b.gradient = aligned(&place, m * b.length * size);
    b.scores = aligned(&place, m * b.width * size);
    b.work = aligned(&place, 2 * b.width * size);
    b.y = aligned(&place, data->block * (int64_t)sizeof(target));
    b.ending = data->rows - rows;
    b.last = aligned(&place, (left + b.length) * size);
    memset(b.last + left, 0, b.length * size);
    memcpy(b.last, data->X + b.ending * data->columns, left * size);
    if (b.tiles) {
        b.rows = aligned(&place, data->block * b.length * size);
        b.columns = aligned(&place, data->columns * b.width * size);
        memset(b.rows, 0, data->block * b.length * size);
        memset(b.columns, 0, data->columns * b.width * size);
    }
    return b;
}

static inline int64_t row_at(const Examples *data, int64_t place)
{
    return data->order == NULL ? place : data->order[place];
}

/* Prefetch the row and the target at a place of the order into the L1 cache, or into the larger L2
   cache. There are two functions, because some compilers need a literal for the cache. They are
   always inlined, because a call of a function that only prefetches would be removed: it has no
   effect. */
#define FETCH(name, cache)                                                                         \
    static inline __attribute__((always_inline)) void name(const Examples *data, int64_t place)    \
    {                                                                                              \
        if (place >= data->places)                                                                 \
            return;                                                                                \
        const int64_t row = row_at(data, place), bytes = data->columns * sizeof(real);             \
        const char *start = (const char *)(data->X + row * data->columns);                         \
        for (int64_t byte = 0; byte < bytes; byte += LINE)                                         \
            __builtin_prefetch(start + byte, 0, cache);                                            \
        __builtin_prefetch(start + bytes - 1, 0, cache);                                           \
        __builtin_prefetch(data->y + row, 0, cache);                                               \
    }
FETCH(fetch_to_first, 3)
FETCH(fetch_to_second, 2)

/* Returns the address of a row of X, from which `length` numbers can be read. */
static inline const real *row_of(const Examples *data, const Buffers *b, int64_t place)
{
    const int64_t row = row_at(data, place), from = row - b->ending;
    return from >= 0 ? b->last + from * data->columns : data->X + row * data->columns;
}

/* Compute scores[i] = xᵢ · w for n rows x of the order from `begin` on. If `fetches`, also prefetch
   half of the next block. */
static inline void scores_of(const Examples *data, const Buffers *b, int64_t begin, int64_t n,
    const real *restrict w, real *restrict scores, int fetches)
{
    const int64_t length = whole(b->length);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const real *rows[4];
        for (int r = 0; r < 4; r++) {
            rows[r] = row_of(data, b, begin + i + r);
            if (fetches && r % 2 == 0)
                fetch_to_second(data, begin + n + i + r);
        }
        four_dots(rows, w, length, scores + i);
    }
    for (; i < n; i++)
        scores[i] = dot(row_of(data, b, begin + i), w, length);
}

/* Add Σᵢ slopes[i] x[i, j] to g[j] for n rows x of the order from `begin` on. If `fetches`, also
   prefetch the half of the next block that `scores_of` has not prefetched. */
static inline void add_gradient(const Examples *data, const Buffers *b, int64_t begin, int64_t n,
    const real *restrict slopes, real *restrict g, int fetches)
{
    const int64_t length = whole(b->length);
    int64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const real *x[4];
        for (int r = 0; r < 4; r++) {
            x[r] = row_of(data, b, begin + i + r);
            if (fetches && r % 2 == 1)
                fetch_to_second(data, begin + n + i + r);
        }
        const real p = slopes[i], q = slopes[i + 1], r = slopes[i + 2], s = slopes[i + 3];
        for (int64_t j = 0; j < length; j += VECTOR) {
            const vector some = p * load(x[0] + j) + q * load(x[1] + j);
            const vector more = r * load(x[2] + j) + s * load(x[3] + j);
            store(g + j, load(g + j) + (some + more));
        }
    }
    for (; i < n; i++) {
        const real *x = row_of(data, b, begin + i);
        for (int64_t j = 0; j < length; j += VECTOR)
            store(g + j, load(g + j) + slopes[i] * load(x + j));
    }
}

/* Copy n rows of the order from `begin` on to the buffers `rows` and, transposed, `columns`. */
static inline void copy_rows(const Examples *data, Buffers *b, int64_t begin, int64_t n)
{
    const int64_t D = data->columns;
    for (int64_t i = 0; i < n; i++) {
        fetch_to_second(data, begin + n + i);
        memcpy(b->rows + i * b->length, data->X + row_at(data, begin + i) * D, D * sizeof(real));
    }
    transpose(b->rows, b->length, n, D, b->columns, b->width);
}

/* Add the losses and gradients of the places from `begin` to `end`, for weights M (m, length).

   values (lanes,): Σ ℓ is added. rights (lanes,): if `judges`, the number of right predictions is
   added. If `slopes`, Σ ∇ℓ is added to the gradient (m, length) of the buffers. */
static void add_rows(const Examples *data, int64_t begin, int64_t end, const real *restrict M,
    int64_t m, int slopes, int judges, Buffers *b, double *values, double *rights)
{
    const struct loss_numbers numbers = loss_numbers(data->extra);
    const int64_t D = data->columns, outputs = data->outputs;
    for (; begin < end; begin += data->block) {
        const int64_t n = end - begin < data->block ? end - begin : data->block;
        for (int64_t i = 0; i < n; i++)
            b->y[i] = data->y[row_at(data, begin + i)];
        if (b->tiles) {
            copy_rows(data, b, begin, n);
            weighted_rows((Matrix) {M, b->length, 1}, m, D, b->columns, b->width, b->scores,
                b->width, padded(n), 0);
        } else {
            for (int64_t k = 0; k < m; k++)
                scores_of(data, b, begin, n, M + k * b->length, b->scores + k * b->width, k == 0);
        }
        for (int64_t lane = 0; lane < m / outputs; lane++) {
            real *scores = b->scores + lane * outputs * b->width;
            if (judges)
                rights[lane] += right_predictions(scores, b->width, b->y, n, outputs, b->work);
            values[lane] += LOSS_OF_BLOCK(scores, b->width, b->y, n, outputs, b->work, numbers);
        }
        if (slopes && b->tiles) {
            weighted_rows((Matrix) {b->scores, b->width, 1}, m, n, b->rows, b->length, b->gradient,
                b->length, b->length, 1);
        } else if (slopes) {
            for (int64_t k = 0; k < m; k++)
                add_gradient(data, b, begin, n, b->scores + k * b->width,
                    b->gradient + k * b->length, k == 0);
        }
    }
}

#endif
