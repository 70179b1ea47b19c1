// Movement of elements, and reductions.

extension Tensor {
  /// The same elements in row-major order under another shape; at most one size may be −1 and is then inferred.
  public func reshaped(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if failure != nil || shape == self.shape { return self }
    var shape = shape
    if let open = shape.firstIndex(of: -1) {
      let known = Shape(shape.dimensions.enumerated().filter { $0.offset != open }.map(\.element)).elementCount
      shape.dimensions[open] = known > 0 ? self.shape.elementCount / known : 0
    }
    if let flaw = shape.flaw { return .failed(TensorError("reshape: \(flaw)", callSite: CallSite(file, line))) }
    return .record(.reshape(shape), [self], CallSite(file, line))
  }

  /// All axes from `axis` on as one; a negative axis counts from the end.
  public func flattened(from axis: Int = 0, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if failure != nil { return self }
    guard let axis = axis == shape.rank ? axis : shape.normalized(axis) else {
      return .failed(TensorError("flattened: \(shape) has no axis \(axis)", callSite: CallSite(file, line)))
    }
    let kept = shape.dimensions.prefix(axis)
    return reshaped(to: Shape(kept + [shape.dimensions.dropFirst(axis).reduce(1, *)]), file: file, line: line)
  }

  /// The axes in another order: axis i of the result is axis `order[i]`; negative ones count from the end.
  public func permuted(_ order: [Int], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(.permute(order.map { shape.normalized($0) ?? $0 }), [self], CallSite(file, line))
  }

  /// The last two axes exchanged.
  public var transposed: Tensor {
    if failure != nil { return self }
    guard shape.rank >= 2 else { return .failed(TensorError("transposed: \(shape) has fewer than two axes")) }
    return permuted(Array(0..<(shape.rank - 2)) + [shape.rank - 1, shape.rank - 2])
  }

  public func broadcast(to shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    shape == self.shape ? self : .record(.broadcast(shape), [self], CallSite(file, line))
  }

  /// The box of this shape that begins at `starts`.
  public func sliced(starts: [Int], shape: Shape, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(.slice(starts: starts, shape), [self], CallSite(file, line))
  }

  public func padded(
    before: [Int], after: [Int], with value: Float = 0, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard dtype == .float32 || Int32(exactly: value) != nil else {
      return .failed(TensorError("padded: \(value) is no int32 number", callSite: CallSite(file, line)))
    }
    return .record(.pad(before: before, after: after, Constant(Double(value))), [self], CallSite(file, line))
  }

  /// Joined along an axis; a negative one counts from the end.
  public static func concatenated(
    _ tensors: [Tensor], axis: Int, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let shape = tensors.first?.shape ?? []
    return .record(.concatenate(axis: shape.normalized(axis) ?? axis), tensors, CallSite(file, line))
  }

  private func axes(_ axes: [Int]?) -> [Int] {
    Set((axes ?? Array(shape.indices)).map { shape.normalized($0) ?? $0 }).sorted()
  }

  private func reduced(_ kind: Reduction, _ axes: [Int]?, _ keepingAxes: Bool, _ site: CallSite) -> Tensor {
    if failure != nil { return self }
    let axes = self.axes(axes)
    let result = Tensor.record(.reduce(kind, axes: axes), [self], site)
    guard !keepingAxes, result.failure == nil else { return result }
    return result.reshaped(to: Shape(shape.indices.filter { !axes.contains($0) }.map { shape[$0] }))
  }

  /// The sum over these axes, or over all. Here as below, negative axes count from the end.
  public func sum(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    reduced(.sum, axes, keepingAxes, CallSite(file, line))
  }

  /// The mean over these axes, or over all; NaN of nothing.
  public func mean(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    reduced(.mean, axes, keepingAxes, CallSite(file, line))
  }

  /// √Σ x² over all elements: []. Neither large nor small elements overflow or underflow it, as long as the norm itself
  /// is in the range of a float.
  package func euclideanNorm() -> Tensor { reduced(.norm, nil, false, CallSite(#fileID, #line)) }

  /// The greatest over these axes. Equal values share the gradient.
  public func max(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    reduced(.maximum, axes, keepingAxes, CallSite(file, line))
  }

  public func min(
    axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    reduced(.minimum, axes, keepingAxes, CallSite(file, line))
  }

  /// The position of the first greatest element along an axis, as int32; the axis is removed.
  public func argmax(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(.argmax(axis: shape.normalized(axis) ?? axis), [self], CallSite(file, line))
  }
}
