// The pool's worker threads.
#pragma once
#include "CKernels.h"

// Runs task(context, rank, size) on the caller, as rank 0, and on idle workers at the same time. `size` is at most
// `most`: as many workers as are idle, none where all are busy. Never waits for a worker to become idle.
void fork_to_idle(int32_t most, backprop_team_task task, void *context);

// The same with exactly `size` threads, for a task whose threads wait for each other: waits for workers. With fewer
// only where the system gives no more threads.
void fork_to_all(int32_t size, backprop_team_task task, void *context);
