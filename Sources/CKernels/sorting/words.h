// Sorts words, which hold a key in their upper half and an index in their lower half. Included once for each kind, with
//
//   WORD  the type of a word, twice as wide as KEY
//   NAME(x)  what the functions are called
//
// By digits of the keys from the lowest on, which keeps the order of equal ones; a few words by insertion.
#define KEY_BITS (4 * (int)sizeof(WORD))

// Sorts a[n]; the words are in the array that is returned, `a` or `b`. `counts`: (KEY_BITS / bits + 1) << bits.
static WORD *NAME(sort)(WORD *a, WORD *b, int64_t n, uint32_t *counts) {
  if (n <= 40) {
    for (int64_t i = 1; i < n; i++) {
      WORD word = a[i];
      int64_t j = i;
      for (; j > 0 && a[j - 1] > word; j--) a[j] = a[j - 1];
      a[j] = word;
    }
    return a;
  }
  const int bits = n < DIGITS_PAY ? 8 : 11, passes = (KEY_BITS + bits - 1) / bits;
  const uint32_t mask = (1u << bits) - 1;
  memset(counts, 0, (size_t)passes * sizeof *counts << bits);
  for (int64_t i = 0; i < n; i++) {
    WORD key = a[i] >> KEY_BITS;
    for (int pass = 0; pass < passes; pass++, key >>= bits) counts[((uint32_t)pass << bits) + ((uint32_t)key & mask)]++;
  }
  for (int pass = 0; pass < passes; pass++) {
    uint32_t *starts = counts + ((int64_t)pass << bits), sum = 0;
    const int shift = KEY_BITS + pass * bits;
    if (starts[(uint32_t)(a[0] >> shift) & mask] == n) continue;  // all have the same digit
    for (uint32_t digit = 0; digit <= mask; digit++) {
      uint32_t count = starts[digit];
      starts[digit] = sum;
      sum += count;
    }
    for (int64_t i = 0; i < n; i++) b[starts[(uint32_t)(a[i] >> shift) & mask]++] = a[i];
    WORD *other = a;
    a = b;
    b = other;
  }
  return a;
}

#undef KEY_BITS
