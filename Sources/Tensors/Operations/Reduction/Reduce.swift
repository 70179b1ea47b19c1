import CKernels

enum Reduction: String, Hashable, Sendable, CaseIterable {
  case sum, maximum, minimum
  /// The mean, NaN of nothing, and the Euclidean norm: correct also where the sum or the squares are too large for a
  /// float.
  case mean, norm

  /// Whether whole numbers have one that is a whole number.
  var isForIntegers: Bool { self == .sum || self == .maximum || self == .minimum }
}

/// One number from all elements along some axes, which remain with size 1: sum, maximum, minimum, mean or norm.
struct Reduce: PrimitiveOperation {
  let kind: Reduction
  let axes: [Int]
  var name: String { kind.rawValue }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let dtype = operands[0].dtype
    guard dtype.isDifferentiable || dtype.isInteger && kind.isForIntegers else {
      throw needsArithmetic(operands, integers: kind.isForIntegers)
    }
    var shape = operands[0].shape
    for axis in axes {
      guard shape.indices.contains(axis) else { throw operands[0].shape.noAxis(axis, for: name) }
      guard kind != .maximum && kind != .minimum || operands[0].shape[axis] > 0 else {
        throw TensorError("\(name): axis \(axis) of \(operands[0].shape) is empty and has no \(kind.rawValue)")
      }
      shape.dimensions[axis] = 1
    }
    return [TensorType(shape, dtype)]
  }

  /// u of the sum, u / count of the mean, u x / |x| of the norm; equal greatest or least elements share u.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (x, y, u) = (step.operands[0], step.results[0], step.upstream)
    switch kind {
    case .sum: return [u.broadcast(to: x.shape)]
    case .mean:  // u / count
      let count = axes.reduce(1) { $0 * x.shape[$1] }
      return [(u * Tensor.fill(1 / Double(count))).broadcast(to: x.shape)]
    case .norm:  // x / |x|; 0 at 0, and constant there
      return [u * (x / Tensor.where(y.isNotZero, y, Tensor.fill(.infinity)))]
    case .maximum, .minimum:  // equal values share
      let mask = x.equal(to: y).cast(to: x.dtype)
      return [mask * (u / mask.sum(axes: axes, keepingAxes: true))]
    }
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(Reduce(kind: kind, axes: axes.map { $0 + 1 })) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let (shape, target) = (operands.shapes[0], operands.type.shape)
    let strides = target.rowMajorStrides
    let positions = offsets(shape, shape.indices.map { axes.contains($0) ? 0 : strides[$0] })
    func reduced<Element>(_ x: [Element], from first: Element, _ combine: (Element, Element) -> Element) -> [Element] {
      var y = [Element](repeating: first, count: target.elementCount)
      for (position, value) in zip(positions, x) { y[position] = combine(y[position], value) }
      return y
    }
    switch (kind, operands.arrays[0]) {
    case (.sum, .ints(let x)): return .ints(reduced(x, from: 0, &+))
    case (.maximum, .ints(let x)): return .ints(reduced(x, from: .min, max))
    case (.minimum, .ints(let x)): return .ints(reduced(x, from: .max, min))
    case (.maximum, .floats(let x)): return .floats(reduced(x, from: -.infinity) { $1 > $0 || $1.isNaN ? $1 : $0 })
    case (.minimum, .floats(let x)): return .floats(reduced(x, from: .infinity) { $1 < $0 || $1.isNaN ? $1 : $0 })
    case (.norm, let x): return .floats(reduced(x.floats, from: 0) { $0 + $1 * $1 }.map { $0.squareRoot() })
    case (.sum, let x): return .floats(reduced(x.floats, from: 0, +))
    case (.mean, let x):
      let count = Double(positions.count) / Double(target.elementCount)
      return .floats(reduced(x.floats, from: 0, +).map { $0 / count })
    }
  }

  /// Of one element the result is the element, or its magnitude.
  func rewritten(_ operands: [Int], in ir: inout IR) throws(TensorError) -> [Int]? {
    let shape = ir.types[operands[0]].shape
    guard axes.allSatisfy({ shape[$0] == 1 }) else { return nil }
    return kind == .norm ? try ir.add(Unary(Absolute.self), operands) : operands
  }

  /// One run of axes that are neighbors in memory at a time, the innermost first.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let source = try lowering.view(instruction.inputs[0])
    lowering.views[instruction.firstOutput] =
      reduceSpacedRows(source, in: &lowering) ?? reduce(source, in: &lowering)
  }

  private func reduce(_ source: View, in lowering: inout Lowering) -> View {
    var current = source.denseOrder == nil || source.shape.elementCount == 0 ? lowering.rowMajor(source) : source
    var left = Set(axes.filter { current.shape[$0] != 1 })
    while !left.isEmpty {
      let order = (current.denseOrder ?? Array(current.shape.indices)).filter { current.shape[$0] != 1 }
      guard let last = order.lastIndex(where: left.contains) else { break }
      var first = last
      while first > 0, left.contains(order[first - 1]) { first -= 1 }
      func product(_ axes: ArraySlice<Int>) -> Int { axes.reduce(1) { $0 * current.shape[$1] } }
      let (outer, count, inner) = (
        product(order[..<first]), product(order[first...last]), product(order[(last + 1)...])
      )
      var shape = current.shape
      for axis in order[first...last] {
        shape.dimensions[axis] = 1
        left.remove(axis)
      }
      let next = lowering.allocate(shape, current.dtype, order: current.denseOrder)
      let kernel = ReductionKernel(
        kind: kind, type: current.dtype, outer: outer, count: count, inner: inner, row: inner)
      lowering.emit(kernel, [current], [next])
      current = next
    }
    return current
  }

  /// Reduces all axes but the last of a value with gaps after its rows and nowhere else; nil for anything else.
  private func reduceSpacedRows(_ source: View, in lowering: inout Lowering) -> View? {
    let (rank, width) = (source.shape.rank, source.shape.last ?? 0)
    guard rank > 1, source.denseOrder == nil, Set(axes) == Set(0..<rank - 1), width >= 64,
      source.strides[rank - 1] == 1, let rows = source.reshaped(to: [source.shape.elementCount / width, width]),
      rows.strides[0] > width
    else { return nil }
    let y = lowering.allocate(Shape(source.shape.indices.map { $0 == rank - 1 ? width : 1 }), source.dtype)
    let kernel = ReductionKernel(
      kind: kind, type: source.dtype, outer: 1, count: rows.shape[0], inner: width, row: rows.strides[0])
    lowering.emit(kernel, [rows], [y])
    return y
  }
}

/// x[outer, count, inner] to y[outer, inner]; `row` elements from one of `count` to the next.
private struct ReductionKernel: PlainKernel {
  let kind: Reduction
  let type: DType
  let outer: Int, count: Int, inner: Int, row: Int

  var title: String { "\(kind.rawValue) \([outer, count, inner])" }
  var cost: Cost {
    Cost(flops: outer * count * inner, bytes: type.byteCount * outer * (count + 1) * inner)
  }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    // Nothing is reduced to nothing, however long the axis is.
    guard outer > 0, inner > 0 else { return }
    let code =
      switch kind {
      case .sum: BACKPROP_SUM
      case .maximum: BACKPROP_MAXIMUM
      case .minimum: BACKPROP_MINIMUM
      case .mean: BACKPROP_MEAN
      case .norm: BACKPROP_NORM
      }
    let (outer, count, inner, row) = (Int64(outer), Int64(count), Int64(inner), Int64(row))
    if type == .float32 {
      backprop_reduce(code, outer, count, inner, row, operands[0], operands[1])
    } else {
      backprop_plain_reduce(type.code, code, outer, count, inner, row, operands.start[0], operands.start[1])
    }
  }
}

extension Tensor {
  private func reduced(_ kind: Reduction, _ axes: [Int]?, _ keepingAxes: Bool, _ site: CallSite) -> Tensor {
    checked(site) { () throws(TensorError) in
      let axes = try shape.axes(axes, for: kind.rawValue)
      let result = Tensor.record(Reduce(kind: kind, axes: axes), [self], site)
      guard !keepingAxes, result.failure == nil else { return result }
      return result.reshaped(to: Shape(shape.indices.filter { !axes.contains($0) }.map { shape[$0] }))
    }
  }

  /// The sum over these axes, or over all; of integers it wraps around. Here as below, negative axes count from the end.
  public func sum(axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  { reduced(.sum, axes, keepingAxes, CallSite(file, line)) }

  /// The mean over these axes, or over all; NaN of nothing. Of bools it is the share that is true, in float32; whole
  /// numbers must be cast first.
  public func mean(axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  { (dtype == .bool ? cast(to: .float32) : self).reduced(.mean, axes, keepingAxes, CallSite(file, line)) }

  /// The Euclidean norm √Σ x² over these axes, or over all.
  ///
  /// Neither large nor small elements overflow or underflow it, as long as the norm itself is in the range of a float.
  /// The gradient is x / |x|, and 0 where the norm is 0: a subgradient, as PyTorch takes it.
  public func norm(axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  { reduced(.norm, axes, keepingAxes, CallSite(file, line)) }

  /// The greatest over these axes, or over all; NaN where any is. Equal values share the gradient.
  public func max(axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  { reduced(.maximum, axes, keepingAxes, CallSite(file, line)) }

  /// The least over these axes, or over all; NaN where any is. Equal values share the gradient.
  public func min(axes: [Int]? = nil, keepingAxes: Bool = false, file: StaticString = #fileID, line: UInt = #line)
    -> Tensor
  { reduced(.minimum, axes, keepingAxes, CallSite(file, line)) }
}
