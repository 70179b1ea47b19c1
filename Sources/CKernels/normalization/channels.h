// How x[outer, channels, inner] is cut into units of work where something is summed for each channel.
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "CKernels.h"
#include "threading/grain.h"

enum {
  TILE = 64,          // channels that are summed side by side
  SEGMENT = 1 << 15,  // elements that are worth a segment of their own
};

typedef struct {
  int64_t outer, channels, inner;
  int64_t tiles, tile;     // of channels: how many, and how many channels each
  int64_t segments, rows;  // of outer
} channel_split;

// Some channels of some rows.
typedef struct {
  int64_t channel, width;
  int64_t segment, rows;
  int64_t start;  // elements before the first
} channel_unit;

static inline channel_split split_channels(int64_t outer, int64_t channels, int64_t inner) {
  channel_split s = {.outer = outer, .channels = channels, .inner = inner, .segments = 1, .rows = outer};
  s.tile = inner > 1 ? 1 : channels < TILE ? channels : TILE;
  s.tiles = (channels + s.tile - 1) / s.tile;
  int64_t wanted = (4 * (int64_t)backprop_threads() + s.tiles - 1) / s.tiles;
  int64_t most = outer * channels * inner / SEGMENT < outer ? outer * channels * inner / SEGMENT : outer;
  if (wanted > most) wanted = most;
  if (wanted > 1) {
    s.rows = (outer + wanted - 1) / wanted;
    s.segments = (outer + s.rows - 1) / s.rows;
  }
  return s;
}

// Two sums a channel for each segment, [segments, 2, channels], which the caller adds up. NULL where one segment needs
// none or there is no memory; then there is one segment.
static inline double *partial_sums(channel_split *s) {
  double *partial = NULL;
  if (s->segments > 1) partial = backprop_scratch(0, s->segments * 2 * s->channels * (int64_t)sizeof(double));
  if (!partial) s->segments = 1, s->rows = s->outer;
  return partial;
}

// Units are (segment, tile), the tile fastest.
static inline channel_unit unit_of(const channel_split *s, int64_t unit) {
  int64_t channel = unit % s->tiles * s->tile, segment = unit / s->tiles, first = segment * s->rows;
  return (channel_unit){
      .channel = channel,
      .width = s->channels - channel < s->tile ? s->channels - channel : s->tile,
      .segment = segment,
      .rows = s->outer - first < s->rows ? s->outer - first : s->rows,
      .start = (first * s->channels + channel) * s->inner};
}

// Does all units; `element_cost` in nanoseconds.
static inline void run_channels(const channel_split *s, double element_cost, backprop_task task, void *context) {
  int64_t units = s->tiles * s->segments;
  double cost = element_cost * (double)(s->outer * s->channels * s->inner) / (double)units + 10;
  backprop_parallel(units, backprop_grain(units, cost), task, context);
}
