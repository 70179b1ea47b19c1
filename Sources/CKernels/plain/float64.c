#define TYPE double
#define UNSIGNED double
#define IS_FLOAT 1
#define LEAST (-INFINITY)
#define GREATEST INFINITY
#define KERNELS plain_float64
#include "plain/kernels.h"
