// Transforms of one type T. Arrays of complex numbers are two arrays; `im` is that of the imaginary parts.

typedef struct {
  T *re, *im;
} NAME(complexes);

// One pass of Stockham's algorithm, with a factor r of n: `s` neighbors are transformed alike. From x[r, n / r, s] to
// y[n / r, r, s]; `root` is the distance in the table of roots between those of n.
typedef struct {
  int64_t n, s, r, root, roots;
  const T *re, *im;
} NAME(pass);

#define EACH_ROW(R)                                                                        \
  const T *restrict xre = x.re, *restrict xim = x.im, *rootre = p->re, *rootim = p->im;    \
  T *restrict outre = y.re, *restrict outim = y.im;                                        \
  int64_t rest = p->n / (R), root = p->root;                                               \
  for (int64_t row = 0; row < rest; row++)
// The numbers of a row, and where its results are; w(k): the k-th power of the row's root.
#define IN(k) const T *re##k = xre + s * (row + rest * (k)), *im##k = xim + s * (row + rest * (k))
#define OUT(R, k) T *yre##k = outre + s * ((R)*row + (k)), *yim##k = outim + s * ((R)*row + (k))
#define ROOT(k) T wre##k = rootre[row * root * (k)], wim##k = rootim[row * root * (k)]
#define STORE_ROTATED(k, a, b) yre##k[q] = (a)*wre##k - (b)*wim##k, yim##k[q] = (a)*wim##k + (b)*wre##k

// Few neighbors are a number that the compiler knows: the first pass of one line is a loop over rows.
#define PASS(R)                                                                                              \
  CLONES static void NAME(pass##R)(const NAME(pass) * p, NAME(complexes) x, NAME(complexes) y) {             \
    switch (p->s) {                                                                                          \
    case 1: NAME(rows##R)(p, 1, x, y); break;                                                                \
    case 4: NAME(rows##R)(p, 4, x, y); break;                                                                \
    case 16: NAME(rows##R)(p, 16, x, y); break;                                                              \
    default: NAME(rows##R)(p, p->s, x, y);                                                                   \
    }                                                                                                        \
  }

INLINE void NAME(rows2)(const NAME(pass) * p, int64_t s, NAME(complexes) x, NAME(complexes) y) {
  EACH_ROW(2) {
    IN(0); IN(1); OUT(2, 0); OUT(2, 1); ROOT(1);
    for (int64_t q = 0; q < s; q++) {
      T a = re0[q] - re1[q], b = im0[q] - im1[q];
      yre0[q] = re0[q] + re1[q], yim0[q] = im0[q] + im1[q];
      STORE_ROTATED(1, a, b);
    }
  }
}
PASS(2)

INLINE void NAME(rows3)(const NAME(pass) * p, int64_t s, NAME(complexes) x, NAME(complexes) y) {
  const T half = (T)0.5, sine = (T)0.86602540378443864676;
  EACH_ROW(3) {
    IN(0); IN(1); IN(2); OUT(3, 0); OUT(3, 1); OUT(3, 2); ROOT(1); ROOT(2);
    for (int64_t q = 0; q < s; q++) {
      T are = re1[q] + re2[q], aim = im1[q] + im2[q], bre = sine * (re1[q] - re2[q]), bim = sine * (im1[q] - im2[q]);
      T cre = re0[q] - half * are, cim = im0[q] - half * aim;
      yre0[q] = re0[q] + are, yim0[q] = im0[q] + aim;
      STORE_ROTATED(1, cre + bim, cim - bre);
      STORE_ROTATED(2, cre - bim, cim + bre);
    }
  }
}
PASS(3)

INLINE void NAME(rows4)(const NAME(pass) * p, int64_t s, NAME(complexes) x, NAME(complexes) y) {
  EACH_ROW(4) {
    IN(0); IN(1); IN(2); IN(3); OUT(4, 0); OUT(4, 1); OUT(4, 2); OUT(4, 3); ROOT(1); ROOT(2); ROOT(3);
    for (int64_t q = 0; q < s; q++) {
      T are = re0[q] + re2[q], aim = im0[q] + im2[q], bre = re0[q] - re2[q], bim = im0[q] - im2[q];
      T cre = re1[q] + re3[q], cim = im1[q] + im3[q], dre = re1[q] - re3[q], dim = im1[q] - im3[q];
      yre0[q] = are + cre, yim0[q] = aim + cim;
      STORE_ROTATED(1, bre + dim, bim - dre);
      STORE_ROTATED(2, are - cre, aim - cim);
      STORE_ROTATED(3, bre - dim, bim + dre);
    }
  }
}
PASS(4)

INLINE void NAME(rows5)(const NAME(pass) * p, int64_t s, NAME(complexes) x, NAME(complexes) y) {
  const T c1 = (T)0.30901699437494742410, c2 = (T)-0.80901699437494742410;
  const T s1 = (T)0.95105651629515357212, s2 = (T)0.58778525229247312917;
  EACH_ROW(5) {
    IN(0); IN(1); IN(2); IN(3); IN(4); OUT(5, 0); OUT(5, 1); OUT(5, 2); OUT(5, 3); OUT(5, 4);
    ROOT(1); ROOT(2); ROOT(3); ROOT(4);
    for (int64_t q = 0; q < s; q++) {
      T are = re1[q] + re4[q], aim = im1[q] + im4[q], bre = re2[q] + re3[q], bim = im2[q] + im3[q];
      T cre = re1[q] - re4[q], cim = im1[q] - im4[q], dre = re2[q] - re3[q], dim = im2[q] - im3[q];
      T ere = re0[q] + c1 * are + c2 * bre, eim = im0[q] + c1 * aim + c2 * bim;
      T fre = re0[q] + c2 * are + c1 * bre, fim = im0[q] + c2 * aim + c1 * bim;
      T gre = s1 * cre + s2 * dre, gim = s1 * cim + s2 * dim, hre = s2 * cre - s1 * dre, him = s2 * cim - s1 * dim;
      yre0[q] = re0[q] + are + bre, yim0[q] = im0[q] + aim + bim;
      STORE_ROTATED(1, ere + gim, eim - gre);
      STORE_ROTATED(2, fre + him, fim - hre);
      STORE_ROTATED(3, fre - him, fim + hre);
      STORE_ROTATED(4, ere - gim, eim + gre);
    }
  }
}
PASS(5)

// By the definition, for the other factors.
CLONES static void NAME(pass_any)(const NAME(pass) * p, NAME(complexes) x, NAME(complexes) y) {
  int64_t r = p->r, unit = p->roots / r, s = p->s, rest = p->n / r;
  for (int64_t row = 0; row < rest; row++) {
    for (int64_t k = 0; k < r; k++) {
      T *restrict yre = y.re + s * (r * row + k), *restrict yim = y.im + s * (r * row + k);
      for (int64_t j = 0; j < r; j++) {
        int64_t at = (j * k % r * unit + row * p->root * k) % p->roots;
        T wre = p->re[at], wim = p->im[at];
        const T *restrict re = x.re + s * (row + rest * j), *restrict im = x.im + s * (row + rest * j);
        for (int64_t q = 0; q < s; q++) {
          T a = re[q] * wre - im[q] * wim, b = re[q] * wim + im[q] * wre;
          yre[q] = j ? yre[q] + a : a, yim[q] = j ? yim[q] + b : b;
        }
      }
    }
  }
}
#undef EACH_ROW
#undef PASS
#undef IN
#undef OUT
#undef ROOT
#undef STORE_ROTATED

// All passes, forward, of `s` lines next to each other; the result is in x or in y, whichever is returned.
static NAME(complexes) NAME(passes)(
    int64_t n, int64_t s, const T *roots, NAME(complexes) x, NAME(complexes) y) {
  NAME(pass) p = {n, s, 1, 1, n, roots, roots + n};
  while (p.n > 1) {
    p.r = next_factor(p.n);
    switch (p.r) {
    case 2: NAME(pass2)(&p, x, y); break;
    case 3: NAME(pass3)(&p, x, y); break;
    case 4: NAME(pass4)(&p, x, y); break;
    case 5: NAME(pass5)(&p, x, y); break;
    default: NAME(pass_any)(&p, x, y);
    }
    NAME(complexes) other = x;
    x = y, y = other;
    p.n /= p.r, p.s *= p.r, p.root *= p.r;
  }
  return x;
}

static NAME(complexes) NAME(swapped)(NAME(complexes) x) { return (NAME(complexes)){x.im, x.re}; }

// x times an array of one number for each position; y and x may be the same.
CLONES static void NAME(multiply)(int64_t n, int64_t s, const T *re, const T *im, NAME(complexes) x, NAME(complexes) y) {
  for (int64_t j = 0; j < n; j++)
    for (int64_t q = j * s; q < (j + 1) * s; q++) {
      T a = x.re[q] * re[j] - x.im[q] * im[j], b = x.re[q] * im[j] + x.im[q] * re[j];
      y.re[q] = a, y.im[q] = b;
    }
}

// The transform of `s` lines of t->length numbers in x, which have places for t->inner; y is workspace.
static NAME(complexes) NAME(transform)(
    const table_layout *t, int64_t s, const T *table, NAME(complexes) x, NAME(complexes) y) {
  if (t->inner == t->length) return NAME(passes)(t->length, s, table, x, y);
  const T *chirp = table + 2 * t->chirp, *filter = table + 2 * t->filter;
  size_t empty = (size_t)((t->inner - t->length) * s) * sizeof(T);
  NAME(multiply)(t->length, s, chirp, chirp + t->length, x, x);
  memset(x.re + t->length * s, 0, empty);
  memset(x.im + t->length * s, 0, empty);
  NAME(complexes) z = NAME(passes)(t->inner, s, table, x, y), other = z.re == x.re ? y : x;
  NAME(multiply)(t->inner, s, filter, filter + t->inner, z, z);
  z = NAME(swapped)(NAME(passes)(t->inner, s, table, NAME(swapped)(z), NAME(swapped)(other)));
  NAME(multiply)(t->length, s, chirp, chirp + t->length, z, z);
  return z;
}

static void NAME(put)(T *array, int64_t count, int64_t at, double angle, double scale) {
  array[at] = (T)(scale * cos(angle)), array[count + at] = (T)(scale * sin(angle));
}

static int NAME(prepare)(backprop_fourier_kind kind, int64_t n, void *memory) {
  table_layout t = layout_of(kind, n);
  T *table = memory;
  const double turn = 2 * 3.14159265358979323846;
  for (int64_t j = 0; j < t.inner; j++) NAME(put)(table, t.inner, j, -turn * (double)j / (double)t.inner, 1);
  if (is_half(kind, n))
    for (int64_t j = 0; j <= t.length; j++)
      NAME(put)(table + 2 * t.halves, t.length + 1, j, -turn * (double)j / (double)n, 1);
  if (t.inner == t.length) return 0;
  // The filter is the conjugate of the chirp on both sides of 0, transformed in double: from rounded numbers it would be
  // less accurate than the rest.
  T *chirp = table + 2 * t.chirp, *filter = table + 2 * t.filter;
  double *x = calloc((size_t)(6 * t.inner), sizeof *x);
  if (!x) return 1;
  complexes_double a = {x, x + t.inner}, b = {x + 2 * t.inner, x + 3 * t.inner};
  double *roots = x + 4 * t.inner;
  for (int64_t j = 0; j < t.length; j++) {
    double angle = turn / 2 * (double)(j * j % (2 * t.length)) / (double)t.length;
    NAME(put)(chirp, t.length, j, -angle, 1);
    int64_t other = j ? t.inner - j : 0;
    a.re[j] = a.re[other] = cos(angle), a.im[j] = a.im[other] = sin(angle);
  }
  for (int64_t j = 0; j < t.inner; j++) put_double(roots, t.inner, j, -turn * (double)j / (double)t.inner, 1);
  complexes_double z = passes_double(t.inner, 1, roots, a, b);
  for (int64_t j = 0; j < t.inner; j++) {
    filter[j] = (T)(z.re[j] / (double)t.inner);
    filter[t.inner + j] = (T)(z.im[j] / (double)t.inner);
  }
  free(x);
  return 0;
}

// Whole groups of lines, and the numbers of each: loads, transforms, stores.
typedef struct {
  backprop_fourier_kind kind;
  int64_t lines, n, width;
  table_layout layout;
  const T *table, *x;
  T *y;
  int is_out_of_memory;
} NAME(task);

static void NAME(load)(const NAME(task) * t, int64_t line, int64_t s, NAME(complexes) z) {
  int64_t n = t->n, h = n / 2;
  int is_pairs = t->kind == BACKPROP_FOURIER || t->kind == BACKPROP_FOURIER_INVERSE;
  for (int64_t v = 0; v < s; v++) {
    if (is_pairs || (t->kind == BACKPROP_FOURIER_REAL && n % 2 == 0)) {
      const T *x = t->x + (line + v) * t->layout.length * 2;
      for (int64_t j = 0; j < t->layout.length; j++) z.re[j * s + v] = x[2 * j], z.im[j * s + v] = x[2 * j + 1];
    } else if (t->kind == BACKPROP_FOURIER_REAL) {
      const T *x = t->x + (line + v) * n;
      for (int64_t j = 0; j < n; j++) z.re[j * s + v] = x[j], z.im[j * s + v] = 0;
    } else if (n % 2 == 0) {  // the transform of pairs, from that of all: a + conj(b) + i conj(w) (a - conj(b))
      const T *x = t->x + (line + v) * (h + 1) * 2, *w = t->table + 2 * t->layout.halves;
      for (int64_t k = 0; k < h; k++) {
        T are = x[2 * k], aim = k ? x[2 * k + 1] : 0, bre = x[2 * (h - k)], bim = k ? x[2 * (h - k) + 1] : 0;
        T cre = are - bre, cim = aim + bim, wre = w[k], wim = w[h + 1 + k];
        z.re[k * s + v] = are + bre - (wre * cim - wim * cre);
        z.im[k * s + v] = aim - bim + (wre * cre + wim * cim);
      }
    } else {
      const T *x = t->x + (line + v) * (h + 1) * 2;
      for (int64_t k = 0; k <= h; k++) {
        int64_t other = k ? n - k : 0;
        z.re[k * s + v] = z.re[other * s + v] = x[2 * k];
        z.im[other * s + v] = -x[2 * k + 1], z.im[k * s + v] = k ? x[2 * k + 1] : 0;
        if (k == 0) z.im[v] = 0;
      }
    }
  }
}

static void NAME(store)(const NAME(task) * t, int64_t line, int64_t s, NAME(complexes) z) {
  int64_t n = t->n, h = n / 2;
  for (int64_t v = 0; v < s; v++) {
    if (t->kind == BACKPROP_FOURIER_REAL) {
      T *y = t->y + (line + v) * (h + 1) * 2;
      const T *w = t->table + 2 * t->layout.halves;
      for (int64_t k = 1; k <= h && n % 2; k++) y[2 * k] = z.re[k * s + v], y[2 * k + 1] = z.im[k * s + v];
      y[0] = n % 2 ? z.re[v] : z.re[v] + z.im[v], y[1] = 0;
      if (n % 2) continue;
      y[2 * h] = z.re[v] - z.im[v], y[2 * h + 1] = 0;
      // Of all numbers from that of pairs: ½ (a + conj(b)) - ½ i w (a - conj(b)).
      for (int64_t k = 1; k < h; k++) {
        T are = z.re[k * s + v], aim = z.im[k * s + v], bre = z.re[(h - k) * s + v], bim = z.im[(h - k) * s + v];
        T cre = are - bre, cim = aim + bim, wre = w[k], wim = w[h + 1 + k];
        y[2 * k] = (T)0.5 * (are + bre + wre * cim + wim * cre);
        y[2 * k + 1] = (T)0.5 * (aim - bim - wre * cre + wim * cim);
      }
    } else if (t->kind == BACKPROP_FOURIER_HERMITIAN && n % 2) {
      T *y = t->y + (line + v) * n;
      for (int64_t j = 0; j < n; j++) y[j] = z.re[j * s + v];
    } else {
      T *y = t->y + (line + v) * t->layout.length * 2;
      for (int64_t j = 0; j < t->layout.length; j++) y[2 * j] = z.re[j * s + v], y[2 * j + 1] = z.im[j * s + v];
    }
  }
}

static void NAME(run_groups)(void *context, int64_t begin, int64_t end) {
  NAME(task) *t = context;
  // Not a power of 2 apart, or the lines of the cache that a pass reads together would displace each other.
  int64_t count = t->layout.inner * t->width + 5 * 64 / (int64_t)sizeof(T);
  int is_inverse = t->kind == BACKPROP_FOURIER_INVERSE || t->kind == BACKPROP_FOURIER_HERMITIAN;
  T *memory = backprop_scratch(0, 4 * count * (int64_t)sizeof(T));
  if (!memory) {
    __atomic_store_n(&t->is_out_of_memory, 1, __ATOMIC_RELAXED);
    return;
  }
  NAME(complexes) a = {memory, memory + count}, b = {memory + 2 * count, memory + 3 * count};
  for (int64_t group = begin; group < end; group++) {
    int64_t line = group * t->width, s = t->lines - line < t->width ? t->lines - line : t->width;
    NAME(load)(t, line, s, a);
    // Of conjugates the transform is the conjugate of the inverse one: both exchange the parts.
    NAME(complexes) z = is_inverse ? NAME(transform)(&t->layout, s, t->table, NAME(swapped)(a), NAME(swapped)(b))
                                   : NAME(transform)(&t->layout, s, t->table, a, b);
    NAME(store)(t, line, s, is_inverse ? NAME(swapped)(z) : z);
  }
}

static int NAME(run)(
    backprop_fourier_kind kind, int64_t lines, int64_t n, const void *table, const void *x, void *y) {
  NAME(task) t = {.kind = kind, .lines = lines, .n = n, .width = MOST_LINES, .layout = layout_of(kind, n), .table = table,
                  .x = x, .y = y};
  // Long lines fill the vectors of a processor by themselves, and the caches better.
  while (t.width > 1 && (t.width * t.layout.inner * (int64_t)sizeof(T) > 1 << 12 || t.width > lines)) t.width /= 2;
  int64_t groups = (lines + t.width - 1) / t.width;
  double cost = 2 * (double)(t.width * t.layout.inner) * log2((double)t.layout.inner + 1);  // tenths of nanoseconds
  backprop_parallel(groups, backprop_grain(groups, cost / 10), NAME(run_groups), &t);
  return t.is_out_of_memory;
}
