/* Sums of losses, right predictions and gradients over all rows of data. */

#include "sums.h"

/* Add the sums over the places from `begin` to `end` of the order, for the weights W (L, P).

   values (L,): Σ ℓ is added. rights (L,): if `judges`, the number of right predictions is added.
   gradients (L, P): if `slopes`, Σ ∇ℓ is added. Returns 0 if memory cannot be allocated, else 1. */
int add_pass(const Examples *data, int64_t begin, int64_t end, const real *W, int64_t lanes,
    int slopes, int judges, double *values, double *rights, real *gradients)
{
    const int64_t m = lanes * data->outputs, D = data->columns;
    Buffers b = buffers_for(data, m);
    real *M = calloc(m * b.length, sizeof(real));
    if (b.memory == NULL || M == NULL) {
        free_lines(b.memory);
        free(M);
        return 0;
    }
    for (int64_t row = 0; row < m; row++)
        memcpy(M + row * b.length, W + row * D, D * sizeof(real));
    memset(b.gradient, 0, m * b.length * sizeof(real));
    add_rows(data, begin, end, M, m, slopes, judges, &b, values, rights);
    for (int64_t row = 0; slopes && row < m; row++)
        for (int64_t j = 0; j < D; j++)
            gradients[row * D + j] += b.gradient[row * b.length + j];
    free(M);
    free_lines(b.memory);
    return 1;
}
