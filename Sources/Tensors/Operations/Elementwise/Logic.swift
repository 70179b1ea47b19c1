// Logic with bools: a bool is 0 or 1, so that "and" is a product and "or" a maximum. Named as the operators of SIMD masks.

extension Tensor {
  /// Where both are true. Operands broadcast.
  public static func .& (a: Tensor, b: Tensor) -> Tensor { logic("and", [a, b]) { a.binary(Multiply.self, b) } }
  /// Where one is true, or both.
  public static func .| (a: Tensor, b: Tensor) -> Tensor { logic("or", [a, b]) { a.binary(Maximum.self, b) } }
  /// Where one is true and the other is not.
  public static func .^ (a: Tensor, b: Tensor) -> Tensor {
    logic("exclusive or", [a, b]) { .!a.binary(Equal.self, b) }
  }
  /// Where it is false.
  public static prefix func .! (a: Tensor) -> Tensor {
    logic("not", [a]) { .record(Binary(Equal.self), [a, .fill(0, [], .bool)]) }
  }

  /// Whether any element along these axes is true, or of all; negative axes count from the end. Nothing is true of none.
  public func any(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.logic("any", [self]) { cast(to: .int32).sum(axes: axes, keepingAxes: keepingAxes, file: file, line: line) }
      .cast(to: .bool)
  }

  /// Whether all elements along these axes are true, or all of them.
  public func all(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .!Tensor.logic("all", [self]) { (.!self).any(axes: axes, keepingAxes: keepingAxes, file: file, line: line) }
  }

  private static func logic(_ name: String, _ operands: [Tensor], _ body: () -> Tensor) -> Tensor {
    if let failed = operands.first(where: { $0.failure != nil }) { return failed }
    guard operands.allSatisfy({ $0.dtype == .bool }) else {
      let types = operands.map(\.type.description).joined(separator: " and ")
      return .failed(TensorError("\(name): needs bool, not \(types); compare first, or cast(to: .bool)"))
    }
    return body()
  }
}
