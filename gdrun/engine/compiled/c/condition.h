/* A condition variable: threads sleep until a count is reached. And a clock, by which they decide
   when to sleep. */

#ifndef CONDITION_H
#define CONDITION_H

#include <stddef.h>
#include <stdint.h>

#if !defined(_WIN32)
#include <pthread.h>
#include <time.h>

typedef struct {
    pthread_mutex_t lock;
    pthread_cond_t reached;
    int64_t sleepers;
} Condition;

static inline void make_condition(Condition *condition)
{
    pthread_mutex_init(&condition->lock, NULL);
    pthread_cond_init(&condition->reached, NULL);
}

static inline void release_condition(Condition *condition)
{
    pthread_cond_destroy(&condition->reached);
    pthread_mutex_destroy(&condition->lock);
}

#define LOCK(condition) pthread_mutex_lock(&(condition)->lock)
#define UNLOCK(condition) pthread_mutex_unlock(&(condition)->lock)
#define SLEEP(condition) pthread_cond_wait(&(condition)->reached, &(condition)->lock)
#define WAKE(condition) pthread_cond_broadcast(&(condition)->reached)

/* Returns a time in microseconds, for differences. */
static inline int64_t microseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000 + now.tv_nsec / 1000;
}
#else
/* windows.h would define words such as small as macros. */
__declspec(dllimport) void __stdcall AcquireSRWLockExclusive(void **lock);
__declspec(dllimport) void __stdcall ReleaseSRWLockExclusive(void **lock);
__declspec(dllimport) int __stdcall SleepConditionVariableSRW(
    void **condition, void **lock, unsigned long milliseconds, unsigned long flags);
__declspec(dllimport) void __stdcall WakeAllConditionVariable(void **condition);
__declspec(dllimport) int __stdcall QueryPerformanceCounter(int64_t *ticks);
__declspec(dllimport) int __stdcall QueryPerformanceFrequency(int64_t *ticks_of_a_second);

typedef struct {
    void *lock, *reached; /* a lock and a condition variable; NULL is their first state */
    int64_t sleepers;
} Condition;

static inline void make_condition(Condition *condition)
{
    condition->lock = condition->reached = NULL;
}

static inline void release_condition(Condition *condition)
{
    (void)condition; /* it holds nothing */
}

#define FOREVER 0xFFFFFFFFul
#define LOCK(condition) AcquireSRWLockExclusive(&(condition)->lock)
#define UNLOCK(condition) ReleaseSRWLockExclusive(&(condition)->lock)
#define SLEEP(condition)                                                                           \
    SleepConditionVariableSRW(&(condition)->reached, &(condition)->lock, FOREVER, 0)
#define WAKE(condition) WakeAllConditionVariable(&(condition)->reached)

static inline int64_t microseconds(void)
{
    int64_t ticks, second;
    QueryPerformanceCounter(&ticks);
    QueryPerformanceFrequency(&second);
    return ticks / second * 1000000 + ticks % second * 1000000 / second;
}
#endif

/* Sleep until the count is at least `expected`. */
static void sleep_until(Condition *condition, const int64_t *count, int64_t expected)
{
    LOCK(condition);
    __atomic_add_fetch(&condition->sleepers, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(count, __ATOMIC_SEQ_CST) < expected)
        SLEEP(condition);
    __atomic_sub_fetch(&condition->sleepers, 1, __ATOMIC_SEQ_CST);
    UNLOCK(condition);
}

/* Wake the threads that sleep, after the count was raised. A thread counts itself as a sleeper
   before it reads the count, and the count is raised before the sleepers are read here: so one of
   the two sees the other, and no thread sleeps for ever. */
static void wake_sleepers(Condition *condition)
{
    if (__atomic_load_n(&condition->sleepers, __ATOMIC_SEQ_CST) == 0)
        return;
    LOCK(condition);
    WAKE(condition);
    UNLOCK(condition);
}

#endif
