import CKernels

/// The addresses of a kernel's operands; those that are absent are `nil`.
struct KernelOperands {
  private let start: UnsafePointer<UnsafeMutableRawPointer?>
  let count: Int

  init(_ start: UnsafePointer<UnsafeMutableRawPointer?>, count: Int) { (self.start, self.count) = (start, count) }

  subscript(index: Int) -> UnsafeMutablePointer<Float>? { start[index]?.assumingMemoryBound(to: Float.self) }
}

extension KernelCall {
  /// Runs the kernel on these operands: inputs, outputs, workspace.
  func run(_ operands: KernelOperands) throws(TensorError) {
    func n(_ value: Int) -> Int64 { Int64(value) }
    func ints(_ index: Int) -> UnsafeMutablePointer<Int32>? {
      UnsafeMutableRawPointer(operands[index])?.assumingMemoryBound(to: Int32.self)
    }
    switch self {
    case .gather(let rows, let width, let count):
      backprop_gather(n(rows), n(width), n(count), operands[0], ints(1), operands[2])
    case .scatterAdd(let rows, let width, let count, let row):
      guard backprop_scatter_add(n(rows), n(width), n(count), ints(0), operands[1], n(row), operands[2]) == 0 else {
        throw TensorError("scatterAdd: no memory is left for the order of \(count) rows")
      }
    case .replaceSlice(let outer, let size, let count, let inner):
      backprop_replace_slice(n(outer), n(size), n(count), n(inner), operands[0], ints(1), operands[2])
    case .pool(let image, let maximum):
      withUnsafePointer(to: image.cValue) {
        maximum
          ? backprop_max_pool($0, operands[0], operands[1]) : backprop_average_pool($0, operands[0], operands[1])
      }
    case .poolGradient(let image, maximum: true):
      withUnsafePointer(to: image.cValue) { backprop_max_pool_gradient($0, operands[0], operands[1], operands[2]) }
    case .poolGradient(let image, maximum: false):
      withUnsafePointer(to: image.cValue) { backprop_average_pool_gradient($0, operands[0], operands[1]) }
    case .batchNormSums(let outer, let channels, let inner, let epsilon):
      backprop_batch_norm_sums(
        n(outer), n(channels), n(inner), Float(epsilon), operands[0], operands[1], operands[2], operands[3],
        operands[4], operands[5], operands[6], operands[7])
    case .moments(let outer, let channels, let inner):
      backprop_moments(n(outer), n(channels), n(inner), operands[0], operands[1], operands[2])
    case .layerNorm(let rows, let width, let epsilon):
      backprop_layer_norm(
        n(rows), n(width), Float(epsilon), operands[0], operands[1], operands[2], operands[3], operands[4], operands[5])
    case .layerNormGradient(let rows, let width):
      backprop_layer_norm_gradient(
        n(rows), n(width), operands[0], operands[1], operands[2], operands[3], operands[4], operands[5], operands[6],
        operands[7])
    case .recurrence(let recurrence): recurrence.run(operands)
    case .recurrenceGradient(let recurrence): recurrence.runGradient(operands)
    }
  }
}
