#define TYPE int64_t
#define UNSIGNED uint64_t
#define IS_FLOAT 0
#define LEAST INT64_MIN
#define GREATEST INT64_MAX
#define KERNELS plain_int64
#include "plain/kernels.h"
