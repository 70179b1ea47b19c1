// Functions of sixteen lanes.
#pragma once
#include "simd/simd.h"

// MARK: The operations of transcendentals.h. Their operands go through variables: the compiler fuses products with sums
// within an expression, and a variable ends one.
#define VALUE lanes
#define FUNCTION(name) INLINE void lanes_##name(lanes *at)
#define CALL(name, x) (lanes_##name(&x), x)
#define NUMBER(x) SPLAT(x)
#define WORD(bits) ((lanes)SPLAT_WORD(bits))
#define OPERATE(type, a, operator, b) ({ type right_ = (type)(b), left_ = (type)(a); (lanes)(left_ operator right_); })
#define ADD(a, b) OPERATE(lanes, a, +, b)
#define SUBTRACT(a, b) OPERATE(lanes, a, -, b)
#define MULTIPLY(a, b) OPERATE(lanes, a, *, b)
#define DIVIDE(a, b) OPERATE(lanes, a, /, b)
#define MULTIPLY_ADD(a, b, c) ({ lanes term_ = (c); (a) * (b) + term_; })
#define MULTIPLY_SUBTRACT(a, b, c) ({ lanes term_ = (c); (a) * (b) - term_; })
#define SUBTRACT_PRODUCT(a, b, c) ({ lanes term_ = (c); term_ - (a) * (b); })
#define BITS_AND(a, b) OPERATE(words, a, &, b)
#define BITS_OR(a, b) OPERATE(words, a, |, b)
#define ADD_WORDS(a, b) OPERATE(words, a, +, b)
#define SUBTRACT_WORDS(a, b) OPERATE(words, a, -, b)
#define SHIFT_RIGHT(a, count) ((lanes)((words)(a) >> (count)))
#define TO_FLOAT(a) __builtin_convertvector((words)(a), lanes)
#define IS_LESS <
#define IS_EQUAL ==
#define IS_GREATER_EQUAL >=
#define IS_GREATER_THAN >
#define CHOOSE(a, how, b, yes, no) ({ words mask_ = (a) IS_##how (b); SELECT(mask_, yes, no); })
#define LESSER(a, b) CHOOSE(a, LESS, b, a, b)
#define GREATER(a, b) CHOOSE(a, GREATER_THAN, b, a, b)
// n as an integer, from the low bits of `shifted`.
#define EXPONENT(n, shifted) ((lanes)((words)(shifted) - 0x4b400000))
// Times 2^n in two factors, since n leaves the range of an exponent at both ends. The first product is exact, so that
// this rounds once, as the instruction does.
#define SCALE(p, exponent)                                                 \
  ({                                                                       \
    lanes p_ = (p);                                                        \
    words n_ = (words)(exponent), half_ = n_ >> 1;                         \
    p_ * (lanes)((half_ + 127) << 23) * (lanes)((n_ - half_ + 127) << 23); \
  })
#include "simd/transcendentals.h"

// sin(2πv) and cos(2πv) for v in [0, 1): the quarter turn is split off exactly. After Cephes, too.
INLINE void lanes_sincos_turns(const lanes *v, lanes *sine, lanes *cosine) {
  lanes quarters = *v * 4.0f;
  lanes shifted = quarters + 12582912.0f;
  words q = (words)shifted - 0x4b400000;
  lanes x = (quarters - (shifted - 12582912.0f)) * 1.57079632679f, z = x * x;
  lanes p = z * -1.9515295891e-4f + 8.3321608736e-3f;
  p = p * z - 1.6666654611e-1f;
  lanes s = p * z * x + x;
  lanes r = z * 2.443315711809948e-5f - 1.388731625493765e-3f;
  r = r * z + 4.166664568298827e-2f;
  lanes c = r * z * z + (1.0f - 0.5f * z);
  words odd = (q & 1) != 0;
  words sine_sign = (q & 2) << 30, cosine_sign = ((q + 1) & 2) << 30;
  *sine = (lanes)((words)SELECT(odd, c, s) ^ sine_sign);
  *cosine = (lanes)((words)SELECT(odd, s, c) ^ cosine_sign);
}
