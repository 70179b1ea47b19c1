import Foundation

@testable import Tensors

/// How a row is computed.
enum EdgeBackend: Sendable, CaseIterable { case compiled, reference }

/// Where a row's values are wrong, or deliberately different in this library: the correct ones, and the reason.
struct EdgeDeviation: Sendable {
  /// Beginnings of the rows' names.
  let rows: [String]
  let parts: [EdgePart]
  /// The correct value: for gradients the derivative, which is multiplied with the weights.
  let right: Double
  let reason: String
  let backends: [EdgeBackend]
  /// From the index, and the values there of the inputs of the result's size.
  let concerns: @Sendable (_ index: Int, _ operands: [Double]) -> Bool

  init(
    _ rows: [String], _ parts: [EdgePart], _ right: Double, _ reason: String,
    in backends: [EdgeBackend] = EdgeBackend.allCases,
    where concerns: @escaping @Sendable (_ index: Int, _ operands: [Double]) -> Bool = { _, _ in true }
  ) {
    (self.rows, self.parts, self.right, self.reason, self.backends) = (rows, parts, right, reason, backends)
    self.concerns = concerns
  }
}

private let gelus = ["geluTanh, edges", "activation gelu,", "activation geluTanh,", "activation silu,"]
private let past = "a saturating function has a limit; PyTorch multiplies infinities by 0"
private let nan = "there is no derivative at NaN, which the value shows already"
private let ofNegative = "the power of a negative number has no gradient in the exponent"
private let (greatest, small) = (Double(Float.greatestFiniteMagnitude), Double(Float(1e-30)))
private let all: [EdgePart] = [.value, .gradient(0), .second(0)]

/// The first that applies to a value counts.
let edgeDeviations: [EdgeDeviation] = [
  EdgeDeviation(gelus + ["geluTanhDerivative"], all, 0, past) { $1[0] == -.infinity },
  EdgeDeviation(gelus, [.gradient(0)], 1, past) { $1[0] == .infinity },
  EdgeDeviation(gelus, [.second(0)], 0, past) { $1[0] == .infinity },
  EdgeDeviation(["geluTanhDerivative"], [.value], 1, past) { $1[0] == .infinity },
  EdgeDeviation(["geluTanhDerivative"], [.gradient(0), .second(0)], 0, past) { $1[0] == .infinity },
  EdgeDeviation(["erf"], [.second(0)], 0, past) { $1[0].isInfinite },

  EdgeDeviation(["relu, edges", "activation relu"], [.gradient(0)], 0, nan) { $1[0].isNaN },
  EdgeDeviation(["absolute"], [.gradient(0)], .nan, nan) { $1[0].isNaN },
  EdgeDeviation(["maximum, pairs", "minimum, pairs"], [.gradient(0), .gradient(1)], 0, nan) {
    $1[0].isNaN || $1[1].isNaN
  },

  EdgeDeviation(["power 0"], [.second(0)], 0, "x⁰ is constant, also where PyTorch multiplies infinities or NaN by 0") {
    $1[0] == 0 || $1[0].isNaN
  },
  EdgeDeviation(["power, pairs"], [.gradient(1)], 0, ofNegative, in: [.compiled]) {
    $1[0] < 0 && Float(pow($1[0], $1[1])).isFinite
  },
  EdgeDeviation(["power, pairs"], [.gradient(1)], 0, ofNegative, in: [.reference]) {
    $1[0] < 0 && pow($1[0], $1[1]).isFinite
  },
  EdgeDeviation(["power, pairs"], [.gradient(1)], 0, nan) { $1[0].isNaN && $1[1] == 0 },
  EdgeDeviation(["power, pairs"], [.gradient(1)], 0, "the power itself is denormal", in: [.compiled]) {
    $1[0] == greatest && $1[1] == -1
  },
  EdgeDeviation(["power, pairs"], [.gradient(0)], .nan, nan) { $1[0].isNaN && $1[1] == 0 },
  EdgeDeviation(
    ["divide, pairs"], [.second(1)], .nan, "terms past the range have both signs, or 1 / b is denormal", in: [.compiled]
  ) {
    [-2.5, small, -30, -greatest, .infinity, -.infinity].contains($1[0]) && $1[1] == small
      || $1[0].isInfinite && abs($1[1]) == greatest
  },

  EdgeDeviation(
    ["norm rows, one", "norm rows, equal", "norm columns, equal"], [.second(0)], 0,
    "the gradient at 0 is 0 and constant; PyTorch divides by 0"
  ) { $1[0] == 0 },
  EdgeDeviation(
    ["norm rows, equal", "norm rows, large", "norm columns, equal"], [.gradient(0)], 0,
    "a norm past the greatest number is infinite in float32, and x / ∞ is 0", in: [.compiled]
  ) { abs($1[0]) == greatest },
  EdgeDeviation(
    ["crossEntropy, no class", "mean crossEntropy, no class"], [.second(0)], 0,
    "the gradient of a row without a class is NaN whatever the logits are"
  ) { index, _ in index >= 2 },

  // A variance is a result of its own and past 3.4e38 infinite, so what is normalized by it is 0. PyTorch keeps the
  // deviation.
  EdgeDeviation(["batchNorm, past", "batchNorm, greatest"], [.value], 0.25, "infinite variance", in: [.compiled]) {
    index, _ in index % 2 == 0
  },
  EdgeDeviation(["batchNorm, past"], [.value], 1, "infinite variance", in: [.compiled]) {
    index, _ in index % 2 == 1
  },
  EdgeDeviation(["batchNorm, past"], [.gradient(1)], 0, "infinite variance", in: [.compiled]),
  EdgeDeviation(["batchNorm, greatest"], [.gradient(1)], 0, "infinite variance", in: [.compiled]) { index, _ in
    index == 0
  },

  EdgeDeviation(["relu layer, infinity", "relu layer, NaN"], [.second(1)], .nan, "a state of ∞ or NaN times 0") {
    index, _ in index < 2
  },

  EdgeDeviation(["acosh"], [.gradient(0)], .nan, "there is no derivative where there is no value") { $1[0] < 1 },
  EdgeDeviation(["digamma"], [.gradient(0)], .infinity, "a pole; PyTorch rounds its angle", where: isPole),
  EdgeDeviation(["polygamma"], [.value], .infinity, "a pole; PyTorch rounds its angle", where: isPole),
]

/// Whether the operand is a pole of the gamma function below 0.
@Sendable private func isPole(_ index: Int, _ operands: [Double]) -> Bool {
  operands[0] < 0 && operands[0].isFinite && operands[0] == operands[0].rounded(.down)
}

/// The definition of causal attention, which the interpreter and second gradients use, multiplies masked values by 0;
/// kernels do not.
private let leftOut = [
  "causal attention, infinite value", "causal attention, NaN in the last value",
  "causal attention, NaN in the last key", "causal attention, NaN in a query",
]

extension EdgeRow {
  /// The row's recorded values, corrected where they deviate.
  func expected(_ part: EdgePart, _ backend: EdgeBackend, weights: [Float]) -> [Double] {
    let recorded = recorded(part)
    let candidates = edgeDeviations.filter { deviation in
      deviation.parts.contains(part) && deviation.backends.contains(backend)
        && deviation.rows.contains { name.hasPrefix($0) }
    }
    return recorded.indices.map { index in
      let operands = operands(index, count: recorded.count)
      guard let deviation = candidates.first(where: { $0.concerns(index, operands) }) else { return recorded[index] }
      func weight(_ first: Int) -> Double { Double(weights[(first + index) % weights.count]) }
      return switch part {
      case .value: deviation.right
      case .gradient: deviation.right * weight(0)
      case .second(let input): deviation.right * weight(0) * weight(1 + input)
      }
    }
  }

  func isConcerned(by deviation: EdgeDeviation) -> Bool {
    guard deviation.rows.contains(where: { name.hasPrefix($0) }) else { return false }
    return EdgePart.all(of: self).filter(deviation.parts.contains).contains { part in
      let count = recorded(part).count
      return (0..<count).contains { deviation.concerns($0, operands($0, count: count)) }
    }
  }

  /// Values that are not compared.
  func isLeftOut(_ part: EdgePart, _ backend: EdgeBackend) -> Bool {
    guard leftOut.contains(name) else { return false }
    if case .second = part { return true }
    return backend == .reference
  }

  /// The values at an index of the inputs that are as long as a result; denormal ones as zero.
  func operands(_ index: Int, count: Int) -> [Double] {
    inputs.compactMap { input in
      if let floats = input.floats, floats.count == count { return Double(EdgeNumber.flushed(floats[index].value)) }
      if let ints = input.ints, ints.count == count { return Double(ints[index]) }
      return nil
    }
  }

  private func recorded(_ part: EdgePart) -> [Double] {
    switch part {
    case .value: value.map(\.value)
    case .gradient(let input): (gradients?[input] ?? []).map(\.value)
    case .second(let input): (second?[input] ?? []).map(\.value)
    }
  }
}
