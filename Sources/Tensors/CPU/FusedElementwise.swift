import CKernels

/// A list of elementwise instructions over the positions of `shape`, which fused kernels run in one pass over memory.
struct FusedElementwise: Kernel {
  let shape: Shape
  /// The strides of operands and results along the axes of `shape`.
  let inputStrides: [[Int]]
  var outputStrides: [[Int]]
  let outputRegisters: [UInt8]
  let instructions: [backprop_instruction]
  let registerCount: Int

  var cost: Cost {
    /// Distinct elements: broadcast axes count once.
    func distinct(_ strides: [Int]) -> Int { zip(shape, strides).reduce(1) { $1.1 == 0 ? $0 : $0 * $1.0 } }
    let traffic = (inputStrides + outputStrides).reduce(0) { $0 + distinct($1) }
    return Cost(flops: instructions.count * shape.elementCount, elements: traffic)
  }

  var title: String {
    let names = outputStrides.count == 1 ? "" : " → \(outputStrides.count)"
    return "elementwise \(shape), \(instructions.count) operations of \(inputStrides.count)\(names)"
  }

  var threading: Threading { .bySize(cost) }
  var isElementwise: Bool { true }

  func layout(ofOutput output: Int) -> Layout? { Layout(shape: shape, strides: outputStrides[output]) }

  func writing(_ output: Int, as view: View) -> (any Kernel)? {
    var copy = self
    copy.outputStrides[output] = view.strides
    return copy
  }

  func readsInPlace(_ input: Int, for output: Int) -> Bool { inputStrides[input] == outputStrides[output] }

  func load(_ step: Step, into loader: inout KernelLoader) throws(TensorError) -> any LoadedKernel {
    let kernel = try FusedKernel(self, step, shared: loader.sharedBuffers)
    loader.fusedKernels.append(kernel)
    return kernel.loaded
  }
}

extension Step {
  /// A fused kernel over views of its shape.
  static func fused(
    _ shape: Shape, _ inputs: [View], _ outputs: [View], registers: [UInt8], _ instructions: [backprop_instruction],
    registerCount: Int
  ) -> Step {
    Step(
      kernel: FusedElementwise(
        shape: shape, inputStrides: inputs.map(\.strides), outputStrides: outputs.map(\.strides),
        outputRegisters: registers, instructions: instructions,
        registerCount: registerCount),
      inputs: inputs.map(\.start), outputs: outputs.map(\.start))
  }
}
