// From instructions to the interpreter's steps.
#include "elementwise/locations.h"

enum { NONE = 255 };

// A product that only the next instruction reads, into a sum or difference, saves a pass over the block (and
// a rounding, where the processor multiplies and adds at once). Gives the fused opcode and what it reads, or 0.
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

void join_instructions(fused_kernel *p) {
  const backprop_fused_definition *definition = p->definition;
  uint8_t is_read[BACKPROP_MAX_REGISTERS] = {0};
  backprop_step *first = p->operations + definition->instruction_count;
  for (int o = 0; o < definition->output_count; o++) is_read[definition->output_registers[o]] = 1;
  for (int k = definition->instruction_count - 1; k >= 0; k--) {
    const backprop_instruction *in = &definition->instructions[k];
    if (!is_read[in->destination]) continue;
    is_read[in->destination] = 0;
    uint8_t sources[3] = {in->a, in->b, in->c};
    int used = backprop_operand_count(in->opcode), opcode = in->opcode;
    p->cost += backprop_step_cost(in->opcode);
    if (k > 0 && !is_read[definition->instructions[k - 1].destination]) {
      int joint = join_product(&definition->instructions[k - 1], in, sources);
      if (joint) opcode = joint, used = 3, k--;
    }
    for (int s = 0; s < 3; s++) {
      if (s >= used) sources[s] = sources[0];
      is_read[sources[s]] = 1;
    }
    *--first = (backprop_step){(uint8_t)opcode, in->destination, sources[0], sources[1], sources[2], 0};
  }
  p->operation_count = (int)(p->operations + definition->instruction_count - first);
  p->operations = first;
}

// Whether output `o` may be written by the operation at `written`, before the block is over:
// not when an input at the same memory is read after that.
static int may_write_directly(const fused_kernel *p, const operand *o, int written, const int *last_read) {
  if (o->reach != LINEAR) return 0;
  for (int i = 0; i < p->input_count; i++) {
    const operand *input = &p->inputs[i];
    if (input->view.base == o->view.base && input->reach == LINEAR && last_read[i] > written) return 0;
  }
  return 1;
}

static backprop_step make_step(const fused_kernel *p, int opcode, uint8_t destination, const uint8_t sources[3]) {
  uint8_t scalars = 0;
  for (int s = 0; s < 3; s++)
    if (sources[s] < p->input_count && p->inputs[sources[s]].reach == SCALAR) scalars |= (uint8_t)(1 << s);
  return (backprop_step){(uint8_t)opcode, destination, sources[0], sources[1], sources[2], scalars};
}

// Walks backwards so that a location is free again above the operation that defines it.
void assign_locations(fused_kernel *p) {
  const backprop_fused_definition *definition = p->definition;
  int last_read[MAX_OPERANDS], last_write[BACKPROP_MAX_REGISTERS];
  uint8_t location[BACKPROP_MAX_REGISTERS], free_slots[2 * MAX_OPERANDS];
  int free_count = 0, inputs = p->input_count, operations = p->operation_count, slots = p->operand_slots;
#define NEW_SLOT() ((uint8_t)(free_count > 0 ? free_slots[--free_count] : FIRST_SLOT + slots++))
  for (int i = 0; i < inputs; i++) {
    operand *o = &p->inputs[i];
    last_read[i] = -1;
    o->location = o->reach == GENERAL ? FIRST_SLOT + o->slot : i;
    location[i] = (uint8_t)o->location;
  }
  for (int r = inputs; r < definition->register_count; r++) last_write[r] = -1, location[r] = NONE;
  for (int k = 0; k < operations; k++) {
    const backprop_step *operation = &p->operations[k];
    const uint8_t sources[3] = {operation->a, operation->b, operation->c};
    for (int s = 0; s < 3; s++)
      if (sources[s] < inputs) last_read[sources[s]] = k;
    last_write[operation->destination] = k;
  }
  // An output that is an input and has no block of ours is copied by a step of its own at the end, so that
  // two outputs may trade locations with two inputs.
  int copies = 0;
  for (int o = 0; o < p->output_count; o++) {
    int r = definition->output_registers[o];
    if (location[r] < FIRST_SLOT) last_read[r] = operations + copies++;
  }
  p->steps = p->step_workspace;
  p->step_count = operations + copies;
  int first = p->step_count;
  for (int o = p->output_count - 1; o >= 0; o--) {
    int r = definition->output_registers[o];
    if (location[r] >= FIRST_SLOT) continue;
    first--;
    uint8_t to = may_write_directly(p, &p->outputs[o], first, last_read) ? (uint8_t)(FIRST_DIRECT + o) : NEW_SLOT();
    p->steps[first] = make_step(p, BACKPROP_COPY, to, (uint8_t[3]){location[r], location[r], location[r]});
    p->outputs[o].location = to;
  }
  for (int o = 0; o < p->output_count; o++) {
    int r = definition->output_registers[o];
    if (location[r] < FIRST_SLOT) continue;
    if (location[r] == NONE) {
      int direct = may_write_directly(p, &p->outputs[o], last_write[r], last_read);
      location[r] = direct ? (uint8_t)(FIRST_DIRECT + o) : NEW_SLOT();
    }
    p->outputs[o].location = location[r];
  }
  for (int k = operations - 1; k >= 0; k--) {
    const backprop_step *operation = &p->operations[k];
    uint8_t to = location[operation->destination], sources[3] = {operation->a, operation->b, operation->c};
    location[operation->destination] = NONE;
    if (to >= FIRST_SLOT && to < FIRST_DIRECT) free_slots[free_count++] = to;
    for (int s = 0; s < 3; s++) {
      if (location[sources[s]] == NONE) location[sources[s]] = NEW_SLOT();
      sources[s] = location[sources[s]];
    }
    p->steps[--first] = make_step(p, operation->opcode, to, sources);
  }
#undef NEW_SLOT
  p->slot_count = slots;
}
