import CKernels
import OneDNNShim

/// The sizes of c[m, n] = op(a) · op(b), and the distances between rows in memory.
struct MatrixShape {
  var m: Int, n: Int, k: Int
  var transposeA = false, transposeB = false
  var lda: Int, ldb: Int

  /// Without gaps between rows by default.
  init(m: Int, n: Int, k: Int, transposeA: Bool = false, transposeB: Bool = false, lda: Int? = nil, ldb: Int? = nil) {
    (self.m, self.n, self.k, self.transposeA, self.transposeB) = (m, n, k, transposeA, transposeB)
    self.lda = lda ?? max(transposeA ? m : k, 1)
    self.ldb = ldb ?? max(transposeB ? k : n, 1)
  }
}

/// c[m, n] = op(a) · op(b), for each of `batches`.
struct MatrixProduct: Kernel {
  /// Offsets in elements from a, b and c.
  struct Batch { var a: Int, b: Int, c: Int }

  let shape: MatrixShape
  let method: ProductMethod
  let batches: [Batch]

  var cost: Cost {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    return Cost(flops: 2 * batches.count * m * n * k, elements: batches.count * (m * k + k * n + m * n))
  }

  var title: String {
    func factor(_ rows: Int, _ columns: Int, _ transposed: Bool) -> String {
      transposed ? "\([columns, rows])ᵀ" : "\([rows, columns])"
    }
    let count = batches.count == 1 ? "" : "\(batches.count) × "
    return
      "matmul \(count)\(factor(shape.m, shape.k, shape.transposeA)) · \(factor(shape.k, shape.n, shape.transposeB))"
  }

  var threading: Threading { method == .oneDNN ? .library : batches.count == 1 && method == .narrow ? .one : .own }

  func load(_ step: Step, into loader: inout KernelLoader) -> any LoadedKernel {
    if method == .oneDNN { loader.hasLibraryProducts = true }
    if batches.count == 1 { return LoadedProduct(shape: shape, method: method) }
    return LoadedProducts(
      product: LoadedProduct(shape: shape, method: method), batches: loader.copy(batches), count: batches.count)
  }
}

private struct LoadedProduct: LoadedKernel {
  let shape: MatrixShape
  let method: ProductMethod

  func run(_ operands: KernelOperands) throws(TensorError) { try run(operands[0], operands[1], operands[2]) }

  func run(_ a: UnsafeMutablePointer<Float>?, _ b: UnsafeMutablePointer<Float>?, _ c: UnsafeMutablePointer<Float>?)
    throws(TensorError)
  {
    let (m, n, k) = (Int64(shape.m), Int64(shape.n), Int64(shape.k))
    let (lda, ldb) = (Int64(shape.lda), Int64(shape.ldb))
    let (aRow, aColumn) = shape.transposeA ? (1, lda) : (lda, 1)
    let (bRow, bColumn) = shape.transposeB ? (1, ldb) : (ldb, 1)
    switch method {
    case .fewRows: backprop_vector_matrix(m, n, k, a, lda, b, ldb, shape.transposeB ? 1 : 0, c)
    case .amx: backprop_matmul_amx(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c)
    case .narrow, .own: backprop_matmul(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c)
    case .oneDNN:
      let status = backprop_dnn_sgemm(
        shape.transposeA ? 1 : 0, shape.transposeB ? 1 : 0, m, n, k, a, lda, b, ldb, 0, c, max(n, 1))
      guard status == 0 else { throw TensorError("oneDNN failed: \(String(cString: backprop_dnn_message()))") }
    }
  }
}

private struct LoadedProducts: LoadedKernel {
  let product: LoadedProduct
  let batches: UnsafePointer<MatrixProduct.Batch>
  let count: Int

  func run(_ operands: KernelOperands) throws(TensorError) {
    for index in 0..<count {
      let batch = batches[index]
      try product.run(
        operands[0]?.advanced(by: batch.a), operands[1]?.advanced(by: batch.b), operands[2]?.advanced(by: batch.c))
    }
  }
}
