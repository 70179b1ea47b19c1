import CKernels

/// The C form of a fused elementwise kernel, laid out to be run.
final class FusedKernel {
  fileprivate let kernel: OpaquePointer
  private let tables = KernelTables()

  /// `shared`: buffers that all threads have read before.
  init(_ source: FusedElementwise, _ step: Step, shared: Set<Int> = []) throws(TensorError) {
    func operands(_ addresses: [Address], _ strides: [[Int]]) -> [backprop_operand] {
      zip(addresses, strides).map {
        backprop_operand(buffer: Int32($0.buffer), offset: Int64($0.offset / 4), strides: eight($1))
      }
    }
    let definition = backprop_fused_definition(
      rank: Int32(source.shape.rank), shape: eight(source.shape.dimensions),
      input_count: Int32(step.inputs.count), output_count: Int32(step.outputs.count),
      instruction_count: Int32(source.instructions.count), register_count: Int32(source.registerCount),
      inputs: tables.copy(operands(step.inputs.compactMap(\.self), source.inputStrides)),
      outputs: tables.copy(operands(step.outputs, source.outputStrides)),
      output_registers: tables.copy(source.outputRegisters),
      shared_outputs: step.outputs.enumerated().reduce(0) { bits, output in
        shared.contains(output.element.buffer) ? bits | 1 << UInt64(output.offset) : bits
      },
      instructions: tables.copy(source.instructions))
    guard let kernel = backprop_make_fused_kernel(tables.copy([definition])) else {
      throw TensorError("there is no memory for a plan")
    }
    self.kernel = kernel
  }

  deinit { backprop_free_fused_kernel(kernel) }

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

/// Up to eight sizes or strides as C takes them.
func eight(_ values: [Int]) -> (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64) {
  func at(_ index: Int) -> Int64 { index < values.count ? Int64(values[index]) : 0 }
  return (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
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
