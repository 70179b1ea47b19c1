#define TYPE int8_t
#define UNSIGNED uint8_t
#define IS_FLOAT 0
#define LEAST INT8_MIN
#define GREATEST INT8_MAX
#define KERNELS plain_int8
#include "plain/kernels.h"
