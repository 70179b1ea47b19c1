/// The steps of a plan as their kernels take them, without references, contiguous in memory.
///
/// After large products have evicted the caches, a step's data is in memory, and each object that is retained on the
/// way costs a cache miss: a third of a token's time outside its products.
final class DispatchTable {
  enum Step {
    /// A `backprop_fused_kernel`.
    case pass(OpaquePointer)
    case product(MatrixShape, a: Address, b: Address, c: Address)
    /// The number of its operands in `operands`.
    case kernel(KernelCall, first: Int, count: Int)
    /// The plan's step.
    case other
  }

  let steps: UnsafeMutablePointer<Step>
  let operands: UnsafeMutablePointer<Address?>

  /// `passes` are the fused elementwise kernels of the steps; they must live as long.
  init(_ source: [Tensors.Step], _ passes: [FusedKernel?]) {
    var operands: [Address?] = []
    let steps = source.enumerated().map { index, step -> Step in
      switch step {
      case .program: return passes[index].map { .pass($0.pass) } ?? .other
      case .matmul(let product) where product.batches.count == 1:
        func address(_ start: Address, _ offset: Int) -> Address {
          Address(buffer: start.buffer, offset: start.offset + offset)
        }
        let batch = product.batches[0]
        return .product(
          product.shape, a: address(product.a, batch.a), b: address(product.b, batch.b), c: address(product.c, batch.c))
      case .kernel(let call, let own, _):
        defer { operands += own }
        return .kernel(call, first: operands.count, count: own.count)
      default: return .other
      }
    }
    self.steps = .allocate(capacity: max(steps.count, 1))
    self.operands = .allocate(capacity: max(operands.count, 1))
    for (index, step) in steps.enumerated() { self.steps.advanced(by: index).initialize(to: step) }
    for (index, operand) in operands.enumerated() { self.operands.advanced(by: index).initialize(to: operand) }
  }

  deinit {
    steps.deallocate()
    operands.deallocate()
  }
}
