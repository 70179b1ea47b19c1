import CKernels

/// The C form of a fused elementwise kernel, laid out to be run.
final class FusedKernel {
  private let definition: UnsafeMutablePointer<backprop_fused_definition>
  fileprivate let kernel: OpaquePointer

  /// `shared`: buffers that all threads have read before.
  init(_ source: FusedElementwise, _ step: Step, shared: Set<Int> = []) throws(TensorError) {
    func strides(_ values: [Int]) -> (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64) {
      func at(_ index: Int) -> Int64 { index < values.count ? Int64(values[index]) : 0 }
      return (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    }

    func operands(_ addresses: [Address], _ layouts: [[Int]]) -> UnsafePointer<backprop_operand> {
      copied(
        zip(addresses, layouts).map {
          backprop_operand(buffer: Int32($0.buffer), offset: Int64($0.offset / 4), strides: strides($1))
        })
    }

    func copied<Element>(_ values: [Element]) -> UnsafePointer<Element> {
      let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(values.count, 1))
      for (index, value) in values.enumerated() { memory.advanced(by: index).initialize(to: value) }
      return UnsafePointer(memory)
    }
    definition = .allocate(capacity: 1)
    definition.initialize(
      to: backprop_fused_definition(
        rank: Int32(source.shape.rank), shape: strides(source.shape.dimensions),
        input_count: Int32(step.inputs.count), output_count: Int32(step.outputs.count),
        instruction_count: Int32(source.instructions.count), register_count: Int32(source.registerCount),
        inputs: operands(step.inputs.compactMap(\.self), source.inputStrides),
        outputs: operands(step.outputs, source.outputStrides),
        output_registers: copied(source.outputRegisters),
        shared_outputs: step.outputs.enumerated().reduce(0) { bits, output in
          shared.contains(output.element.buffer) ? bits | 1 << UInt64(output.offset) : bits
        },
        instructions: copied(source.instructions)))
    guard let kernel = backprop_make_fused_kernel(definition) else {
      throw TensorError("there is no memory for a plan")
    }
    self.kernel = kernel
  }

  deinit {
    backprop_free_fused_kernel(kernel)
    definition.pointee.inputs.deallocate()
    definition.pointee.outputs.deallocate()
    definition.pointee.output_registers.deallocate()
    definition.pointee.instructions.deallocate()
    definition.deallocate()
  }

  /// Whether there is machine code for it.
  var isAssembled: Bool { backprop_is_assembled(kernel) != 0 }

  /// What runs it. This object must live as long.
  var loaded: some LoadedKernel { Loaded(kernel: kernel) }

  /// Runs it on buffers at these addresses.
  func run(_ buffers: UnsafePointer<UnsafeMutableRawPointer?>) {
    backprop_run_fused_kernel(kernel, buffers)
  }

  private struct Loaded: LoadedKernel {
    static var takesOperands: Bool { false }
    let kernel: OpaquePointer
    func run(_ operands: KernelOperands) { backprop_run_fused_kernel(kernel, operands.buffers) }
  }
}
/// Machine code for fused elementwise kernels, where the processor and the system allow it; elsewhere they are
/// interpreted.
final class ElementwiseCode {
  private let code: OpaquePointer?
  init(for kernels: [FusedKernel]) {
    let pointers = kernels.map { Optional($0.kernel) }
    code = backprop_assemble(pointers, Int32(pointers.count))
  }

  deinit { backprop_free_code(code) }
}
