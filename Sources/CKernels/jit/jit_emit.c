// Machine code for fused elementwise kernels: one loop over sixteen lanes at a time that loads each operand once,
// computes in registers and stores. Made when a plan is loaded. On processors without AVX-512 and other systems there
// is none.
#include <stdlib.h>
#include <string.h>

#include "jit/assembler.h"
#include "jit/jit_values.h"

int backprop_is_assembled(const backprop_fused_kernel *p) { return p->code != NULL; }

#if defined(__x86_64__) && defined(__linux__)
#include <sys/mman.h>

enum { VECTORS = 32, NOWHERE = -1, TAIL_MASK = 1, COMPARED = 2, VECTOR_BYTES = 64, LEAST_STREAMED = 1 << 13 };

struct backprop_code {
  void *memory;
  size_t bytes;
};

// General registers for the addresses of operands. Those from SAVED on belong to the caller and are restored.
static const uint8_t address_registers[] = {1, 2, 8, 9, 10, 3, 5, 12, 13, 14, 15};
enum { ADDRESSES = sizeof address_registers, SAVED = 5 };

typedef struct {
  assembly *code;
  const values *v;
  const fused_kernel *p;
  int pointer_count;
  uint64_t streamed;  // outputs
  int64_t constants[MOST_VALUES];  // offsets in the code
  int last_use[MOST_VALUES];
  int store_at[BACKPROP_MAX_REGISTERS];  // after which value an output is stored
  int16_t where[MOST_VALUES];            // vector registers
  uint32_t free;
  int failed;  // more values at once than registers
} generator;

// MARK: Registers

static int take(generator *g) {
  if (!g->free) {
    g->failed = 1;
    return 0;
  }
  int vector = __builtin_ctz(g->free);
  g->free &= g->free - 1;
  return vector;
}

static int is_invariant(const value *x) { return x->kind == SCALAR_INPUT || x->kind == CONSTANT; }

static void find_lifetimes(generator *g) {
  const values *v = g->v;
  int last_load = 0;
  for (int i = 0; i < v->count; i++) {
    g->last_use[i] = NOWHERE;
    if (v->all[i].kind == INPUT) last_load = i;
    for (int s = 0; s < v->all[i].source_count; s++) g->last_use[v->all[i].sources[s]] = i;
  }
  // Nothing is stored before all is loaded: an output may be at the address of an input.
  for (int o = 0; o < g->p->output_count; o++) {
    int x = v->outputs[o];
    g->store_at[o] = x > last_load ? x : last_load;
    if (g->last_use[x] < g->store_at[o]) g->last_use[x] = g->store_at[o];
  }
}

// MARK: Code

static int address_of(generator *g, int pointer) {
  int at = 0;
  for (int i = 0; i < pointer; i++) at += i >= g->p->input_count || g->p->inputs[i].reach != SCALAR;
  if (at < ADDRESSES) return address_registers[at];
  put_pointer(g->code, SCRATCH, pointer);
  return SCRATCH;
}

static void put_invariant(generator *g, int i, int vector) {
  if (g->v->all[i].kind == CONSTANT) {
    put_at_offset(g->code, BROADCAST, vector, g->constants[i]);
  } else {
    put_pointer(g->code, SCRATCH, g->v->all[i].input);
    put_at_base(g->code, BROADCAST, vector, SCRATCH);
  }
}

// A vector register that holds the value; `borrowed` collects the registers used for this instruction only.
static int vector_of(generator *g, int i, uint32_t *borrowed) {
  if (g->where[i] != NOWHERE) return g->where[i];
  int vector = take(g);
  put_invariant(g, i, vector);
  *borrowed |= 1u << vector;
  return vector;
}

// Multiply-adds write over one of their operands: one that is not needed any more, or a copy of the sum's other term.
static int put_product_sum(generator *g, int instruction, const int from[3], uint32_t dying) {
  int factor = dying >> from[0] & 1 ? 0 : dying >> from[1] & 1 ? 1 : -1, to;
  if (dying >> from[2] & 1) {
    to = from[2];
  } else if (factor >= 0) {
    put_vector(g->code, instruction, from[factor], from[1 - factor], from[2], 0, 0);
    return from[factor];
  } else {
    to = take(g);
    put_vector(g->code, MOVE, to, 0, from[2], 0, 0);
  }
  put_vector(g->code, instruction + INTO_SUM, to, from[0], from[1], 0, 0);
  return to;
}

static void put_value(generator *g, int i, int mask) {
  const value *x = &g->v->all[i];
  if (is_invariant(x)) return;
  if (x->kind == INPUT) {
    if (g->last_use[i] == NOWHERE) return;
    g->where[i] = (int16_t)take(g);
    put_at_index(g->code, LOAD_VECTOR, g->where[i], address_of(g, x->input), mask, mask != 0);
    return;
  }
  uint32_t dying = 0;
  int from[4], to;
  for (int s = 0; s < x->source_count; s++) from[s] = vector_of(g, x->sources[s], &dying);
  for (int s = 0; s < x->source_count; s++)
    if (g->last_use[x->sources[s]] == i && !is_invariant(&g->v->all[x->sources[s]])) dying |= 1u << from[s];
  if (x->kind == PRODUCT_SUM) {
    to = put_product_sum(g, x->instruction, from, dying);
    g->free |= dying;
    g->free &= ~(1u << to);
  } else {
    g->free |= dying;
    to = take(g);
    switch (x->kind) {
    case SHIFTED:
      put_vector(g->code, x->instruction, 4, to, from[0], 0, 0);  // 4: part of the opcode
      PUT(g->code, x->immediate);
      break;
    case CHOSEN:
      put_vector(g->code, x->instruction, COMPARED, from[0], from[1], 0, 0);
      PUT(g->code, x->immediate);
      put_vector(g->code, BLEND, to, from[3], from[2], COMPARED, 0);
      break;
    default:
      put_vector(g->code, x->instruction, to, x->source_count == 2 ? from[0] : 0, from[x->source_count - 1], 0, 0);
      if (x->has_immediate) PUT(g->code, x->immediate);
    }
  }
  g->where[i] = (int16_t)to;
  if (g->last_use[i] == NOWHERE) g->free |= 1u << to;
}

static void put_stores(generator *g, int i, int mask) {
  for (int o = 0; o < g->p->output_count; o++) {
    if (g->store_at[o] != i) continue;
    uint32_t borrowed = 0;
    int vector = vector_of(g, g->v->outputs[o], &borrowed);
    int instruction = g->streamed >> o & 1 && !mask ? STREAM_VECTOR : STORE_VECTOR;
    put_at_index(g->code, instruction, vector, address_of(g, g->p->input_count + o), mask, 0);
    g->free |= borrowed;
  }
  for (int o = 0; o < g->p->output_count; o++) {
    int x = g->v->outputs[o];
    if (g->store_at[o] == i && g->last_use[x] == i && !is_invariant(&g->v->all[x])) g->free |= 1u << g->where[x];
  }
}

static void put_body(generator *g, int mask) {
  uint32_t free = g->free;
  for (int i = 0; i < g->v->count && !g->failed; i++) {
    put_value(g, i, mask);
    put_stores(g, i, mask);
  }
  g->free = free;
}

// The `hoisted` most used of scalars and constants get registers for the whole loop.
static void hoist(generator *g, int hoisted) {
  int uses[MOST_VALUES] = {0};
  const values *v = g->v;
  for (int i = 0; i < v->count; i++)
    for (int s = 0; s < v->all[i].source_count; s++) uses[v->all[i].sources[s]]++;
  for (int o = 0; o < g->p->output_count; o++) uses[v->outputs[o]]++;
  for (; hoisted > 0; hoisted--) {
    int best = NOWHERE;
    for (int i = 0; i < v->count; i++)
      if (is_invariant(&v->all[i]) && uses[i] > 0 && g->where[i] == NOWHERE && (best < 0 || uses[i] > uses[best])) best = i;
    if (best == NOWHERE) return;
    g->where[best] = (int16_t)take(g);
    put_invariant(g, best, g->where[best]);
  }
}

static void put_function(generator *g, int hoisted) {
  assembly *a = g->code;
  int used = 0;
  for (int i = 0; i < g->pointer_count; i++) used += i >= g->p->input_count || g->p->inputs[i].reach != SCALAR;
  int addresses = used < ADDRESSES ? used : ADDRESSES;
  for (int i = SAVED; i < addresses; i++) put_push(a, address_registers[i]);
  for (int i = 0, at = 0; i < g->pointer_count && at < addresses; i++)
    if (i >= g->p->input_count || g->p->inputs[i].reach != SCALAR) put_pointer(a, address_registers[at++], i);
  for (int i = 0; i < g->v->count; i++) g->where[i] = NOWHERE;
  g->free = UINT32_MAX;
  hoist(g, hoisted);
  PUT(a, 0x31, 0xC0);              // xor eax, eax
  PUT(a, 0x48, 0x83, 0xEE, 16);    // sub rsi, 16
  int64_t few = put_jump(a, JUMP_LESS);
  int64_t start = a->count;
  put_body(g, 0);
  PUT(a, 0x48, 0x83, 0xC0, 16);    // add rax, 16
  PUT(a, 0x48, 0x39, 0xF0);        // cmp rax, rsi
  put_jump_back(a, JUMP_LESS_EQUAL, start);
  land(a, few);
  PUT(a, 0x48, 0x83, 0xC6, 16);    // add rsi, 16
  PUT(a, 0x48, 0x29, 0xC6);        // sub rsi, rax
  int64_t even = put_jump(a, JUMP_LESS_EQUAL);
  PUT(a, 0x41, 0xBB, 0xFF, 0xFF, 0xFF, 0xFF);  // mov r11d, -1
  PUT(a, 0xC4, 0x42, 0x48, 0xF5, 0xDB);        // bzhi r11d, r11d, esi
  PUT(a, 0xC4, 0xC1, 0x78, 0x92, 0xCB);        // kmovw k1, r11d
  put_body(g, TAIL_MASK);
  land(a, even);
  for (int i = addresses - 1; i >= SAVED; i--) put_pop(a, address_registers[i]);
  if (g->streamed) PUT(a, 0x0F, 0xAE, 0xF8);  // sfence
  PUT(a, 0xC5, 0xF8, 0x77, 0xC3);  // vzeroupper; ret
}

// Appends the kernel's code; gives where it starts, or -1 where it has none.
static int64_t generate(generator *g, const fused_kernel *p, const values *v, uint64_t streamed, assembly *code) {
  g->code = code, g->v = v, g->p = p, g->streamed = streamed;
  g->pointer_count = p->input_count + p->output_count;
  find_lifetimes(g);
  put_alignment(code, 4);
  for (int i = 0; i < v->count; i++) {
    if (v->all[i].kind != CONSTANT) continue;
    g->constants[i] = code->count;
    put_word(code, v->all[i].bits);
  }
  put_alignment(code, VECTOR_BYTES);
  int64_t start = code->count;
  for (int hoisted = VECTORS; hoisted >= 0; hoisted--) {
    g->failed = 0;
    code->count = start;
    put_function(g, hoisted);
    if (!g->failed) return start;
  }
  code->count = start;
  return -1;
}

// Where the lines of an output are in the caches of several threads, a store waits until the others have given them up:
// Adam's update of [784, 128] took 54 µs, of which 15 were left with stores past the caches. Other outputs are faster
// in a cache, and a few lines are not worth waiting for memory.
static uint64_t streamed_outputs(const fused_kernel *p) {
  uint64_t streamed = 0;
  if (p->total < LEAST_STREAMED) return 0;
  for (int o = 0; o < p->output_count; o++)
    if (p->outputs[o].reach == LINEAR) streamed |= p->definition->shared_outputs & 1ULL << o;
  return streamed;
}

backprop_code *backprop_assemble(backprop_fused_kernel *const *kernels, int32_t count) {
  if (!__builtin_cpu_supports("x86-64-v4")) return NULL;
  assembly a = {0};
  generator *g = malloc(sizeof *g);
  values *v = malloc(sizeof *v);
  int64_t (*starts)[2] = malloc((size_t)count * sizeof *starts + 1);
  backprop_code *code = calloc(1, sizeof *code);
  int has_memory = g && v && starts && code;
  for (int32_t i = 0; has_memory && i < count; i++) {
    uint64_t streamed = streamed_outputs(kernels[i]);
    find_values(v, kernels[i]);
    starts[i][0] = v->failed ? -1 : generate(g, kernels[i], v, 0, &a);
    starts[i][1] = starts[i][0] < 0 || !streamed ? -1 : generate(g, kernels[i], v, streamed, &a);
  }
  if (has_memory && !a.failed && a.count > 0) {
    // Written first and executable then, never both: many systems require it.
    void *memory = mmap(NULL, (size_t)a.count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory != MAP_FAILED) {
      memcpy(memory, a.bytes, (size_t)a.count);
      if (mprotect(memory, (size_t)a.count, PROT_READ | PROT_EXEC) == 0) {
        code->memory = memory, code->bytes = (size_t)a.count;
        for (int32_t i = 0; i < count; i++) {
          if (starts[i][0] >= 0) kernels[i]->code = (elementwise_code)((char *)memory + starts[i][0]);
          if (starts[i][1] >= 0) kernels[i]->streaming_code = (elementwise_code)((char *)memory + starts[i][1]);
        }
      } else {
        munmap(memory, (size_t)a.count);
      }
    }
  }
  if (code && !code->memory) free(code), code = NULL;
  free(starts), free(v), free(g), free(a.bytes);
  return code;
}

void backprop_free_code(backprop_code *code) {
  if (!code) return;
  munmap(code->memory, code->bytes);
  free(code);
}

#else

backprop_code *backprop_assemble(backprop_fused_kernel *const *kernels, int32_t count) {
  (void)kernels, (void)count;
  return NULL;
}

void backprop_free_code(backprop_code *code) { (void)code; }

#endif
