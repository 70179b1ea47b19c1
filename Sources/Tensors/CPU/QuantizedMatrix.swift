import CKernels

/// A matrix [k, n] quantized to int8 with a scale for each column: a product of one row reads a quarter of the bytes.
final class QuantizedMatrix {
  let n: Int, k: Int
  private let storage: Storage
  var pointer: UnsafeRawPointer { UnsafeRawPointer(storage.pointer) }
  init(_ values: UnsafeRawPointer, n: Int, k: Int) throws(TensorError) {
    (self.n, self.k) = (n, k)
    storage = try Storage(
      byteCount: Int(backprop_quantized_bytes(Int64(n), Int64(k))), for: "a matrix [\(k), \(n)] in eight bits")
    let matrix = values.assumingMemoryBound(to: Float.self)
    backprop_quantize_matrix(Int64(n), Int64(k), matrix, Int64(n), storage.pointer)
  }
}

extension Variable {
  /// The values as a matrix [k, n], quantized the first time. The runtime's lock is held.
  func quantizedMatrix(n: Int, k: Int) throws(TensorError) -> QuantizedMatrix {
    if let quantized, quantized.n == n { return quantized }
    let matrix = try QuantizedMatrix(pointer, n: n, k: k)
    quantized = matrix
    return matrix
  }
}

/// A step of a plan that multiplies one row by the whole of a variable.
struct QuantizableProduct {
  let step: Int
  /// The index of the matrix [k, n] among the plan's sources.
  let source: Int
  let n: Int, k: Int

  /// More than this does not stay in the caches from one run of a plan to the next.
  private static let cachedBytes = 8 << 20

  /// A plan's products of this kind, if reading their matrices takes most of its time.
  static func all(in plan: Plan) -> [QuantizableProduct] {
    // A variable that the plan assigns may be read before or after that.
    let written = Set(plan.steps.flatMap(\.buffers.writes))
    let found = plan.steps.enumerated().compactMap { QuantizableProduct($1, at: $0, in: plan, except: written) }
    // A variable has one quantized form at a time.
    let widths = Dictionary(grouping: found, by: \.source).mapValues { Set($0.map(\.n)).count }
    let products = found.filter { widths[$0.source] == 1 }
    let bytes = products.reduce(0) { $0 + $1.n * $1.k * MemoryLayout<Float>.size }
    let all = plan.steps.reduce(0) { $0 + $1.kernel.cost.bytes }
    return bytes >= max(cachedBytes, all * 3 / 4) ? products : []
  }

  private init?(_ step: Step, at index: Int, in plan: Plan, except written: Set<Int>) {
    guard let product = step.kernel as? MatrixProduct, product.method == .fewRows,
      product.shape.m == 1,
      !product.shape.transposeB, product.batches.count == 1, let matrix = step.inputs[1],
      case .source(let source) = plan.places[matrix.buffer], !written.contains(matrix.buffer),
      matrix.offset == 0,
      case (let n, let k) = (product.shape.n, product.shape.k), product.shape.ldb == n,
      plan.sizes[matrix.buffer] == 4 * n * k,
      // For a small product there is little to gain, and the sums of many bytes need more than 32 bits.
      n * k > 1 << 16, k <= 1 << 16
    else { return nil }
    (self.step, self.source, self.n, self.k) = (index, source, n, k)
  }

  /// The product with the quantized matrix in place of the other. Operands: a, matrix, c.
  var loaded: some LoadedKernel { Loaded(n: Int64(n), k: Int64(k)) }

  private struct Loaded: LoadedKernel {
    let n: Int64, k: Int64

    func run(_ operands: KernelOperands) throws(TensorError) {
      guard backprop_quantized_vector_matrix(n, k, operands[0], operands.start[1], operands[2]) == 0
      else {
        throw TensorError(
          "not enough memory: the workspace of a product of [1, \(k)] · [\(k), \(n)]")
      }
    }
  }
}
