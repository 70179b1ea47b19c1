// The library's own kernels, in C so that one source serves every instruction set.
//
// All arrays hold 4-byte elements (float or int32_t), except those of plain kernels (plain.h). Unless a comment says
// otherwise they are dense, in row-major order, and outputs do not overlap inputs. Work is split over threads by shape
// and thread count alone, so that the same call gives the same bits.
#pragma once
#include "attention.h"
#include "convolution.h"
#include "elementwise.h"
#include "gemm.h"
#include "indexing.h"
#include "library.h"
#include "normalization.h"
#include "plain.h"
#include "random.h"
#include "recurrent.h"
#include "reduction.h"
#include "sequence.h"
#include "sorting.h"
#include "threading.h"
