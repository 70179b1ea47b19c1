// Other arrangements of the elements, of views and copies.
extension Tensor {
  /// The difference of each element along an axis from the one before it, `order` times; the axis shrinks by `order`. A
  /// negative axis counts from the end.
  public func differences(
    axis: Int = -1, order: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "differences")
      guard (0...Swift.min(shape[axis], 1024)).contains(order) else {
        throw TensorError("differences: axis \(axis) of \(shape) is too short for order \(order)")
      }
      return (0..<order).reduce(self) { x, _ in
        if x.failure != nil { return x }
        var (starts, sizes) = (x.shape.map { _ in 0 }, x.shape.dimensions)
        sizes[axis] -= 1
        let before = x.sliced(starts: starts, shape: Shape(sizes))
        starts[axis] = 1
        return x.sliced(starts: starts, shape: Shape(sizes)) - before
      }
    }
  }

  /// The slices along an axis, which they do not have; a negative axis counts from the end. One failed tensor where there
  /// is no such axis.
  public func unstacked(axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> [Tensor] {
    guard failure == nil, let axis = shape.normalized(axis) else {
      return [checked(CallSite(file, line)) { () throws(TensorError) in throw shape.noAxis(axis, for: "unstacked") }]
    }
    guard shape[axis] <= SliceBox.mostParts else {
      return [
        checked(CallSite(file, line)) { () throws(TensorError) in
          throw TensorError("unstacked: axis \(axis) of \(shape) has more than 2²⁰ parts; slice it, or keep the axis")
        }
      ]
    }
    return split(sizes: Array(repeating: 1, count: shape[axis]), axis: axis).prefix(shape[axis]).map {
      $0.squeezed(axes: [axis])
    }
  }

  /// With an axis in another place, the others in their order; negative ones count from the end.
  public func movedAxis(
    _ axis: Int, to place: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let (from, to) = (try shape.axis(axis, for: "movedAxis"), try shape.axis(place, for: "movedAxis"))
      var order = shape.indices.filter { $0 != from }
      order.insert(from, at: to)
      return permuted(order, file: file, line: line)
    }
  }

  /// Turned by quarters of a circle in the plane of two axes, from the first toward the second; negative axes count from
  /// the end.
  public func rotated90(
    _ turns: Int = 1, from first: Int = 0, to second: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let (a, b) = (try shape.axis(first, for: "rotated90"), try shape.axis(second, for: "rotated90"))
      guard a != b else { throw TensorError("rotated90: needs two axes of \(shape), not twice axis \(a)") }
      return switch ((turns % 4) + 4) % 4 {
      case 1: reversed(axes: [b]).transposed(a, b)
      case 2: reversed(axes: [a, b])
      case 3: reversed(axes: [a]).transposed(a, b)
      default: self
      }
    }
  }

  /// With an axis as several of these sizes, of which one may be −1; a negative axis counts from the end. The opposite of
  /// `flattened`.
  public func unflattened(
    axis: Int, to sizes: [Int], file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "unflattened")
      return reshaped(
        to: Shape(shape.dimensions[..<axis] + sizes + shape.dimensions[(axis + 1)...]), file: file, line: line)
    }
  }

  /// Windows that slide along an axis by `step`: the axis counts the windows, whose elements are a new last axis. A
  /// negative axis counts from the end. Elements are copied into each window that has them.
  public func windows(
    ofSize size: Int, along axis: Int = -1, step: Int = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "windows")
      guard size > 0, step > 0, size <= shape[axis] else {
        throw TensorError(
          "windows: size and step must be at least 1 and fit into axis \(axis) of \(shape), not \(size) and \(step)")
      }
      let count = (shape[axis] - size) / step + 1
      let starts = Tensor.iota([count, size], axis: 0) * .fill(Double(step), [], .int32)
      return take(starts + .iota([count, size], axis: 1), axis: axis).movedAxis(axis + 1, to: -1)
    }
  }
}
