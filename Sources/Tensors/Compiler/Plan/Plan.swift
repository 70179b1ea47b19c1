import CKernels

/// What the compiler makes: steps in order over numbered buffers, and the location of each buffer.
struct Plan {
  enum Place: Hashable {
    /// Bytes from the arena's start.
    case arena(offset: Int)
    /// A source of the request: data, or a variable's values.
    case source(Int)
    /// Memory allocated for a requested output.
    case output(Int)
    /// The numbers in `constants`.
    case constants
  }

  var steps: [Step]
  var places: [Place]
  /// Elements, all of four bytes.
  var sizes: [Int]
  var constants: [UInt32]
  var arenaBytes: Int
  /// Elements of each output.
  var outputSizes: [Int]

  /// Whether there are matrix products that oneDNN makes.
  var hasLibraryProducts: Bool {
    steps.contains { step in
      if case .matmul(let product) = step { !product.shape.isOwn } else { false }
    }
  }
}

/// A buffer and an offset in elements.
struct Address: Hashable {
  var buffer: Int
  var offset: Int = 0
}

extension View {
  /// Where the first element is.
  var start: Address { Address(buffer: buffer, offset: offset) }
}

/// One kernel call.
enum Step {
  case program(Program)
  /// x[outer, count, inner] to y[outer, inner]; `row` elements from one of `count` to the next.
  case reduce(Reduction, outer: Int, count: Int, inner: Int, row: Int, x: Address, y: Address)
  case argmax(outer: Int, count: Int, inner: Int, x: Address, y: Address)
  case softmax(logarithm: Bool, rows: Int, width: Int, x: Address, y: Address)
  case crossEntropy(rows: Int, classes: Int, logits: Address, labels: Address, losses: Address)
  case crossEntropyGradient(
    rows: Int, classes: Int, logits: Address, labels: Address, upstream: Address, gradient: Address)
  case matmul(MatrixProduct)
  case unfold(WindowedImage, outside: Float, x: Address, y: Address)
  case fold(WindowedImage, y: Address, x: Address)
  case random(Distribution, count: Int, key: Address, y: Address)
  case attention(AttentionCall)
  case library(LibraryCall, operands: [Address], outputs: Int)
  /// One of our own kernels. Operands that are absent are `nil`; outputs and workspace come last.
  case kernel(KernelCall, operands: [Address?], outputs: Int)

  /// The buffers it reads, then those it writes.
  var buffers: (reads: [Int], writes: [Int]) {
    switch self {
    case .program(let program): (program.inputs.map(\.buffer), program.outputs.map(\.buffer))
    case .reduce(_, _, _, _, _, let x, let y), .argmax(_, _, _, let x, let y), .softmax(_, _, _, let x, let y),
      .unfold(_, _, let x, let y), .random(_, _, let x, let y):
      ([x.buffer], [y.buffer])
    case .fold(_, let y, let x): ([y.buffer], [x.buffer])
    case .crossEntropy(_, _, let logits, let labels, let losses): ([logits.buffer, labels.buffer], [losses.buffer])
    case .crossEntropyGradient(_, _, let logits, let labels, let upstream, let gradient):
      ([logits.buffer, labels.buffer, upstream.buffer], [gradient.buffer])
    case .matmul(let product): ([product.a.buffer, product.b.buffer], [product.c.buffer])
    case .attention(let call): (call.inputs.map(\.buffer), call.outputs.map(\.buffer))
    case .library(_, let operands, let outputs):
      (operands.dropLast(outputs).map(\.buffer), operands.suffix(outputs).map(\.buffer))
    case .kernel(_, let operands, let outputs):
      (operands.dropLast(outputs).compactMap { $0?.buffer }, operands.suffix(outputs).compactMap { $0?.buffer })
    }
  }
}

/// A fused elementwise kernel. Inputs and outputs are views over the iteration space `shape`.
struct Program {
  var shape: Shape
  var inputs: [View]
  var outputs: [View]
  var outputRegisters: [UInt8]
  var instructions: [backprop_instruction]
  var registerCount: Int
}

/// The sizes of c[m, n] = op(a) · op(b), and the distances between rows in memory.
struct MatrixShape {
  var m: Int, n: Int, k: Int
  var transposeA = false, transposeB = false
  var lda: Int, ldb: Int

  /// So few rows that reading b once is all the time it takes.
  var isFewRows: Bool { m <= 4 && !transposeA }

  /// So small along one axis, and in total, that one thread is as fast as several, and our own kernel faster than
  /// oneDNN's, which uses two anyway: the products with a layer of ten classes.
  var isNarrow: Bool {
    min(m, n, k) <= 16 && max(m, n, k) <= 1 << 17 && m * n * k <= 1 << 17
  }

  /// Whether AMX is worth it. Tiles are 16 by 16 and as deep as 32; with few rows or columns, to pack the other
  /// factor takes as long as oneDNN's product, though not as long as our own.
  var usesAMX: Bool {
    let least = Engine.hasOneDNN ? 64 : 16
    return m >= least && n >= least && k >= least
  }

  /// Without gaps between rows by default.
  init(m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false, lda: Int? = nil, ldb: Int? = nil) {
    (self.m, self.n, self.k, self.transposeA, self.transposeB) = (m, n, k, transposeA, transposeB)
    self.lda = lda ?? max(transposeA ? m : k, 1)
    self.ldb = ldb ?? max(transposeB ? k : n, 1)
  }
}

/// A product for each of `batches` (offsets in elements into a, b and c).
struct MatrixProduct {
  var shape: MatrixShape
  var a: Address, b: Address, c: Address
  var batches: [(a: Int, b: Int, c: Int)]
}

struct WindowedImage {
  var batch: Int, channels: Int, height: Int, width: Int, outHeight: Int, outWidth: Int
  var window: Window
}

/// A call of one of our own kernels, with the sizes it needs; operands in the order of `KernelCall+Running.swift`.
enum KernelCall {
  case gather(rows: Int, width: Int, count: Int)
  /// `row` elements from one row that is added to the next.
  case scatterAdd(rows: Int, width: Int, count: Int, row: Int)
  case replaceSlice(outer: Int, size: Int, count: Int, inner: Int)
  /// Of channels-last images.
  case pool(WindowedImage, maximum: Bool)
  case poolGradient(WindowedImage, maximum: Bool)
  /// Mean and biased variance of each channel.
  case moments(outer: Int, channels: Int, inner: Int)
  /// The gradients of scale and shift of each channel.
  case batchNormSums(outer: Int, channels: Int, inner: Int, epsilon: Double)
  case layerNorm(rows: Int, width: Int, epsilon: Double)
  case layerNormGradient(rows: Int, width: Int)
  case recurrence(Recurrence)
  case recurrenceGradient(Recurrence)
}

/// The sizes of a recurrent layer's loop.
struct Recurrence {
  var cell: RecurrentCell
  var reversed: Bool
  var time: Int, batch: Int, size: Int

  /// Elements from one row of gates to the next, in gradients and intermediate results.
  var gateRow: Int { Lowering.spacedRow(cell.gates * size) }

  /// Whether AMX is worth it. It takes 32 examples at a time, and the weights split in three, 6 bytes each, must stay
  /// in second-level caches from step to step. In small layers, the barrier after each step costs more than AMX gains.
  var usesAMX: Bool {
    let isWorthMeeting = batch >= 24 && size >= 192
    let isLarge = isWorthMeeting || batch >= 64 && size >= 128
    return (cell == .lstm || cell == .gru) && time > 0 && isLarge && 6 * size * cell.gates * size <= 3 << 19
  }
}

/// A call of oneDNN. Operands in the order of `OneDNNShim.h`, outputs last.
enum LibraryCall: Hashable {
  enum Direction { case forward, backwardData, backwardWeights }
  struct Image: Hashable {
    var shape: Shape
    var strides: [Int]
  }
  case convolution(Direction, source: Image, weights: Image, destination: Image, Window, groups: Int)
}
