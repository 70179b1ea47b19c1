import CKernels
import OneDNNShim

/// The sizes of c[m, n] = op(a) · op(b), and the distances between rows in memory.
struct MatrixShape {
  var m: Int, n: Int, k: Int
  var transposeA = false, transposeB = false
  var lda = 0, ldb = 0
}

/// c[m, n] = op(a) · op(b), for each of `batches`.
struct MatrixProduct: Kernel {
  /// Offsets in bytes from a, b and c.
  struct Batch { var a: Int, b: Int, c: Int }

  let shape: MatrixShape
  let method: ProductMethod
  var type = DType.float32
  /// The first one begins where a, b and c do.
  let batches: [Batch]

  var cost: Cost {
    let (m, n, k) = (shape.m, shape.n, shape.k)
    let count = batches.count
    return Cost(flops: 2 * count * m * n * k, bytes: type.byteCount * count * (m * k + k * n + m * n))
  }

  var title: String {
    func factor(_ rows: Int, _ columns: Int, _ transposed: Bool) -> String {
      transposed ? "\([columns, rows])ᵀ" : "\([rows, columns])"
    }
    let count = batches.count == 1 ? "" : "\(batches.count) × "
    let (a, b) = (factor(shape.m, shape.k, shape.transposeA), factor(shape.k, shape.n, shape.transposeB))
    return "matmul \(count)\(a) · \(b)\(type.suffix)"
  }

  var threading: Threading { method == .oneDNN ? .library : batches.count == 1 && method == .narrow ? .one : .own }

  func load(_ step: Step, into loader: inout KernelLoader) -> any LoadedKernel {
    if method == .oneDNN { loader.hasLibraryProducts = true }
    let product = LoadedProduct(shape: shape, method: method, type: type)
    if batches.count == 1 { return product }
    return LoadedProducts(product: product, batches: loader.tables.copy(batches), count: batches.count)
  }
}

private struct LoadedProduct: LoadedKernel {
  let shape: MatrixShape
  let method: ProductMethod
  let type: DType

  func run(_ operands: KernelOperands) throws(TensorError) { try run(operands, MatrixProduct.Batch(a: 0, b: 0, c: 0)) }

  func run(_ operands: KernelOperands, _ batch: MatrixProduct.Batch) throws(TensorError) {
    func matrix(_ index: Int, _ offset: Int) -> UnsafeMutablePointer<Float>? {
      operands.start[index]?.advanced(by: offset).assumingMemoryBound(to: Float.self)
    }
    let (a, b, c) = (matrix(0, batch.a), matrix(1, batch.b), matrix(2, batch.c))
    let (m, n, k) = (Int64(shape.m), Int64(shape.n), Int64(shape.k))
    let (lda, ldb) = (Int64(shape.lda), Int64(shape.ldb))
    let (aRow, aColumn) = shape.transposeA ? (1, lda) : (lda, 1)
    let (bRow, bColumn) = shape.transposeB ? (1, ldb) : (ldb, 1)
    switch method {
    case .fewRows: backprop_vector_matrix(m, n, k, a, lda, b, ldb, shape.transposeB ? 1 : 0, c)
    case .amx: backprop_matmul_amx(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c)
    case .narrow, .own: backprop_matmul(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c)
    case .plain: backprop_plain_matmul(type.code, m, n, k, a, aRow, aColumn, b, bRow, bColumn, c)
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
    for index in 0..<count { try product.run(operands, batches[index]) }
  }
}
