import CKernels

/// The C form of a fused elementwise kernel, laid out to be run.
final class FusedKernel {
  private let program: UnsafeMutablePointer<backprop_fused_definition>
  let pass: OpaquePointer

  /// `shared`: buffers that all threads have read before.
  init(_ source: Program, shared: Set<Int> = []) throws(TensorError) {
    func strides(_ values: [Int]) -> (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64) {
      func at(_ index: Int) -> Int64 { index < values.count ? Int64(values[index]) : 0 }
      return (at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
    }
    func operands(_ views: [View]) -> UnsafePointer<backprop_operand> {
      copied(
        views.map {
          backprop_operand(buffer: Int32($0.buffer), offset: Int64($0.offset), strides: strides($0.strides))
        })
    }
    func copied<Element>(_ values: [Element]) -> UnsafePointer<Element> {
      let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(values.count, 1))
      for (index, value) in values.enumerated() { memory.advanced(by: index).initialize(to: value) }
      return UnsafePointer(memory)
    }
    program = .allocate(capacity: 1)
    program.initialize(
      to: backprop_fused_definition(
        rank: Int32(source.shape.rank), shape: strides(source.shape.dimensions),
        input_count: Int32(source.inputs.count), output_count: Int32(source.outputs.count),
        instruction_count: Int32(source.instructions.count), register_count: Int32(source.registerCount),
        inputs: operands(source.inputs), outputs: operands(source.outputs),
        output_registers: copied(source.outputRegisters),
        shared_outputs: source.outputs.enumerated().reduce(0) { bits, output in
          shared.contains(output.element.buffer) ? bits | 1 << UInt64(output.offset) : bits
        },
        instructions: copied(source.instructions)))
    guard let pass = backprop_make_fused_kernel(program) else { throw TensorError("there is no memory for a plan") }
    self.pass = pass
  }

  deinit {
    backprop_free_fused_kernel(pass)
    program.pointee.inputs.deallocate()
    program.pointee.outputs.deallocate()
    program.pointee.output_registers.deallocate()
    program.pointee.instructions.deallocate()
    program.deallocate()
  }

  /// Whether there is machine code for it.
  var isAssembled: Bool { backprop_is_assembled(pass) != 0 }

  func run(_ pointers: UnsafeMutablePointer<UnsafeMutableRawPointer?>) {
    backprop_run_fused_kernel(pass, UnsafePointer(pointers))
  }
}

/// Machine code for fused elementwise kernels, where the processor and the system allow it; elsewhere they are
/// interpreted.
final class ElementwiseCode {
  private let code: OpaquePointer?

  init(for passes: [FusedKernel]) {
    let pointers = passes.map { Optional($0.pass) }
    code = backprop_assemble(pointers, Int32(pointers.count))
  }

  deinit { backprop_free_code(code) }
}
