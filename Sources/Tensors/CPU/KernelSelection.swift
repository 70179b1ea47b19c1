/// The kernel of a matrix product.
enum ProductMethod {
  /// Our kernel for so few rows that reading b once is all the time it takes.
  case fewRows
  /// Our kernel on one thread.
  case narrow
  case own
  case amx
  case oneDNN
  /// Of any type with arithmetic.
  case plain
}

/// The kernel of a convolution or of a gradient of one.
enum ConvolutionMethod: Hashable {
  case winograd
  /// A direct sum on AMX.
  case amx
  case oneDNN
}

// The choice between kernels, from sizes and layouts: oneDNN's, those on AMX, Winograd's filtering and our own. What was
// measured is in docs/performance.md. Kernels themselves differ by the instruction set, and fall back where there is no
// memory or a result is NaN.
extension Target {
  // MARK: Types

  /// Whether operands of these types are for plain kernels. The fast ones are for float32, with int32 as positions and
  /// labels.
  func usesPlainKernels(for operands: [TensorType]) -> Bool {
    operands.contains { $0.dtype != .float32 && $0.dtype != .int32 }
  }

  // MARK: Products

  func method(for shape: MatrixShape) -> ProductMethod {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    if m <= 4 && !shape.transposeA { return .fewRows }
    // Tiles are 16 by 16 and as deep as 32; with few rows or columns, to pack the other factor takes as long as
    // oneDNN's product, though not as long as our own.
    let least = hasOneDNN ? 64 : 16
    if hasAMX && m >= least && n >= least && k >= least { return .amx }
    // So small along one axis, and in total, that one thread is as fast as several, and our own kernel faster than
    // oneDNN's, which uses two anyway: the products with a layer of ten classes.
    if min(m, n, k) <= 16 && max(m, n, k) <= 1 << 17 && m * n * k <= 1 << 17 { return .narrow }
    return hasOneDNN ? .oneDNN : .own
  }

  // MARK: Recurrent loops

  /// AMX takes 32 examples at a time, and the weights split in three, 6 bytes each, must stay in second-level caches
  /// from step to step. In small layers, the barrier after each step costs more than AMX gains.
  func usesAMX(for loop: RecurrenceSizes) -> Bool {
    let (batch, size) = (loop.batch, loop.size)
    let isLarge = batch >= 24 && size >= 192 || batch >= 64 && size >= 128
    return hasAMX && (loop.cell == .lstm || loop.cell == .gru) && loop.time > 0 && isLarge
      && 6 * size * loop.cell.gates * size <= 3 << 19
  }

  // MARK: Convolutions

  /// Whether there is a kernel for a convolution. Without oneDNN, which takes the shapes that ours do not, convolutions
  /// are products of unfolded images.
  func hasConvolutions(of operands: [TensorType]) -> Bool {
    hasOneDNN && operands.allSatisfy { $0.shape.elementCount > 0 }
  }

  func method(for convolution: ConvolutionShape) -> ConvolutionMethod {
    guard let tiled = TiledConvolution(convolution) else { return .oneDNN }
    if tiled.shape.stride == 2 { return hasAMX && tiled.isFasterOnAMX ? .amx : .oneDNN }
    guard hasWinograd, tiled.isFasterByWinograd else { return .oneDNN }
    return hasAMX && tiled.isFasterOnAMX ? .amx : .winograd
  }
}
