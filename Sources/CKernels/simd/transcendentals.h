// The transcendental functions, each written once: simd/functions.h makes C on lanes of this file, jit/jit_values.c
// machine code. Both give the same bits.
//
// Before they include it they define VALUE, FUNCTION, CALL and the operations, which are called after the machine's
// instructions. A product is fused with a sum (rounded once, where the processor can) exactly where MULTIPLY_ADD,
// MULTIPLY_SUBTRACT (ab - c) or SUBTRACT_PRODUCT (c - ab) says so.
//
// Polynomials after Moshier's Cephes (single precision) unless said otherwise; about 1 ulp, at most 2.

#define MAGNITUDE(x) BITS_AND(x, WORD(INT32_MAX))
#define WITH_SIGN_OF(x, magnitude) BITS_OR(magnitude, BITS_AND(x, WORD(INT32_MIN)))

// e^x = 2^n e^r with n = round(x / ln 2).
FUNCTION(exp) {
  VALUE x = GREATER(NUMBER(-110.0f), *at);  // the second where it is NaN
  x = LESSER(NUMBER(89.0f), x);
  VALUE magic = NUMBER(12582912.0f);  // 1.5 * 2^23: rounds to an integer in the low bits
  VALUE shifted = MULTIPLY_ADD(x, NUMBER(1.44269504f), magic);
  VALUE n = SUBTRACT(shifted, magic), exponent = EXPONENT(n, shifted);
  VALUE r = SUBTRACT_PRODUCT(n, NUMBER(0.693359375f), x);
  r = MULTIPLY_ADD(n, NUMBER(2.12194440e-4f), r);
  VALUE p = MULTIPLY_ADD(NUMBER(1.9875691500e-4f), r, NUMBER(1.3981999507e-3f));
  p = MULTIPLY_ADD(p, r, NUMBER(8.3334519073e-3f));
  p = MULTIPLY_ADD(p, r, NUMBER(4.1665795894e-2f));
  p = MULTIPLY_ADD(p, r, NUMBER(1.6666665459e-1f));
  p = MULTIPLY_ADD(p, r, NUMBER(5.0000001201e-1f));
  p = MULTIPLY_ADD(p, MULTIPLY(r, r), r);
  *at = SCALE(ADD(p, NUMBER(1.0f)), exponent);
}

// ln x = e ln 2 + ln m with m in [sqrt(1/2), sqrt(2)).
FUNCTION(log) {
  VALUE x = *at, least = NUMBER(1.17549435e-38f), zero = WORD(0), start = WORD(0x3f3504f3);
  VALUE scaled = CHOOSE(x, LESS, least, MULTIPLY(x, NUMBER(8388608.0f)), x);
  VALUE bits = SUBTRACT_WORDS(scaled, start), lift = CHOOSE(x, LESS, least, WORD(23), zero);
  VALUE e = TO_FLOAT(SUBTRACT_WORDS(SHIFT_RIGHT(bits, 23), lift));
  VALUE f = SUBTRACT(ADD_WORDS(BITS_AND(bits, WORD(0x007fffff)), start), NUMBER(1.0f));
  VALUE z = MULTIPLY(f, f);
  VALUE p = MULTIPLY_ADD(NUMBER(7.0376836292e-2f), f, NUMBER(-1.1514610310e-1f));
  p = MULTIPLY_ADD(p, f, NUMBER(1.1676998740e-1f));
  p = MULTIPLY_ADD(p, f, NUMBER(-1.2420140846e-1f));
  p = MULTIPLY_ADD(p, f, NUMBER(1.4249322787e-1f));
  p = MULTIPLY_ADD(p, f, NUMBER(-1.6668057665e-1f));
  p = MULTIPLY_ADD(p, f, NUMBER(2.0000714765e-1f));
  p = MULTIPLY_ADD(p, f, NUMBER(-2.4999993993e-1f));
  p = MULTIPLY_ADD(p, f, NUMBER(3.3333331174e-1f));
  VALUE y = MULTIPLY(MULTIPLY(p, f), z);
  y = SUBTRACT_PRODUCT(e, NUMBER(2.12194440e-4f), y);
  y = SUBTRACT_PRODUCT(z, NUMBER(0.5f), y);
  VALUE result = MULTIPLY_ADD(e, NUMBER(0.693359375f), ADD(f, y));
  result = CHOOSE(x, EQUAL, NUMBER(INFINITY), x, result);
  result = CHOOSE(x, EQUAL, zero, NUMBER(-INFINITY), result);
  *at = CHOOSE(x, GREATER_EQUAL, zero, result, NUMBER(NAN));
}

FUNCTION(tanh) {
  VALUE x = *at, a = MAGNITUDE(x), z = MULTIPLY(x, x), one = NUMBER(1.0f);
  VALUE p = MULTIPLY_ADD(NUMBER(-5.70498872745e-3f), z, NUMBER(2.06390887954e-2f));
  p = MULTIPLY_ADD(p, z, NUMBER(-5.37397155531e-2f));
  p = MULTIPLY_ADD(p, z, NUMBER(1.33314422036e-1f));
  p = MULTIPLY_ADD(p, z, NUMBER(-3.33332819422e-1f));
  VALUE small = MULTIPLY_ADD(MULTIPLY(p, z), x, x), e = ADD(a, a);
  CALL(exp, e);
  VALUE large = WITH_SIGN_OF(x, SUBTRACT(one, DIVIDE(NUMBER(2.0f), ADD(e, one))));
  *at = CHOOSE(a, LESS, NUMBER(0.625f), small, large);
}

// Through e^-|x|, which cannot overflow and keeps small results exact.
FUNCTION(sigmoid) {
  VALUE x = *at, e = BITS_OR(x, WORD(INT32_MIN));
  CALL(exp, e);
  VALUE one = NUMBER(1.0f), above = CHOOSE(x, LESS, WORD(0), e, one);
  *at = DIVIDE(above, ADD(one, e));
}

// x (1 + tanh y) / 2 = x sigmoid(2y) with y = sqrt(2 / pi) (x + 0.044715 x^3).
FUNCTION(gelu) {
  VALUE x = *at, z = MULTIPLY(x, x);
  VALUE s = MULTIPLY(x, MULTIPLY_ADD(NUMBER(0.0713548163f), z, NUMBER(1.59576912f))), least = NUMBER(-FLT_MAX);
  *at = MULTIPLY(CHOOSE(x, LESS, least, least, x), CALL(sigmoid, s));  // minus infinity times 0 would be NaN
}

// The derivative: s + x s (1 - s) 2y' with s = sigmoid(2y).
FUNCTION(gelu_derivative) {
  VALUE x = *at, z = MULTIPLY(x, x);
  VALUE s = MULTIPLY(x, MULTIPLY_ADD(NUMBER(0.0713548163f), z, NUMBER(1.59576912f)));
  CALL(sigmoid, s);
  VALUE spread = MULTIPLY(x, SUBTRACT_PRODUCT(s, s, s));
  VALUE derivative = MULTIPLY_ADD(spread, MULTIPLY_ADD(NUMBER(0.214064449f), z, NUMBER(1.59576912f)), s);
  *at = CHOOSE(z, GREATER_THAN, NUMBER(400.0f), s, derivative);  // beyond, infinity times 0
}

// Two polynomials after N. Juffa's erff (1 ulp each).
FUNCTION(erf) {
  VALUE x = *at, s = MULTIPLY(x, x), a = MAGNITUDE(x), four = NUMBER(4.0f);
  VALUE p = MULTIPLY_ADD(NUMBER(-5.96761703e-4f), s, NUMBER(4.99119423e-3f));
  p = MULTIPLY_ADD(p, s, NUMBER(-2.67681349e-2f));
  p = MULTIPLY_ADD(p, s, NUMBER(1.12819925e-1f));
  p = MULTIPLY_ADD(p, s, NUMBER(-3.76125336e-1f));
  p = MULTIPLY_ADD(p, s, NUMBER(1.28379166e-1f));
  VALUE small = MULTIPLY_ADD(p, x, x), t = LESSER(four, a);  // erf(4) rounds to 1
  VALUE q = MULTIPLY_ADD(NUMBER(-1.72853470e-5f), t, NUMBER(3.83197126e-4f));
  VALUE u = MULTIPLY_ADD(NUMBER(-3.88396438e-3f), t, NUMBER(2.42546219e-2f));
  q = MULTIPLY_ADD(q, MULTIPLY(t, t), u);
  q = MULTIPLY_ADD(q, t, NUMBER(-1.06777877e-1f));
  q = MULTIPLY_ADD(q, t, NUMBER(-6.34846687e-1f));
  q = MULTIPLY_ADD(q, t, NUMBER(-1.28717512e-1f));
  q = MULTIPLY_SUBTRACT(q, t, t);
  VALUE large = WITH_SIGN_OF(x, SUBTRACT(NUMBER(1.0f), CALL(exp, q)));
  *at = CHOOSE(a, GREATER_THAN, NUMBER(0.927734375f), large, small);
}
