/* Evaluations of a plain network: sums of losses and correct predictions over rows of data.

   The rows are evaluated block by block. A block is so small that the activations of a layer stay
   in the cache of the core. It is transposed once, for all lanes. Each block has its own sums, so
   the total does not depend on which thread computes which block. */

#include "layers.h"

typedef struct {
    Layers layers;
    const real *X;   /* (N, D) */
    const target *y; /* (N,) */
    const real *W;   /* (L, P) */
    double *losses;  /* (L, blocks), Σ ℓ of each block of rows */
    double *rights;  /* (L, blocks), correct predictions */
    int64_t rows;    /* N */
    int64_t lanes;   /* L */
    int64_t block;   /* rows of a block, a multiple of VECTOR; the last block may have fewer */
} Evaluation;

/* The buffers of one thread. */
typedef struct {
    real *columns;  /* (inputs + 1, block), rows of X with examples last */
    real *inner[2]; /* (most units + 1, block), z of a layer, then its activations */
    real *work;     /* (2, block), for the losses */
    void *memory;
} BlockBuffers;

/* Set the buffers to parts of the memory. Returns the number of bytes needed. */
static int64_t lay_out_block(BlockBuffers *b, const Evaluation *e, char *memory)
{
    const int64_t vector = e->block * (int64_t)sizeof(real);
    int64_t at = 0;
    b->columns = placed(memory, &at, entering(&e->layers, 0) * vector);
    for (int k = 0; k < 2; k++)
        b->inner[k] = placed(memory, &at, most_numbers(&e->layers) * vector);
    b->work = placed(memory, &at, 2 * vector);
    return at;
}

/* Replace z (units, width) of a layer by its activations, and append a row of ones. The number of
   examples is a multiple of VECTOR. The slopes are not used: the compiler removes their
   computation. */
static void activate_in_place(struct activation_numbers numbers, real *restrict z, int64_t units,
    int64_t width, int64_t examples)
{
    for (int64_t u = 0; u < units; u++)
        for (int64_t begin = 0; begin < examples; begin += VECTOR)
#pragma omp simd
            for (int64_t r = 0; r < VECTOR; r++) {
                const int64_t at = u * width + begin + r;
                real value, slope;
                activation(numbers, z[at], &value, &slope);
                z[at] = value;
            }
    for (int64_t i = 0; i < examples; i++)
        z[units * width + i] = 1;
}

/* Returns the scores (outputs, block) of the examples in the columns, for the parameters W of a
   lane. The number of examples is a multiple of VECTOR. */
static real *forward(const Evaluation *e, const BlockBuffers *b, const real *W, int64_t examples)
{
    const Layers *layers = &e->layers;
    const struct activation_numbers numbers = activation_numbers(layers->extra);
    const int64_t width = e->block;
    const real *entered = b->columns;
    for (int64_t k = 0;; k++) {
        const int64_t units = layers->widths[k + 1];
        real *z = b->inner[k % 2];
        weighted_inputs(layers, W, k, 0, units, entered, z, width, examples);
        if (k + 1 == layers->count)
            return z;
        activate_in_place(numbers, z, units, width, examples);
        entered = z;
    }
}

/* Evaluate the blocks from `first` to `last`. Returns 0 if memory cannot be allocated. */
int evaluate_network(const Evaluation *e, int64_t first, int64_t last)
{
    const Layers *layers = &e->layers;
    const int64_t D = layers->widths[0], outputs = layers->widths[layers->count];
    const int64_t width = e->block, P = layers->begins[layers->count];
    const int64_t blocks = (e->rows + width - 1) / width;
    BlockBuffers b;
    const int64_t bytes = lay_out_block(&b, e, NULL);
    b.memory = allocate_lines(bytes);
    if (b.memory == NULL)
        return 0;
    memset(b.memory, 0, bytes);
    lay_out_block(&b, e, b.memory);
    for (int64_t i = 0; i < width; i++)
        b.columns[D * width + i] = 1;
    for (int64_t block = first; block < last; block++) {
        const int64_t begin = block * width;
        const int64_t n = e->rows - begin < width ? e->rows - begin : width;
        const target *y = e->y + begin;
        transpose(e->X + begin * D, D, n, D, b.columns, width);
        for (int64_t lane = 0; lane < e->lanes; lane++) {
            const int64_t at = lane * blocks + block;
            real *scores = forward(e, &b, e->W + lane * P, padded(n));
            e->rights[at] = right_predictions(scores, width, y, n, outputs, b.work);
            e->losses[at] =
                LOSS_OF_BLOCK(scores, width, y, n, outputs, b.work, loss_numbers(layers->extra));
        }
    }
    free_lines(b.memory);
    return 1;
}
