import CKernels

/// A matrix product, or several, by the plain kernel. Operands: a, b, c.
struct PlainProduct: Kernel {
  let type: DType
  let m: Int, n: Int, k: Int
  /// Elements from one row, and from one column, of a and b to the next.
  let aStrides: [Int], bStrides: [Int]
  let batches: [MatrixProduct.Batch]

  var title: String { "matmul \(batches.count) × \([m, k]) · \([k, n]) \(type)" }
  var cost: Cost {
    Cost(flops: 2 * batches.count * m * n * k, bytes: batches.count * (m * k + k * n + m * n) * type.byteCount)
  }

  func load(_ step: Step, into loader: inout KernelLoader) -> any LoadedKernel {
    LoadedPlainProduct(
      type: type, m: Int64(m), n: Int64(n), k: Int64(k), aRow: Int64(aStrides[0]), aColumn: Int64(aStrides[1]),
      bRow: Int64(bStrides[0]), bColumn: Int64(bStrides[1]), batches: loader.copy(batches), count: batches.count)
  }
}

private struct LoadedPlainProduct: LoadedKernel {
  let type: DType
  let m: Int64, n: Int64, k: Int64, aRow: Int64, aColumn: Int64, bRow: Int64, bColumn: Int64
  let batches: UnsafePointer<MatrixProduct.Batch>
  let count: Int

  func run(_ operands: KernelOperands) {
    let size = type.byteCount
    for index in 0..<count {
      let batch = batches[index]
      backprop_plain_matmul(
        type.code, m, n, k, operands.start[0]?.advanced(by: size * batch.a), aRow, aColumn,
        operands.start[1]?.advanced(by: size * batch.b), bRow, bColumn,
        operands.start[2]?.advanced(by: size * batch.c))
    }
  }
}
