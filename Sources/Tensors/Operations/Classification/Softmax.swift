import CKernels

/// eˣ / Σ eˣ along the last axis, or its logarithm.
struct Softmax: KernelOperation {
  var isLogarithm = false
  var name: String { isLogarithm ? "logSoftmax" : "softmax" }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    guard operands[0].shape.rank >= 1, operands[0].dtype.isDifferentiable else {
      throw TensorError("\(name): needs a float32 or float64 tensor with an axis, not \(operands[0])")
    }
    return operands
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let x = operands[0]
    guard x.shape[-1] > 0 else { return [x] }
    // Below the greatest of each row, powers do not overflow; a constant, as softmax does not depend on it.
    let shifted = x - x.max(axes: [-1], keepingAxes: true).stoppingGradient()
    let powers = shifted.exp()
    let sum = powers.sum(axes: [-1], keepingAxes: true)
    return [isLogarithm ? shifted - sum.log() : powers / sum]
  }

  /// y (u − Σ u y), and u − softmax(x) Σ u of the logarithm.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (y, u) = (step.results[0], step.upstream)
    if isLogarithm { return [u - y.exp() * u.sum(axes: [-1], keepingAxes: true)] }
    return [y * (u - (u * y).sum(axes: [-1], keepingAxes: true))]
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(self) }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let shape = lowering.ir.types[instruction.firstOutput].shape
    let kernel = SoftmaxKernel(isLogarithm: isLogarithm, rows: shape.elementCount / shape[-1], width: shape[-1])
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

private struct SoftmaxKernel: PlainKernel {
  let isLogarithm: Bool
  let rows: Int, width: Int

  var title: String { "\(isLogarithm ? "log-" : "")softmax \([rows, width])" }
  var cost: Cost { Cost(flops: 5 * rows * width, elements: 2 * rows * width) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    if isLogarithm {
      backprop_log_softmax(Int64(rows), Int64(width), operands[0], operands[1])
    } else {
      backprop_softmax(Int64(rows), Int64(width), operands[0], operands[1])
    }
  }
}

extension Tensor {
  /// eˣ / Σ eˣ along an axis; a negative one counts from the end.
  public func softmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    along(axis, Softmax(), CallSite(file, line))
  }

  /// log(softmax(x)) along an axis, without overflow; a negative one counts from the end.
  public func logSoftmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    along(axis, Softmax(isLogarithm: true), CallSite(file, line))
  }

  /// The operation works along the last axis, with which another one is exchanged.
  private func along(_ axis: Int, _ softmax: Softmax, _ site: CallSite) -> Tensor {
    if failure != nil || shape.rank == 0 { return .record(softmax, [self], site) }
    return .checked(site) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: softmax.name)
      if axis == shape.rank - 1 { return .record(softmax, [self], site) }
      return Tensor.record(softmax, [transposed(axis, -1)], site).transposed(axis, -1)
    }
  }
}
