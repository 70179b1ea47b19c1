import CKernels

/// (x − mean) / √(variance + ε) · scale + shift over the last axis.
///
/// operands: x [..., w], scale [w], shift [w] → y, mean [...], 1 / √(variance + ε) [...]
struct LayerNorm: CompositeOperation {
  let epsilon: Double
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    try check(epsilon: epsilon)
    let shape = operands[0].shape
    guard shape.rank >= 1, shape[-1] > 0, operands[0].dtype.isDifferentiable else {
      throw TensorError(
        "layerNorm: needs a float32 or float64 tensor with a last axis of at least 1, not \(operands[0])")
    }
    let width = TensorType([shape[-1]], operands[0].dtype)
    guard operands[1] == width, operands[2] == width else {
      throw TensorError(
        "layerNorm: \(shape) has \(shape[-1]) features, scale and shift are \(operands[1].described(beside: width)) and \(operands[2].described(beside: width))"
      )
    }
    let rows = TensorType(Shape(shape.dropLast()), operands[0].dtype)
    return [operands[0], rows, rows]
  }

  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (x, scale, shift) = (operands[0], operands[1], operands[2])
    let mean = x.mean(axes: [-1], keepingAxes: true)
    let centered = x - mean
    let inverse = (centered.square().mean(axes: [-1], keepingAxes: true) + Tensor.fill(epsilon)).rsqrt()
    let rows = Shape(x.shape.dropLast())
    return [centered * inverse * scale + shift, mean.reshaped(to: rows), inverse.reshaped(to: rows)]
  }

  /// `LayerNormGradient`, where the loss depends on y alone; otherwise those of the definition.
  func gradients(_ step: BackwardStep) throws(TensorError) -> [Tensor?] {
    guard step.isOfFirstResult else { return try definitionGradients(step) }
    let (x, scale, results) = (step.operands[0], step.operands[1], step.results)
    return Tensor.recordAll(LayerNormGradient(epsilon: epsilon), [x, results[1], results[2], scale, step.upstream])
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { true }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let shape = lowering.ir.types[instruction.firstOutput].shape
    let kernel = LayerNormKernel(rows: shape.elementCount / shape[-1], width: shape[-1], epsilon: epsilon)
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

/// The gradients of layer normalization.
///
/// operands: x, mean, inverse deviation, scale, upstream → gradients of x, scale, shift
struct LayerNormGradient: CompositeOperation {
  let epsilon: Double
  var resultCount: Int { 3 }

  func types(of operands: [TensorType]) -> [TensorType] { [operands[0], operands[3], operands[3]] }

  /// Source: Ba, Kiros & Hinton, "Layer Normalization", 2016, by the chain rule: with v = upstream · scale,
  /// dx = inverse · (v − mean(v) − x̂ · mean(v x̂)).
  func definition(_ operands: [Tensor]) -> [Tensor] {
    let (x, mean, scale, upstream) = (operands[0], operands[1], operands[3], operands[4])
    let column = Shape(mean.shape.dimensions + [1])
    let rows = Array(mean.shape.indices)
    let inverse = operands[2].reshaped(to: column)
    let normalized = (x - mean.reshaped(to: column)) * inverse
    let scaled = upstream * scale
    let centered = scaled - scaled.mean(axes: [-1], keepingAxes: true)
    let dx = inverse * (centered - normalized * (scaled * normalized).mean(axes: [-1], keepingAxes: true))
    return [dx, (upstream * normalized).sum(axes: rows), upstream.sum(axes: rows)]
  }

  func hasKernel(for operands: [TensorType], on target: Target) -> Bool { true }

  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let shape = lowering.ir.types[instruction.firstOutput].shape
    let kernel = LayerNormGradientKernel(rows: shape.elementCount / shape[-1], width: shape[-1])
    lowering.emit(kernel, try lowering.contiguous(instruction.inputs), instruction)
  }
}

extension Operation {
  func check(epsilon: Double) throws(TensorError) {
    guard epsilon >= 0, epsilon.isFinite else {
      throw TensorError("\(name): epsilon must be a finite number of at least 0, not \(epsilon)")
    }
  }
}

private struct LayerNormKernel: PlainKernel {
  let rows: Int, width: Int
  let epsilon: Double

  var title: String { "layer normalization \([rows, width])" }
  var cost: Cost { Cost(flops: 8 * rows * width, elements: 2 * (rows * width + rows + width)) }

  func run(_ operands: KernelOperands) {
    backprop_layer_norm(
      Int64(rows), Int64(width), Float(epsilon), operands[0], operands[1], operands[2], operands[3], operands[4],
      operands[5])
  }
}

private struct LayerNormGradientKernel: PlainKernel {
  let rows: Int, width: Int

  var title: String { "layer normalization gradient \([rows, width])" }
  var cost: Cost { Cost(flops: 14 * rows * width, elements: 3 * rows * width + 2 * rows + 3 * width) }

  func run(_ operands: KernelOperands) {
    backprop_layer_norm_gradient(
      Int64(rows), Int64(width), operands[0], operands[1], operands[2], operands[3], operands[4], operands[5],
      operands[6], operands[7])
  }
}

extension Tensor {
  /// (x − mean) / √(variance + ε) · scale + shift over the last axis; scale and shift are [width].
  ///
  /// Source: Ba, Kiros & Hinton, "Layer Normalization", 2016.
  public func layerNormalized(
    scale: Tensor, shift: Tensor, epsilon: Double = 1e-5, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor { Tensor.recordAll(LayerNorm(epsilon: epsilon), [self, scale, shift], CallSite(file, line))[0] }
}
