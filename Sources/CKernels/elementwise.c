// Elementwise programs: one pass over memory, in blocks that stay in the first-level cache.
//
// A program is planned at each call (well under a microsecond): dimensions that lie together for every operand
// become one, registers become places, and each operand gets the cheapest way to be reached. Then blocks are run, in
// one of two walks: `flat`, in memory order, or `tiled`, where some operand is transposed and flat blocks would touch
// one cache line an element.
#include "CKernels.h"
#include "instructions.h"
#include "simd.h"
#include "threads.h"
#include "views.h"

#include <stdlib.h>

enum {
  BLOCK = 512,         // elements: 2 KB a place, so that a dozen fit into the first-level cache
  MEMORY_BLOCK = 256,  // where operands come from memory: shorter bursts keep the processor's prefetching busy
  CACHED = 1 << 19,    // elements of all operands that may be expected in a cache
  SLOT = BLOCK + 32,   // not a power of two apart, which would put all slots into the same cache sets
  TILE_ROWS = 16, TILE_COLUMNS = 32,  // of a tiled block; their product is BLOCK
  MAX_OPERANDS = BACKPROP_MAX_REGISTERS,  // of either kind
  MAX_PERIOD = 4096,                  // elements of a repeating operand that are laid out once
  PERIOD_SPACE = 16384,
  FEW_STEPS = 160,                    // fit on the stack
  NONE = 255,
};

// How a block of an operand is reached.
typedef enum {
  LINEAR,    // dense in the order of the walk: by pointer, no copy
  SCALAR,    // one value: a vector filled once
  PERIODIC,  // the same `period` elements again and again (a bias): by pointer into a copy laid out once
  WINDOWED,  // the same, dense, with a long period: by pointer where a block does not wrap around
  GENERAL,   // copied into or out of a place, block by block
} reach;

typedef struct {
  view view;
  reach reach;
  int place;        // where its blocks lie
  int64_t period;
  int64_t copy_at;  // PERIODIC: where its copy starts in the period space
  int wrap_slot;    // WINDOWED: the slot for blocks that wrap around
} operand;

typedef struct {
  space space;
  int64_t total;
  int tiled;        // the dimension of the tiles' rows, or -1 for the flat walk
  int input_count, output_count;
  int slot_count;   // places that are blocks of ours
  int64_t period_space;
  int step_count;
  int64_t block;    // elements of a block of the flat walk
  double cost;      // nanoseconds an element
  operand inputs[MAX_OPERANDS], outputs[MAX_OPERANDS];
  backprop_step *steps;
} plan;

// Places, by number: inputs reached by pointer, then blocks of ours, then outputs written directly.
enum { FIRST_SLOT = MAX_OPERANDS, FIRST_DIRECT = 3 * MAX_OPERANDS, MAX_PLACES = 4 * MAX_OPERANDS };

// MARK: Planning

static void choose_reach(const plan *p, operand *o, int is_input) {
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
static int find_tiled(const plan *p) {
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

// Whether output `o` may be written by the instruction at `written`, before the block is over:
// not when an input at the same memory is read after that.
static int may_write_directly(const plan *p, const operand *o, int written, const int *last_read) {
  if (o->reach != LINEAR) return 0;
  for (int i = 0; i < p->input_count; i++) {
    const operand *input = &p->inputs[i];
    if (input->view.base == o->view.base && input->reach == LINEAR && last_read[i] > written) return 0;
  }
  return 1;
}

// A product that only the next instruction reads, into a sum or difference, saves a pass over the block (and
// a rounding, where the processor multiplies and adds at once). Gives the joint opcode and what it reads, or 0.
static int join_product(const backprop_instruction *product, const backprop_instruction *sum, uint8_t sources[3]) {
  uint8_t r = product->destination;
  if (product->opcode != BACKPROP_MULTIPLY_F && product->opcode != BACKPROP_SQUARE_F) return 0;
  int opcode;
  uint8_t other;
  if (sum->opcode == BACKPROP_ADD_F && sum->a != sum->b && (sum->a == r || sum->b == r)) {
    opcode = STEP_MULTIPLY_ADD, other = sum->a == r ? sum->b : sum->a;
  } else if (sum->opcode == BACKPROP_SUBTRACT_F && sum->a != sum->b && (sum->a == r || sum->b == r)) {
    opcode = sum->a == r ? STEP_MULTIPLY_SUBTRACT : STEP_SUBTRACT_PRODUCT, other = sum->a == r ? sum->b : sum->a;
  } else {
    return 0;
  }
  sources[0] = product->a;
  sources[1] = product->opcode == BACKPROP_SQUARE_F ? product->a : product->b;
  sources[2] = other;
  return opcode;
}

static backprop_step make_step(const plan *p, int opcode, uint8_t destination, const uint8_t sources[3]) {
  uint8_t scalars = 0;
  for (int s = 0; s < 3; s++)
    if (sources[s] < p->input_count && p->inputs[sources[s]].reach == SCALAR) scalars |= (uint8_t)(1 << s);
  return (backprop_step){(uint8_t)opcode, destination, sources[0], sources[1], sources[2], scalars};
}

// Gives registers places, walking backwards so that a place is free again above the instruction that defines it.
// Instructions that nobody reads vanish. `p->steps` has room for one step an instruction and one an output.
static void assign_places(plan *p, const backprop_program *program) {
  int last_read[MAX_OPERANDS], last_write[BACKPROP_MAX_REGISTERS];
  uint8_t place[BACKPROP_MAX_REGISTERS], free_slots[2 * MAX_OPERANDS];
  int free_count = 0, inputs = p->input_count, instructions = program->instruction_count, slots = 0;
#define NEW_SLOT() ((uint8_t)(free_count > 0 ? free_slots[--free_count] : FIRST_SLOT + slots++))
  for (int i = 0; i < inputs; i++) {
    operand *o = &p->inputs[i];
    last_read[i] = -1;
    if (o->reach == WINDOWED) o->wrap_slot = slots++;
    o->place = o->reach == GENERAL ? FIRST_SLOT + slots++ : i;
    place[i] = (uint8_t)o->place;
  }
  for (int r = inputs; r < program->register_count; r++) last_write[r] = -1, place[r] = NONE;
  for (int k = 0; k < instructions; k++) {
    const backprop_instruction *in = &program->instructions[k];
    const uint8_t sources[3] = {in->a, in->b, in->c};
    int used = backprop_operand_count(in->opcode);
    for (int s = 0; s < used; s++)
      if (sources[s] < inputs) last_read[sources[s]] = k;
    last_write[in->destination] = k;
  }
  // An output that is an input and has no block of ours is copied by a step of its own at the end, so that
  // two outputs may trade places with two inputs.
  int copies = 0;
  for (int o = 0; o < p->output_count; o++) {
    int r = program->output_registers[o];
    if (place[r] < FIRST_SLOT) last_read[r] = instructions + copies++;
  }
  p->step_count = instructions + copies;
  int first = p->step_count;
  for (int o = p->output_count - 1; o >= 0; o--) {
    int r = program->output_registers[o];
    if (place[r] >= FIRST_SLOT) continue;
    first--;
    uint8_t to = may_write_directly(p, &p->outputs[o], first, last_read) ? (uint8_t)(FIRST_DIRECT + o) : NEW_SLOT();
    p->steps[first] = make_step(p, BACKPROP_COPY, to, (uint8_t[3]){place[r], place[r], place[r]});
    p->outputs[o].place = to;
  }
  for (int o = 0; o < p->output_count; o++) {
    int r = program->output_registers[o];
    if (place[r] < FIRST_SLOT) continue;
    if (place[r] == NONE) {
      int direct = may_write_directly(p, &p->outputs[o], last_write[r], last_read);
      place[r] = direct ? (uint8_t)(FIRST_DIRECT + o) : NEW_SLOT();
    }
    p->outputs[o].place = place[r];
  }
  p->cost = 0.05 * (p->input_count + p->output_count);
  for (int k = instructions - 1; k >= 0; k--) {
    const backprop_instruction *in = &program->instructions[k];
    uint8_t to = place[in->destination];
    if (to == NONE) continue;
    place[in->destination] = NONE;
    if (to >= FIRST_SLOT && to < FIRST_DIRECT) free_slots[free_count++] = to;
    uint8_t sources[3] = {in->a, in->b, in->c};
    int used = backprop_operand_count(in->opcode), opcode = in->opcode;
    if (k > 0 && place[program->instructions[k - 1].destination] == NONE) {
      int fused = join_product(&program->instructions[k - 1], in, sources);
      if (fused) opcode = fused, used = 3, k--;
    }
    for (int s = 0; s < 3; s++) {
      if (s >= used) {
        sources[s] = sources[0];
        continue;
      }
      if (place[sources[s]] == NONE) place[sources[s]] = NEW_SLOT();
      sources[s] = place[sources[s]];
    }
    p->steps[--first] = make_step(p, opcode, to, sources);
    p->cost += backprop_step_cost(in->opcode);
  }
#undef NEW_SLOT
  p->steps += first;
  p->step_count -= first;
  p->slot_count = slots;
}

// MARK: Running

// What one thread keeps while it runs its blocks: on its stack, no larger than the program needs.
typedef struct {
  float *places[MAX_PLACES];
  float (*slots)[SLOT];
  float (*tails)[LANES];  // stand for what is reached by pointer, at a ragged end: inputs, then outputs
  float *periods;
} workspace;

#define DECLARE_WORKSPACE(w)                                                              \
  workspace w;                                                                            \
  _Alignas(64) float slot_memory[p->slot_count + 1][SLOT];                                \
  _Alignas(64) float tail_memory[p->input_count + p->output_count][LANES];                 \
  _Alignas(64) float period_memory[p->period_space + 1];                                   \
  w.slots = slot_memory, w.tails = tail_memory, w.periods = period_memory;                 \
  prepare(p, &w);

static void prepare(const plan *p, workspace *w) {
  for (int s = 0; s < p->slot_count; s++) w->places[FIRST_SLOT + s] = w->slots[s];
  for (int i = 0; i < p->input_count; i++) {
    const operand *o = &p->inputs[i];
    if (o->reach == SCALAR) {
      run_fill(w->tails[i], o->view.base, LANES);
      w->places[i] = w->tails[i];
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

// Elements start..<start + count in memory order. `whole`: count is a multiple of 16, so that pointers may be used;
// otherwise (only at the very end) everything goes through places of ours, which have room for whole vectors.
static void run_flat_block(const plan *p, workspace *w, int64_t start, int64_t count, int whole) {
  for (int i = 0; i < p->input_count; i++) {
    const operand *o = &p->inputs[i];
    float *from;
    switch (o->reach) {
    case SCALAR: continue;
    case GENERAL: view_gather(&o->view, &p->space, start, count, w->places[o->place]); continue;
    case LINEAR:
      from = o->view.base + start;
      break;
    case PERIODIC: w->places[i] = w->periods + o->copy_at + start % o->period; continue;
    case WINDOWED: {
      int64_t at = start % o->period;
      from = o->view.base + at;
      if (at + count > o->period) {
        from = w->slots[o->wrap_slot];
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
    w->places[i] = from;
  }
  for (int i = 0; i < p->output_count; i++) {
    const operand *o = &p->outputs[i];
    if (o->place == FIRST_DIRECT + i)
      w->places[o->place] = whole ? o->view.base + start : w->tails[p->input_count + i];
  }
  backprop_run_steps(p->steps, p->step_count, w->places, (count + LANES - 1) / LANES * LANES);
  for (int i = 0; i < p->output_count; i++) {
    const operand *o = &p->outputs[i];
    const float *from = w->places[o->place];
    if (o->reach != LINEAR) {
      view_scatter(&o->view, &p->space, start, count, from);
    } else if (from != o->view.base + start) {
      memcpy(o->view.base + start, from, (size_t)count * 4);
    }
  }
}

static void run_flat(void *context, int64_t begin, int64_t end) {
  const plan *p = context;
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
  const plan *p = context;
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
                    w.places[o->place]);
    }
    backprop_run_steps(p->steps, p->step_count, w.places, (rows * columns + LANES - 1) / LANES * LANES);
    for (int i = 0; i < p->output_count; i++) {
      const operand *o = &p->outputs[i];
      tile_scatter(tile_base(&o->view, s, at), o->view.strides[p->tiled], o->view.strides[last], rows, columns,
                   w.places[o->place]);
    }
  }
}

// inputs[...] at their strides -> outputs[...] at theirs, over program->shape
void backprop_run_program(const backprop_program *program, void *const *pointers) {
  plan p;
  backprop_step few[FEW_STEPS], *steps = few;
  p.input_count = program->input_count;
  p.output_count = program->output_count;
  p.total = 1;
  for (int d = 0; d < program->rank; d++) p.total *= program->shape[d];
  if (p.total == 0 || p.output_count == 0) return;

  view *views[2 * MAX_OPERANDS];
  for (int i = 0; i < p.input_count + p.output_count; i++) {
    int is_input = i < p.input_count;
    const backprop_operand *from = is_input ? &program->inputs[i] : &program->outputs[i - p.input_count];
    views[i] = is_input ? &p.inputs[i].view : &p.outputs[i - p.input_count].view;
    views[i]->base = (float *)pointers[from->buffer] + from->offset;
    memcpy(views[i]->strides, from->strides, (size_t)program->rank * sizeof *from->strides);
  }
  p.space.rank = program->rank;
  memcpy(p.space.shape, program->shape, (size_t)program->rank * sizeof *program->shape);
  space_collapse(&p.space, views, p.input_count + p.output_count);

  p.tiled = find_tiled(&p);
  int64_t copies = 0;
  for (int i = 0; i < p.input_count; i++) {
    operand *o = &p.inputs[i];
    choose_reach(&p, o, 1);
    if (o->reach == PERIODIC) {
      int64_t room = (o->period + BLOCK + LANES - 1) / LANES * LANES;
      if (copies + room > PERIOD_SPACE) {
        o->reach = GENERAL;
      } else {
        o->copy_at = copies;
        copies += room;
      }
    }
  }
  for (int i = 0; i < p.output_count; i++) choose_reach(&p, &p.outputs[i], 0);
  p.period_space = copies;

  int room = program->instruction_count + program->output_count;
  if (room > FEW_STEPS) {
    steps = malloc((size_t)room * sizeof *steps);
    if (!steps) return;
  }
  p.steps = steps;
  assign_places(&p, program);
  if (p.tiled < 0) {
    int64_t elements = p.total * (p.input_count + p.output_count);
    p.block = elements > CACHED ? MEMORY_BLOCK : BLOCK;
    int64_t blocks = (p.total + p.block - 1) / p.block;
    backprop_parallel(blocks, backprop_grain(blocks, p.cost * (double)p.block), run_flat, &p);
  } else {
    int last = p.space.rank - 1;
    int64_t rows = p.space.shape[p.tiled], columns = p.space.shape[last];
    int64_t tiles = p.total / rows / columns * ((rows + TILE_ROWS - 1) / TILE_ROWS) *
                    ((columns + TILE_COLUMNS - 1) / TILE_COLUMNS);
    backprop_parallel(tiles, backprop_grain(tiles, (p.cost + 0.3) * BLOCK), run_tiled, &p);
  }
  if (steps != few) free(steps);
}
