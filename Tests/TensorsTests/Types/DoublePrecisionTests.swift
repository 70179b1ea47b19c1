import Testing

@testable import Tensors

/// Every operation in float64, by the plain kernels, against the reference interpreter: value, first and second gradient
/// to twelve digits.
@Suite struct DoublePrecisionTests {
  @Test(arguments: operationCases) func operationsMatchTheReference(_ operation: OperationCase) throws {
    let inputs = operation.doubleInputs(seed: 3)
    let value = operation.function(inputs)
    try expectSame([value], operation, "value")
    guard value.dtype == .float64 else { return }
    let first = gradients(of: value.square().sum(), withRespectTo: inputs).compactMap(\.self)
    try expectSame(first, operation, "gradient")
    let sum = first.reduce(Tensor.fill(0)) { $0 + $1.square().sum() }
    guard !first.isEmpty else { return }
    let second = gradients(of: sum, withRespectTo: inputs).compactMap(\.self)
    try expectSame(second, operation, "second gradient")
  }

  private func expectSame(_ tensors: [Tensor], _ operation: OperationCase, _ part: String) throws {
    for tensor in tensors {
      #expect(tensor.dtype == .float64 || !tensor.dtype.isFloatingPoint || operation.isMask, "\(part): \(tensor.dtype)")
      let found = try tensor.numbers()
      let expected = try ReferenceInterpreter().evaluate([tensor])[0].floats
      #expect(found.count == expected.count)
      // Relative to the greatest element: sums may cancel.
      let scale = expected.reduce(0) { $1.isFinite ? max($0, abs($1)) : $0 }
      let different = zip(found, expected).first { a, b in
        !(a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 1e-12 * scale)
      }
      #expect(different == nil, "\(part)")
    }
  }
}

extension OperationCase {
  /// Whether it is a comparison, whose result is a mask as float32.
  fileprivate var isMask: Bool {
    Binary.allCases.contains { $0.function.isComparison && name.hasPrefix($0.name) }
  }
}
