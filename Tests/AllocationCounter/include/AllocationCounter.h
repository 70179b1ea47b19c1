// A library to preload: it counts the allocations of the process, those of oneDNN and OpenMP for themselves aside.
#pragma once
#include <stdint.h>

// How many allocations there were so far, by all threads.
int64_t backprop_allocations(void);
