// Executes AMX's instructions where the processor has AVX-512 but not AMX, so that kernels on AMX can be tested
// there: loaded before a program (LD_PRELOAD), with BACKPROP_AMX=emulated. Each one traps (SIGILL) and is computed
// here, some microseconds each. scripts/check-amx does it.
//
// Source: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2 (LDTILECFG, TILERELEASE, TILELOADD,
// TILESTORED, TILEZERO, TDPBF16PS).
#define _GNU_SOURCE
#include <immintrin.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <ucontext.h>

enum { TILES = 8, MOST_ROWS = 16, ROW_BYTES = 64 };

typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} configuration;

static __thread configuration shape __attribute__((tls_model("initial-exec")));
static __thread uint8_t tiles[TILES][MOST_ROWS][ROW_BYTES] __attribute__((tls_model("initial-exec"), aligned(64)));

// c += a · b of pairs of bfloat16: sums of the even and of the odd elements, added to each other and then to c;
// denormal numbers count as zero.
__attribute__((target("avx512f"))) static void multiply(int c, int a, int b) {
  const unsigned saved = _mm_getcsr();
  _mm_setcsr(0x1f80 | 0x8040);  // all exceptions masked; flush to zero, denormals are zero
  const __m512i upper = _mm512_set1_epi32((int)0xffff0000);
  const int depth = shape.row_bytes[a] / 4;
  const __mmask16 columns = (__mmask16)((1u << (shape.row_bytes[b] / 4)) - 1);
  for (int row = 0; row < shape.rows[c]; row++) {
    __m512 even = _mm512_setzero_ps(), odd = even;
    for (int k = 0; k < depth; k++) {
      uint32_t pair;
      memcpy(&pair, &tiles[a][row][4 * k], 4);
      const __m512i right = _mm512_load_si512(tiles[b][k]);
      const __m512 low = _mm512_castsi512_ps(_mm512_slli_epi32(right, 16));
      const __m512 high = _mm512_castsi512_ps(_mm512_and_si512(right, upper));
      even = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_set1_epi32((int)(pair << 16))), low, even);
      odd = _mm512_fmadd_ps(_mm512_castsi512_ps(_mm512_set1_epi32((int)(pair & 0xffff0000))), high, odd);
    }
    const __m512 sum = _mm512_add_ps(_mm512_load_ps(tiles[c][row]), _mm512_add_ps(even, odd));
    _mm512_mask_store_ps(tiles[c][row], columns, sum);
  }
  _mm_setcsr(saved);
}

static int64_t register_of(const ucontext_t *context, int number) {
  static const int order[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
                                REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
  return context->uc_mcontext.gregs[order[number]];
}

typedef struct {
  int reg, rm, is_memory;
  uint8_t *address;
  int64_t stride;  // the index register, which tiles are loaded and stored by
  const uint8_t *next;
} operands;

// ModRM, SIB and displacement, the last parts of these instructions. `extension` is the prefix's inverted R, X and B.
static operands decode(const ucontext_t *context, const uint8_t *code, int extension) {
  const int r = ~extension >> 7 & 1, x = ~extension >> 6 & 1, b = ~extension >> 5 & 1;
  const int mode = *code >> 6, rm = *code & 7;
  operands o = {.reg = (*code >> 3 & 7) | r << 3, .rm = rm | b << 3, .is_memory = mode != 3};
  code++;
  if (!o.is_memory) {
    o.next = code;
    return o;
  }
  int64_t base = 0, displacement = 0;
  int is_relative = 0, wide = mode == 2;
  if (rm == 4) {
    const int scale = *code >> 6, index = (*code >> 3 & 7) | x << 3, low = *code & 7;
    code++;
    if (index != 4) o.stride = register_of(context, index) << scale;
    if (low == 5 && mode == 0) wide = 1; else base = register_of(context, low | b << 3);
  } else if (rm == 5 && mode == 0) {
    is_relative = wide = 1;
  } else {
    base = register_of(context, o.rm);
  }
  if (wide) {
    int32_t value;
    memcpy(&value, code, 4);
    displacement = value, code += 4;
  } else if (mode == 1) {
    displacement = (int8_t)*code++;
  }
  if (is_relative) base = (int64_t)code;
  o.address = (uint8_t *)(base + displacement), o.next = code;
  return o;
}

static void execute(int signal_number, siginfo_t *info, void *at) {
  (void)info;
  ucontext_t *context = at;
  const uint8_t *code = (const uint8_t *)context->uc_mcontext.gregs[REG_RIP];
  enum { NONE, F3 = 2, F2 = 3 };
  // Three-byte VEX prefix, map 0F38, W0, 128 bits.
  const int is_vex = code[0] == 0xc4 && (code[1] & 0x1f) == 2 && (code[2] & 0x84) == 0;
  const int prefix = code[2] & 3, opcode = code[3];
  if (is_vex && (opcode == 0x49 || opcode == 0x4b || opcode == 0x5c)) {
    const operands o = decode(context, code + 4, code[1]);
    const int third = ~code[2] >> 3 & 15;
    int is_known = 1;
    if (opcode == 0x49 && prefix == NONE && o.is_memory && o.reg == 0) {
      memcpy(&shape, o.address, sizeof shape);
      memset(tiles, 0, sizeof tiles);
    } else if (opcode == 0x49 && prefix == NONE && !o.is_memory) {
      memset(&shape, 0, sizeof shape);
    } else if (opcode == 0x49 && prefix == F2 && !o.is_memory && o.reg < TILES) {
      memset(tiles[o.reg], 0, sizeof tiles[0]);
    } else if (opcode == 0x4b && prefix == F2 && o.is_memory && o.reg < TILES) {
      memset(tiles[o.reg], 0, sizeof tiles[0]);
      for (int row = 0; row < shape.rows[o.reg]; row++)
        memcpy(tiles[o.reg][row], o.address + row * o.stride, shape.row_bytes[o.reg]);
    } else if (opcode == 0x4b && prefix == F3 && o.is_memory && o.reg < TILES) {
      for (int row = 0; row < shape.rows[o.reg]; row++)
        memcpy(o.address + row * o.stride, tiles[o.reg][row], shape.row_bytes[o.reg]);
    } else if (opcode == 0x5c && prefix == F3 && !o.is_memory && o.reg < TILES && o.rm < TILES && third < TILES) {
      multiply(o.reg, o.rm, third);
    } else {
      is_known = 0;
    }
    if (is_known) {
      context->uc_mcontext.gregs[REG_RIP] = (greg_t)o.next;
      return;
    }
  }
  signal(signal_number, SIG_DFL);  // another illegal instruction, as if this handler were not there
}

__attribute__((constructor)) static void install(void) {
  struct sigaction action = {.sa_sigaction = execute, .sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGILL, &action, NULL);
}
