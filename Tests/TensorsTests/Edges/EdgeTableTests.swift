import Testing

@testable import Tensors

/// Every operation at the edges of float32, as compiled plan and by the reference interpreter in float64: value, first
/// and second gradient against PyTorch's, or against the correct values in `edgeDeviations`.
@Suite struct EdgeTableTests {
  @Test(arguments: try EdgeFixture.read.get().rows)
  func operationsAtTheEdges(_ row: EdgeRow) throws {
    let function = try #require(edgeOperations[row.operation], "no operation of this name")
    let fixture = try EdgeFixture.read.get()
    let compiled = EdgeResults(of: row, at: row.inputs.map(\.tensor), weights: fixture.weights, function)
    let referred = EdgeResults(of: row, at: row.inputs.map(\.flushed), weights: fixture.weights, function)
    for part in EdgePart.all(of: row) {
      let tensor = try #require(compiled[part], "\(part)")
      let reference = try ReferenceInterpreter().evaluate([try #require(referred[part])])[0]
      if case .value = part { #expect(tensor.shape.dimensions == row.shape) }
      if tensor.dtype == .int32 {
        let found = try tensor.values(as: Int32.self).map { Double($0) }
        #expect(found == row.expected(part, .compiled, weights: fixture.weights), "\(part), compiled")
        #expect(reference.floats == row.expected(part, .reference, weights: fixture.weights), "\(part), reference")
      } else {
        let differing = row.differences(
          try tensor.numbers().map { Float($0) }, part, .compiled, weights: fixture.weights)
        #expect(differing == [], "\(part), compiled")
        let rounded = reference.floats.map(EdgeNumber.flushed)
        let differingReference = row.differences(rounded, part, .reference, weights: fixture.weights)
        #expect(differingReference == [], "\(part), reference")
      }
    }
  }
}

/// The parts of a row that are compared; gradients by the index among the inputs of floats.
enum EdgePart: Hashable, CustomStringConvertible {
  case value
  case gradient(Int)
  case second(Int)

  static func all(of row: EdgeRow) -> [EdgePart] {
    [.value] + (row.gradients ?? []).indices.map { .gradient($0) } + (row.second ?? []).indices.map { .second($0) }
  }

  var description: String {
    switch self {
    case .value: "value"
    case .gradient(let input): "gradient \(input)"
    case .second(let input): "second gradient \(input)"
    }
  }
}

/// The tensors of a row's parts.
struct EdgeResults {
  private var parts: [EdgePart: Tensor] = [:]

  init(of row: EdgeRow, at inputs: [Tensor], weights: [Float], _ function: ([Tensor]) -> Tensor) {
    func weighted(_ x: Tensor, from first: Int) -> Tensor {
      let numbers = (0..<x.shape.elementCount).map { weights[(first + $0) % weights.count] }
      return ((x.dtype == .bool ? x.cast(to: .float32) : x) * Tensor(numbers, shape: x.shape.dimensions)).sum()
    }
    let value = function(inputs)
    parts[.value] = value
    guard row.gradients != nil else { return }
    let leaves = inputs.filter { $0.dtype == .float32 }
    func differentiated(_ loss: Tensor) -> [Tensor] {
      zip(leaves, gradients(of: loss, withRespectTo: leaves)).map { leaf, gradient in gradient ?? .zeros(leaf.shape) }
    }
    let first = differentiated(weighted(value, from: 0))
    for (index, gradient) in first.enumerated() { parts[.gradient(index)] = gradient }
    guard row.second != nil else { return }
    let sum = first.enumerated().reduce(Tensor.zeros([])) { $0 + weighted($1.element, from: 1 + $1.offset) }
    for (index, gradient) in differentiated(sum).enumerated() { parts[.second(index)] = gradient }
  }

  subscript(_ part: EdgePart) -> Tensor? { parts[part] }
}

extension EdgeRow: CustomTestStringConvertible {
  var testDescription: String { name }

  /// The values that are wrong.
  fileprivate func differences(_ found: [Float], _ part: EdgePart, _ backend: EdgeBackend, weights: [Float]) -> [String]
  {
    let expected = expected(part, backend, weights: weights)
    if isLeftOut(part, backend) { return [] }
    guard found.count == expected.count else { return ["\(found.count) values instead of \(expected.count)"] }
    return found.indices.compactMap { index in
      let (a, b) = (Double(found[index]), expected[index])
      if a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 4e-6 * abs(b) + slack(part) { return nil }
      return "\(place(index, found.count)): \(a) instead of \(b)"
    }
  }

  /// Numbers below the least normal one may be 0. Derivatives of saturating functions are differences such as 1 −
  /// tanh², and sums have the error of their terms.
  fileprivate func slack(_ part: EdgePart) -> Double {
    let saturating: Set = ["tanh", "sigmoid", "erf", "geluTanh", "geluTanhDerivative"]
    if saturating.contains(operation) { return part == .value ? 2e-38 : 1e-6 }
    return (Unary.allCases.map(\.name) + Binary.allCases.map(\.name)).contains(operation) ? 2e-38 : 1e-6
  }

  /// The operands where they are element by element, or the index.
  fileprivate func place(_ index: Int, _ count: Int) -> String {
    let operands = operands(index, count: count)
    return operands.count == inputs.count ? "at \(operands)" : "element \(index)"
  }
}
