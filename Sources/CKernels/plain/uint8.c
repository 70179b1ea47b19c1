#define TYPE uint8_t
#define UNSIGNED uint8_t
#define IS_FLOAT 0
#define LEAST 0
#define GREATEST UINT8_MAX
#define KERNELS plain_uint8
#include "plain/kernels.h"
