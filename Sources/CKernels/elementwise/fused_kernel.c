// Fused elementwise kernels: one pass over memory, in blocks that stay in the first-level cache.
//
// A kernel is laid out once: dimensions that are contiguous for every operand become one, and each operand gets the
// cheapest access. It runs in one of two walks: `flat`, in memory order, or `tiled`, where some operand is transposed
// and flat blocks would touch one cache line an element. Machine code runs the blocks, where the kernel has some;
// otherwise the interpreter does, for which registers become locations at each run.
#include <stdlib.h>
#include <string.h>

#include "elementwise/locations.h"
#include "simd/simd.h"
#include "threading/grain.h"

enum {
  BLOCK = 512,         // elements: 2 KB a location, so that a dozen fit into the first-level cache
  MEMORY_BLOCK = 256,  // where operands come from memory: shorter bursts keep the processor's prefetching busy
  CACHED = 1 << 19,    // elements of all operands that are assumed to be in a cache
  SLOT = BLOCK + 32,   // not a power of two apart, which would put all slots into the same cache sets
  TILE_ROWS = 16, TILE_COLUMNS = 32,  // of a tiled block; their product is BLOCK
  MAX_PERIOD = 4096,                  // elements of a repeating operand that are laid out once
  PERIOD_SPACE = 16384,
};

// MARK: Layout

static void choose_reach(const fused_kernel *p, operand *o, int is_input) {
  const space *s = &p->space;
  o->reach = GENERAL;
  if (p->tiled < 0 && view_is_dense(&o->view, s, 0)) {
    o->reach = LINEAR;
  } else if (is_input) {
    int repeats = view_leading_zeros(&o->view, s);
    if (repeats == s->rank) {
      o->reach = SCALAR;
    } else if (repeats > 0 && p->tiled < 0) {
      o->period = 1;
      for (int d = repeats; d < s->rank; d++) o->period *= s->shape[d];
      if (o->period <= MAX_PERIOD && p->total >= 2 * o->period) {
        o->reach = PERIODIC;
      } else if (o->period >= BLOCK && view_is_dense(&o->view, s, repeats)) {
        o->reach = WINDOWED;
      }
    }
  }
}

// A dimension other than the last along which some operand runs faster than along the last: worth tiles.
static int find_tiled(const fused_kernel *p) {
  int last = p->space.rank - 1;
  if (last < 1 || p->space.shape[last] < 8) return -1;
  for (int i = 0; i < p->input_count + p->output_count; i++) {
    const view *v = i < p->input_count ? &p->inputs[i].view : &p->outputs[i - p->input_count].view;
    int64_t fastest = llabs(v->strides[last]);
    int found = -1;
    if (fastest <= 1) continue;
    for (int d = 0; d < last; d++) {
      int64_t stride = llabs(v->strides[d]);
      if (stride != 0 && stride < fastest && p->space.shape[d] >= 8) fastest = stride, found = d;
    }
    if (found >= 0) return found;
  }
  return -1;
}

static void lay_out(fused_kernel *p) {
  const backprop_fused_definition *definition = p->definition;
  view *views[2 * MAX_OPERANDS];
  int count = p->input_count + p->output_count;
  p->total = 1;
  for (int d = 0; d < definition->rank; d++) p->total *= definition->shape[d];
  for (int i = 0; i < count; i++) {
    const backprop_operand *from = i < p->input_count ? &definition->inputs[i] : &definition->outputs[i - p->input_count];
    views[i] = &p->inputs[i].view;
    memcpy(views[i]->strides, from->strides, (size_t)definition->rank * sizeof *from->strides);
  }
  p->space.rank = definition->rank;
  memcpy(p->space.shape, definition->shape, (size_t)definition->rank * sizeof *definition->shape);
  space_collapse(&p->space, views, count);

  p->tiled = find_tiled(p);
  for (int i = 0; i < count; i++) {
    operand *o = &p->inputs[i];
    choose_reach(p, o, i < p->input_count);
    if (o->reach == PERIODIC) {
      int64_t capacity = (o->period + BLOCK + LANES - 1) / LANES * LANES;
      if (p->period_space + capacity > PERIOD_SPACE) {
        o->reach = GENERAL;
      } else {
        o->copy_at = p->period_space;
        p->period_space += capacity;
      }
    }
    if (o->reach == PERIODIC || o->reach == GENERAL) p->is_piecewise = 1;
    if (o->reach == WINDOWED || o->reach == GENERAL) o->slot = p->operand_slots++;
  }
  p->block = p->total * count > CACHED ? MEMORY_BLOCK : BLOCK;
  p->cost = 0.05 * count;
}

backprop_fused_kernel *backprop_make_fused_kernel(const backprop_fused_definition *definition) {
  int operands = definition->input_count + definition->output_count, instructions = definition->instruction_count;
  size_t steps = (size_t)(2 * instructions + definition->output_count) * sizeof(backprop_step);
  size_t bytes = sizeof(fused_kernel) + (size_t)operands * sizeof(operand) + steps;
  fused_kernel *p = calloc(1, bytes);
  if (!p) return NULL;
  p->bytes = bytes;
  p->definition = definition;
  p->input_count = definition->input_count, p->output_count = definition->output_count;
  p->inputs = (operand *)(p + 1), p->outputs = p->inputs + p->input_count;
  p->operations = (backprop_step *)(p->inputs + operands), p->step_workspace = p->operations + instructions;
  lay_out(p);
  join_instructions(p);
  return p;
}

void backprop_free_fused_kernel(backprop_fused_kernel *p) { free(p); }

// MARK: Running

// What one thread needs while it runs its blocks: on its stack, no larger than the kernel needs.
typedef struct {
  float *locations[MAX_LOCATIONS];
  float (*slots)[SLOT];
  float (*tails)[LANES];  // replace what is reached by pointer, at a ragged end: inputs, then outputs
  float *periods;
} workspace;

#define DECLARE_WORKSPACE(w)                                                              \
  workspace w;                                                                            \
  _Alignas(64) float slot_memory[p->slot_count + 1][SLOT];                                \
  _Alignas(64) float tail_memory[p->input_count + p->output_count][LANES];                 \
  _Alignas(64) float period_memory[p->period_space + 1];                                   \
  w.slots = slot_memory, w.tails = tail_memory, w.periods = period_memory;                 \
  prepare(p, &w);

static void prepare(const fused_kernel *p, workspace *w) {
  if (p->code) {
    for (int i = 0; i < p->input_count + p->output_count; i++) w->locations[i] = w->slots[p->inputs[i].slot];
  } else {
    for (int s = 0; s < p->slot_count; s++) w->locations[FIRST_SLOT + s] = w->slots[s];
  }
  for (int i = 0; i < p->input_count; i++) {
    const operand *o = &p->inputs[i];
    if (o->reach == SCALAR) {
      w->locations[i] = p->code ? o->view.base : w->tails[i];
      if (!p->code) run_fill(w->tails[i], o->view.base, LANES);
    } else if (o->reach == PERIODIC) {
      float *copy = w->periods + o->copy_at;
      view_gather(&o->view, &p->space, 0, o->period, copy);
      for (int64_t done = o->period; done < o->period + BLOCK; done += o->period) {
        int64_t left = o->period + BLOCK - done;
        memcpy(copy + done, copy, (size_t)(left < o->period ? left : o->period) * 4);
      }
    }
  }
}

// Machine code takes pieces of any length, as long as every operand is contiguous.
static void run_flat_code(void *context, int64_t begin, int64_t end) {
  const fused_kernel *p = context;
  DECLARE_WORKSPACE(w)
  int64_t last = end * p->block < p->total ? end * p->block : p->total;
  for (int64_t at = begin * p->block, count; at < last; at += count) {
    count = last - at;
    if (p->is_piecewise && count > BLOCK) count = BLOCK;
    for (int i = 0; i < p->input_count; i++) {
      const operand *o = &p->inputs[i];
      if (o->reach == WINDOWED && count > o->period - at % o->period) count = o->period - at % o->period;
    }
    for (int i = 0; i < p->input_count; i++) {
      const operand *o = &p->inputs[i];
      switch (o->reach) {
      case SCALAR: break;
      case LINEAR: w.locations[i] = o->view.base + at; break;
      case PERIODIC: w.locations[i] = w.periods + o->copy_at + at % o->period; break;
      case WINDOWED: w.locations[i] = o->view.base + at % o->period; break;
      case GENERAL: view_gather(&o->view, &p->space, at, count, w.locations[i]); break;
      }
    }
    int streams = p->streaming_code != NULL;
    for (int i = 0; i < p->output_count; i++) {
      const operand *o = &p->outputs[i];
      if (o->reach != LINEAR) continue;
      w.locations[o->location] = o->view.base + at;
      if (p->definition->shared_outputs >> i & 1 && (uintptr_t)w.locations[o->location] % 64) streams = 0;
    }
    (streams ? p->streaming_code : p->code)((void *const *)w.locations, count);
    for (int i = 0; i < p->output_count; i++) {
      const operand *o = &p->outputs[i];
      if (o->reach != LINEAR) view_scatter(&o->view, &p->space, at, count, w.locations[o->location]);
    }
  }
}

// Elements start..<start + count in memory order. `whole`: count is a multiple of 16, so that pointers may be used;
// otherwise (only at the very end) everything goes through our own blocks, which hold whole vectors.
static void run_flat_block(const fused_kernel *p, workspace *w, int64_t start, int64_t count, int whole) {
  for (int i = 0; i < p->input_count; i++) {
    const operand *o = &p->inputs[i];
    float *from;
    switch (o->reach) {
    case SCALAR: continue;
    case GENERAL: view_gather(&o->view, &p->space, start, count, w->locations[o->location]); continue;
    case LINEAR:
      from = o->view.base + start;
      break;
    case PERIODIC: w->locations[i] = w->periods + o->copy_at + start % o->period; continue;
    case WINDOWED: {
      int64_t at = start % o->period;
      from = o->view.base + at;
      if (at + count > o->period) {
        from = w->slots[o->slot];
        memcpy(from, o->view.base + at, (size_t)(o->period - at) * 4);
        memcpy(from + (o->period - at), o->view.base, (size_t)(count - (o->period - at)) * 4);
      }
      break;
    }
    }
    if (!whole) {
      memcpy(w->tails[i], from, (size_t)count * 4);
      from = w->tails[i];
    }
    w->locations[i] = from;
  }
  for (int i = 0; i < p->output_count; i++) {
    const operand *o = &p->outputs[i];
    if (o->location == FIRST_DIRECT + i)
      w->locations[o->location] = whole ? o->view.base + start : w->tails[p->input_count + i];
  }
  backprop_run_steps(p->steps, p->step_count, w->locations, (count + LANES - 1) / LANES * LANES);
  for (int i = 0; i < p->output_count; i++) {
    const operand *o = &p->outputs[i];
    const float *from = w->locations[o->location];
    if (o->reach != LINEAR) {
      view_scatter(&o->view, &p->space, start, count, from);
    } else if (from != o->view.base + start) {
      memcpy(o->view.base + start, from, (size_t)count * 4);
    }
  }
}

static void run_flat(void *context, int64_t begin, int64_t end) {
  const fused_kernel *p = context;
  DECLARE_WORKSPACE(w)
  int64_t last = end * p->block < p->total ? end * p->block : p->total;
  int64_t whole = last - last % LANES;
  for (int64_t start = begin * p->block; start < whole; start += p->block)
    run_flat_block(p, &w, start, whole - start < p->block ? whole - start : p->block, 1);
  if (whole < last) run_flat_block(p, &w, whole, last - whole, 0);
}

static float *tile_base(const view *v, const space *s, const int64_t *at) {
  float *p = v->base;
  for (int d = 0; d < s->rank; d++) p += at[d] * v->strides[d];
  return p;
}

// One tile of rows (dimension p->tiled) and columns (the last dimension) a block; every operand is copied.
static void run_tiled(void *context, int64_t begin, int64_t end) {
  const fused_kernel *p = context;
  const space *s = &p->space;
  DECLARE_WORKSPACE(w)
  int last = s->rank - 1;
  int64_t across = (s->shape[last] + TILE_COLUMNS - 1) / TILE_COLUMNS;
  int64_t down = (s->shape[p->tiled] + TILE_ROWS - 1) / TILE_ROWS;
  for (int64_t t = begin; t < end; t++) {
    // Down first: the transposed operand, which is read or written in the shorter pieces, then goes in memory order.
    int64_t at[BACKPROP_MAX_RANK], rest = t / down;
    at[p->tiled] = t % down * TILE_ROWS;
    at[last] = rest % across * TILE_COLUMNS;
    rest /= across;
    for (int d = last - 1; d >= 0; d--) {
      if (d == p->tiled) continue;
      at[d] = rest % s->shape[d];
      rest /= s->shape[d];
    }
    int64_t rows = s->shape[p->tiled] - at[p->tiled], columns = s->shape[last] - at[last];
    if (rows > TILE_ROWS) rows = TILE_ROWS;
    if (columns > TILE_COLUMNS) columns = TILE_COLUMNS;
    for (int i = 0; i < p->input_count; i++) {
      const operand *o = &p->inputs[i];
      if (o->reach != SCALAR)
        tile_gather(tile_base(&o->view, s, at), o->view.strides[p->tiled], o->view.strides[last], rows, columns,
                    w.locations[o->location]);
    }
    if (p->code) {
      p->code((void *const *)w.locations, rows * columns);
    } else {
      backprop_run_steps(p->steps, p->step_count, w.locations, (rows * columns + LANES - 1) / LANES * LANES);
    }
    for (int i = 0; i < p->output_count; i++) {
      const operand *o = &p->outputs[i];
      tile_scatter(tile_base(&o->view, s, at), o->view.strides[p->tiled], o->view.strides[last], rows, columns,
                   w.locations[o->location]);
    }
  }
}

// Several threads may run the same kernel: what depends on addresses is in a copy.
static fused_kernel *copy_for_run(const fused_kernel *kernel, char *memory) {
  fused_kernel *p = memcpy(memory, kernel, kernel->bytes);
  const char *from = (const char *)kernel;
  p->inputs = (operand *)(p + 1), p->outputs = p->inputs + p->input_count;
  p->operations = (backprop_step *)(memory + ((const char *)kernel->operations - from));
  p->step_workspace = (backprop_step *)(memory + ((const char *)kernel->step_workspace - from));
  return p;
}

void backprop_run_fused_kernel(const backprop_fused_kernel *kernel, void *const *pointers) {
  if (kernel->total == 0 || kernel->output_count == 0) return;
  _Alignas(fused_kernel) char memory[kernel->bytes];
  fused_kernel *p = copy_for_run(kernel, memory);
  const backprop_fused_definition *definition = p->definition;
  for (int i = 0; i < p->input_count + p->output_count; i++) {
    const backprop_operand *from = i < p->input_count ? &definition->inputs[i] : &definition->outputs[i - p->input_count];
    p->inputs[i].view.base = (float *)pointers[from->buffer] + from->offset;
  }
  if (p->code) {
    for (int i = 0; i < p->input_count + p->output_count; i++) p->inputs[i].location = i;
    p->slot_count = p->operand_slots;
  } else {
    assign_locations(p);
  }
  if (p->tiled < 0) {
    int64_t blocks = (p->total + p->block - 1) / p->block;
    int64_t grain = backprop_grain(blocks, p->cost * (double)p->block);
    backprop_parallel(blocks, grain, p->code ? run_flat_code : run_flat, p);
  } else {
    int last = p->space.rank - 1;
    int64_t rows = p->space.shape[p->tiled], columns = p->space.shape[last];
    int64_t tiles = p->total / rows / columns * ((rows + TILE_ROWS - 1) / TILE_ROWS) *
                    ((columns + TILE_COLUMNS - 1) / TILE_COLUMNS);
    backprop_parallel(tiles, backprop_grain(tiles, (p->cost + 0.7) * BLOCK), run_tiled, p);
  }
}
