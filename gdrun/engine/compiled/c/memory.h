/* Memory for vectors: it begins with a cache line, so that no vector is in two lines. */

#ifndef MEMORY_H
#define MEMORY_H

#include <stdint.h>
#include <stdlib.h>

#define LINE 64 /* bytes of a cache line */

#if defined(_WIN32)
#include <malloc.h>
#endif

/* Returns at least `bytes` bytes with undefined values; NULL if there is not enough memory. */
static inline void *allocate_lines(int64_t bytes)
{
    const int64_t whole_lines = (bytes + LINE - 1) / LINE * LINE;
#if defined(_WIN32)
    return _aligned_malloc(whole_lines, LINE);
#else
    return aligned_alloc(LINE, whole_lines);
#endif
}

/* Free memory of allocate_lines, or NULL. */
static inline void free_lines(void *memory)
{
#if defined(_WIN32)
    _aligned_free(memory);
#else
    free(memory);
#endif
}

#endif
