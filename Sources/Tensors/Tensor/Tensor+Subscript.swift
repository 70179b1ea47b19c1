extension Tensor {
  /// A part of a tensor, as NumPy's basic indexing: an index for each axis, the first ones first.
  ///
  /// ```swift
  /// let row = x[0]  // the first row: an integer removes its axis
  /// let block = x[1..., .newAxis, ..<3]  // all rows but the first, a new axis, the first three columns
  /// let last = x[.ellipsis, -1]  // the last element along the last axis
  /// let backward = x[.stride(from: 8, to: 2, by: -2)]  // rows 8, 6 and 4
  /// ```
  ///
  /// Axes without an index are whole. Negative numbers count from the end, in ranges too; a range that ends before it
  /// begins is empty. Unlike NumPy's, ranges are not clamped: each bound must lie in the tensor, as in Swift's arrays,
  /// since a bound outside is a mistake more often than not. `2...` and `..<(-1)` reach an end without naming it; Swift
  /// needs the parentheses of `(-2)...`, too.
  ///
  /// Reading only. The gradient is 0 where nothing was read. Positive steps of whole tensors are another view of the
  /// memory or a copy; negative ones are copied.
  public subscript(_ indices: any TensorIndex..., file file: StaticString = #fileID, line line: UInt = #line) -> Tensor
  {
    checked(CallSite(file, line)) { () throws(TensorError) in try selected(indices.map(\.axisIndex), file, line) }
  }

  private func selected(_ indices: [AxisIndex], _ file: StaticString, _ line: UInt) throws(TensorError) -> Tensor {
    let named = indices.count(where: \.takesAxis)
    guard named <= shape.rank else {
      throw TensorError("subscript: \(named) indices are too many for \(shape), which has \(shape.rank) axes")
    }
    guard indices.count(where: { $0.kind == .rest }) <= 1 else {
      throw TensorError("subscript: there can be one ellipsis, since several would be ambiguous")
    }
    let whole = AxisIndex(.range(from: nil, to: nil, step: 1))
    let rest = Array(repeating: whole, count: shape.rank - named)
    let isOpen = indices.contains { $0.kind == .rest }
    var runs: [AxisRun] = []
    var sizes: [Int] = []
    for index in isOpen ? indices.flatMap({ $0.kind == .rest ? rest : [$0] }) : indices + rest {
      switch index.kind {
      case .rest: break
      case .new: sizes.append(1)
      case .element(let position):
        runs.append(try AxisRun(element: position, runs.count, of: shape))
      case .range(let start, let end, let step):
        let run = try AxisRun(from: start, to: end, step: step, runs.count, of: shape)
        runs.append(run)
        sizes.append(run.count)
      }
    }
    return part(runs).reshaped(to: Shape(sizes), file: file, line: line)
  }

  /// The elements that are read along each axis, in their order.
  private func part(_ runs: [AxisRun]) -> Tensor {
    let box = Shape(runs.map(\.span))
    var result = box == shape ? self : sliced(starts: runs.map(\.lowest), shape: box)
    let reversed = runs.indices.filter { runs[$0].isReversed }
    if !reversed.isEmpty { result = result.reversed(axes: reversed) }
    for (axis, run) in runs.enumerated() where run.step > 1 {
      result = result.everyNth(run.step, count: run.count, axis: axis)
    }
    return result
  }

  /// `count` elements along an axis, `step` apart, from the first on: the first column of a table with `step` columns,
  /// for which elements are added where the last row lacks some.
  private func everyNth(_ step: Int, count: Int, axis: Int) -> Tensor {
    let missing = step * count - shape[axis]
    let none = shape.map { _ in 0 }
    let filled =
      missing > 0 ? padded(before: none, after: shape.indices.map { $0 == axis ? missing : 0 }) : self
    var (outer, inner) = (Array(shape[0..<axis]), Array(shape[axis + 1..<shape.rank]))
    let sizes = Shape(outer + [count] + inner)
    // The table has one axis more. Where there are as many as there can be, the others are merged.
    if shape.rank == Shape.maximumRank { (outer, inner) = ([outer.reduce(1, *)], [inner.reduce(1, *)]) }
    let column = Shape(outer + [count, 1] + inner)
    return filled.reshaped(to: Shape(outer + [count, step] + inner))
      .sliced(starts: column.map { _ in 0 }, shape: column).reshaped(to: sizes)
  }
}

/// The elements of an axis that a subscript reads: `count` of them, `step` apart, in a box that reaches from the lowest
/// position on over `span` elements.
private struct AxisRun {
  var lowest: Int
  var span: Int
  var count: Int
  var step = 1
  var isReversed = false

  init(element: Int, _ axis: Int, of shape: Shape) throws(TensorError) {
    let size = shape[axis]
    let position = element < 0 ? element + size : element
    guard 0..<size ~= position else {
      let valid = size == 0 ? "it is empty" : "\(-size) to \(size - 1) are valid"
      throw TensorError("subscript: \(element) is out of range for axis \(axis) of \(shape): \(valid)")
    }
    (lowest, span, count) = (position, 1, 1)
  }

  init(from start: Int?, to end: Int?, step signedStep: Int, _ axis: Int, of shape: Shape) throws(TensorError) {
    let size = shape[axis]
    guard signedStep != 0 else { throw TensorError("subscript: the step along axis \(axis) of \(shape) must not be 0") }
    func position(_ bound: Int) throws(TensorError) -> Int {
      let position = bound < 0 ? bound + size : bound
      guard 0...size ~= position else {
        throw TensorError(
          "subscript: the bound \(bound) is out of range for axis \(axis) of \(shape): \(-size) to \(size) are valid")
      }
      return position
    }
    let isBackwards = signedStep < 0
    var first = isBackwards ? size - 1 : 0
    // Backwards, nothing begins behind the last element.
    if let start { first = min(try position(start), isBackwards ? size - 1 : size) }
    var last = isBackwards ? -1 : size
    if let end { last = try position(end) }
    let distance = isBackwards ? first - last : last - first
    let step = min(Int(clamping: signedStep.magnitude), max(distance, 1))
    count = distance > 0 ? (distance - 1) / step + 1 : 0
    // Whole steps, as far as there are elements, spare `everyNth` a copy.
    let (reach, room) = ((count - 1) * step + 1, isBackwards ? first + 1 : size - first)
    span = count == 0 ? 0 : count * step <= room ? count * step : reach
    lowest = count == 0 ? 0 : isBackwards ? first - span + 1 : first
    if count > 1 { (self.step, isReversed) = (step, isBackwards) } else { span = count }
    if count == 1 { lowest = first }
  }
}
