// The transcendental functions, each written once: simd/functions.h makes C on lanes of this file, jit/jit_values.c
// machine code. Both give the same bits.
//
// Before they include it they define VALUE, FUNCTION, CALL and the operations, which are called after the machine's
// instructions. A product is fused with a sum (rounded once, where the processor can) exactly where MULTIPLY_ADD,
// MULTIPLY_SUBTRACT (ab - c) or SUBTRACT_PRODUCT (c - ab) says so.
//
// Polynomials after Moshier's Cephes (single precision) unless said otherwise; about 1 ulp, at most 2.

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
