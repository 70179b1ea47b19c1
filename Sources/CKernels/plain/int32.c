#define TYPE int32_t
#define UNSIGNED uint32_t
#define IS_FLOAT 0
#define LEAST INT32_MIN
#define GREATEST INT32_MAX
#define KERNELS plain_int32
#include "plain/kernels.h"
