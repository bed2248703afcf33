/* The update of a rule alone, for models whose gradients are computed elsewhere.

   In NumPy, every operator of a rule makes a temporary array, and for a network these take as long
   as the matrix products. Here the rule is one loop over the parameters. */

#include <stdlib.h>

#include "tiles.h"

#define SUMMED 4096 /* parameters whose sums are kept in the run's number type */

/* Take step t of all lanes: update W (lanes, P) and slots (lanes, SLOTS, P) in place, with the
   gradients G (lanes, P) and the options (lanes, OPTIONS) of this step. moves, sizes (lanes,)
   receive ‖Δw‖ and ‖w‖. */
void update_lanes(real *W, const real *G, real *slots, double t, const double *options,
    int64_t lanes, int64_t P, double *moves, double *sizes)
{
    for (int64_t lane = 0; lane < lanes; lane++) {
        const struct step_numbers numbers = step_numbers(t, options + lane * OPTIONS);
        real *restrict w = W + lane * P, *restrict s = slots + lane * SLOTS * P;
        const real *restrict g = G + lane * P;
        double moved = 0, length = 0;
        for (int64_t first = 0; first < P; first += SUMMED) {
            const int64_t last = first + SUMMED < P ? first + SUMMED : P;
            real move = 0, weight = 0;
#pragma omp simd reduction(+ : move, weight)
            for (int64_t j = first; j < last; j++) {
                const real old = w[j], next = moved_weight(numbers, old, g[j], s, P, j);
                w[j] = next;
                move += (next - old) * (next - old);
                weight += next * next;
            }
            moved += move;
            length += weight;
        }
        moves[lane] = sqrt(moved);
        sizes[lane] = sqrt(length);
    }
}
