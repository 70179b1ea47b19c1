/// What stands in a tensor's subscript for an axis: an integer, a range, `.newAxis`, `.ellipsis` or `.stride(…)`.
public protocol TensorIndex: Sendable {
  /// What it selects.
  var axisIndex: AxisIndex { get }
}

/// What a subscript selects of an axis.
public struct AxisIndex: TensorIndex, Hashable {
  enum Kind: Hashable {
    /// One element; the axis is removed.
    case element(Int)
    /// From a bound up to, but without, another one. `nil`: from the end that the step comes from, or to the other one.
    case range(from: Int?, to: Int?, step: Int)
    /// A new axis of size 1.
    case new
    /// All axes that the other indices leave.
    case rest
  }

  let kind: Kind
  init(_ kind: Kind) { self.kind = kind }

  public var axisIndex: AxisIndex { self }

  /// Whether it stands for one axis of the tensor.
  var takesAxis: Bool { kind != .new && kind != .rest }
}

extension TensorIndex where Self == AxisIndex {
  /// A new axis of size 1.
  public static var newAxis: AxisIndex { AxisIndex(.new) }

  /// As many whole axes as the other indices leave. There may be one in a subscript.
  public static var ellipsis: AxisIndex { AxisIndex(.rest) }

  /// Every `step`-th element from `start` up to, but without, `end`, as NumPy's `start:end:step`.
  ///
  /// Without `start` it begins at the end that the step comes from, and without `end` it runs to the other one:
  /// `.stride(by: 2)` is every second element, `.stride(by: -1)` all in the opposite order.
  public static func stride(from start: Int? = nil, to end: Int? = nil, by step: Int = 1) -> AxisIndex {
    AxisIndex(.range(from: start, to: end, step: step))
  }
}

extension Int: TensorIndex {
  public var axisIndex: AxisIndex { AxisIndex(.element(self)) }
}

extension Range: TensorIndex where Bound == Int {
  public var axisIndex: AxisIndex { AxisIndex(.range(from: lowerBound, to: upperBound, step: 1)) }
}

extension ClosedRange: TensorIndex where Bound == Int {
  public var axisIndex: AxisIndex { AxisIndex(.range(from: lowerBound, to: after(upperBound), step: 1)) }
}

extension PartialRangeFrom: TensorIndex where Bound == Int {
  public var axisIndex: AxisIndex { AxisIndex(.range(from: lowerBound, to: nil, step: 1)) }
}

extension PartialRangeUpTo: TensorIndex where Bound == Int {
  public var axisIndex: AxisIndex { AxisIndex(.range(from: nil, to: upperBound, step: 1)) }
}

extension PartialRangeThrough: TensorIndex where Bound == Int {
  public var axisIndex: AxisIndex { AxisIndex(.range(from: nil, to: after(upperBound), step: 1)) }
}

/// The bound behind an element; behind the last one, which is -1, there is the end.
private func after(_ element: Int) -> Int? { element == -1 ? nil : element.plus(1) }
