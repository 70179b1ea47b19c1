/// How far gradients are from differences of function values.
public struct GradientCheckResult: Sendable, CustomStringConvertible {
  /// The largest difference, relative to the largest gradient of the same input (at least 1e-4).
  public internal(set) var largestError = 0.0
  /// Where that is: which of the inputs.
  public internal(set) var input = 0
  /// Which element of that input, in row-major order.
  public internal(set) var element = 0
  /// The gradient rules' value there.
  public internal(set) var gradient = 0.0
  /// The difference quotient there.
  public internal(set) var difference = 0.0

  /// Whether no gradient differs by more. NaN does not pass.
  public func passes(tolerance: Double) -> Bool { largestError <= tolerance }

  public var description: String {
    "largest relative error \(largestError) at element \(element) of input \(input): "
      + "gradient \(gradient), difference quotient \(difference)"
  }
}

/// Compares the gradients of a function with central differences, in double precision.
///
/// For layers of your own: what they compute must be differentiable at `inputs`, a little away from kinks such as
/// relu's at 0. The function is recorded once, so that random numbers in it stay the same. Its output is summed with
/// fixed weights; `order` 2 does the same with the gradients and checks the gradients of that. `int32` inputs (labels)
/// are left alone. To check parameters, pass them as inputs. Costs two evaluations an element, by a slow interpreter:
/// use inputs of a few dozen elements.
///
/// ```swift
/// let result = try gradientCheck({ layer($0[0]) }, at: [Tensor([0.5, -1.25], shape: [1, 2])])
/// #expect(result.passes(tolerance: 1e-6), "\(result)")
/// ```
///
/// Throws the error of a failed tensor, also when an intermediate operation has no derivative.
public func gradientCheck(
  _ function: ([Tensor]) -> Tensor, at inputs: [Tensor], order: Int = 1, step: Double = 1e-5,
  file: StaticString = #fileID, line: UInt = #line
) throws(TensorError) -> GradientCheckResult {
  guard order == 1 || order == 2, step > 0, step.isFinite else {
    throw TensorError("gradientCheck: needs order 1 or 2 and a finite step above 0", callSite: CallSite(file, line))
  }
  for input in inputs {
    if let failure = input.failure { throw failure }
    guard input.shape.elementCount <= mostElements else {
      throw TensorError(
        "gradientCheck: an input \(input.shape) is too large for two evaluations an element; use a few dozen elements",
        callSite: CallSite(file, line))
    }
  }
  let interpreter = ReferenceInterpreter()
  let leaves = try inputs.map { (input) throws(TensorError) in
    Tensor(try input.read(input.dtype, CallSite(file, line)), input.type)
  }
  var points: [Int: [Double]] = [:]  // by input; those that are varied
  for (index, value) in try interpreter.evaluate(leaves).enumerated() {
    if case .floats(let values) = value { points[index] = values }
  }
  let moved = points.keys.sorted()
  guard !moved.isEmpty else {
    throw TensorError(
      "gradientCheck: none of the \(inputs.count) inputs has fractions, so there is nothing to vary; pass float32 or "
        + "float64", callSite: CallSite(file, line))
  }

  var scalar = contracted([function(leaves)])
  for _ in 1..<order {
    let first = gradients(of: scalar, withRespectTo: moved.map { leaves[$0] }, file: file, line: line)
    scalar = contracted(first.compactMap { $0 })
  }
  let found = gradients(of: scalar, withRespectTo: moved.map { leaves[$0] }, file: file, line: line)

  var fed: ReferenceInterpreter.KnownValues = [:]
  for index in moved { fed[ObjectIdentifier(leaves[index].node)] = points[index].map { [.floats($0)] } }
  let values = try interpreter.evaluate(found.compactMap { $0 }, knowing: fed)
  var remaining = values[...]

  var result = GradientCheckResult()
  for (index, gradient) in zip(moved, found) {
    let point = points[index] ?? []
    // No gradient means that the function does not depend on the input.
    let exact = gradient == nil ? point.map { _ in 0 } : remaining.removeFirst().floats
    var differences: [Double] = []
    for element in point.indices {
      let reach = step * max(1, abs(point[element]))
      var ends: [Double] = []
      for end in [point[element] - reach, point[element] + reach] {
        var there = point
        there[element] = end
        fed[ObjectIdentifier(leaves[index].node)] = [.floats(there)]
        ends.append(try interpreter.evaluate([scalar], knowing: fed)[0].floats[0])
      }
      differences.append((ends[1] - ends[0]) / (2 * reach))
    }
    fed[ObjectIdentifier(leaves[index].node)] = [.floats(point)]
    let scale = (exact + differences).reduce(1e-4) { max($0, abs($1)) }
    for element in point.indices {
      let error = abs(exact[element] - differences[element]) / scale
      if error > result.largestError || (error.isNaN && !result.largestError.isNaN) {
        result = GradientCheckResult(
          largestError: error, input: index, element: element, gradient: exact[element],
          difference: differences[element])
      }
    }
  }
  return result
}

/// A function of more elements would take more than a day.
private let mostElements = 1 << 20

/// One number from tensors: the sum of all elements, each times a fixed weight from 0.5 to 1.5. float64, where one is.
private func contracted(_ tensors: [Tensor]) -> Tensor {
  var state: UInt64 = 1
  let dtype: DType = tensors.contains { $0.dtype == .float64 } ? .float64 : .float32
  return tensors.reduce(Tensor.fill(0, [], dtype)) { sum, tensor in
    let weights = (0..<tensor.shape.elementCount).map { _ in
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407  // Knuth's generator, MMIX
      return 0.5 + Float(state >> 40) / 16_777_216
    }
    return sum + (tensor.cast(to: dtype) * Tensor(weights, shape: tensor.shape.dimensions).cast(to: dtype)).sum()
  }
}
