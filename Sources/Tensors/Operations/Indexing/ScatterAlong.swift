import CKernels

/// A tensor whose elements that indices name along an axis are set to others, or combined with them.
///
/// operands: x [..., n, ...], indices int32 [..., m, ...], equal on the other axes, updates of the indices' shape → the
/// type of x; indices outside the axis are ignored.
struct ScatterAlong: PrimitiveOperation {
  enum Kind: String, Hashable, Sendable, CaseIterable { case set, add, maximum, minimum }

  let axis: Int
  let kind: Kind
  var name: String { "scatter along" }

  func types(of operands: [TensorType]) throws(TensorError) -> [TensorType] {
    let (x, indices, updates) = (operands[0], operands[1], operands[2])
    guard x.shape.indices.contains(axis) else { throw x.shape.noAxis(axis, for: name) }
    guard x.dtype == updates.dtype, x.dtype != .bool else {
      throw wrongType([x, updates], needs: "numbers of one type", hint: "use cast(to:)")
    }
    guard kind == .set || x.dtype.hasArithmetic else { throw needsArithmetic([x], integers: true) }
    guard indices.dtype == .int32, indices.shape.fits(x.shape, but: axis), updates.shape == indices.shape else {
      throw TensorError(
        "\(name): needs int32 indices of the shape \(x.shape) but for axis \(axis), and updates of their shape, not "
          + "\(indices) and \(updates)")
    }
    return [x]
  }

  /// u of x, and u at the indices of the updates, each where it is in the result; equal extremes share it.
  func gradients(_ step: BackwardStep) -> [Tensor?] {
    let (x, indices, updates, u) = (step.operands[0], step.operands[1], step.operands[2], step.upstream)
    let zero = Tensor.fill(0, [], u.dtype)
    func chosen(_ all: Tensor) -> Tensor { .record(GatherAlong(axis: axis), [all, indices]) }
    let isInside =
      Tensor.fill(-1, [], .int32).less(than: indices)
      .& indices.less(than: .fill(Double(x.shape[axis]), [], .int32))
    switch kind {
    case .add: return [u, nil, Tensor.where(isInside, chosen(u), zero)]
    case .set:  // of several updates of one element the last one counts
      let numbers = Tensor.iota(indices.shape, axis: axis)
      let last = Tensor.record(self, [Tensor.fill(-1, x.shape, .int32), indices, numbers])
      let isKept = last.equal(to: .fill(-1, [], .int32))
      return [
        Tensor.where(isKept, u, zero), nil, Tensor.where(isInside .& chosen(last).equal(to: numbers), chosen(u), zero),
      ]
    case .maximum, .minimum:
      let y = step.results[0]
      let (isOld, isNew) = (x.equal(to: y).cast(to: u.dtype), updates.equal(to: chosen(y)).cast(to: u.dtype))
      let count = Tensor.record(ScatterAlong(axis: axis, kind: .add), [isOld, indices, isNew])
      return [isOld * (u / count), nil, Tensor.where(isInside, isNew * chosen(u / count), zero)]
    }
  }

  func mapped(_ step: MappedStep) -> [Tensor]? { step.batched(ScatterAlong(axis: axis + 1, kind: kind)) }

  func reference(_ operands: ReferenceOperands) -> HostArray {
    let places = places(operands.arrays[1].ints, operands.shapes[1], in: operands.shapes[0], along: axis)
    func scattered<Element>(
      _ x: [Element], _ updates: [Element], _ add: (Element, Element) -> Element,
      _ isGreater: (Element, Element) -> Bool, _ isLess: (Element, Element) -> Bool
    ) -> [Element] {
      var y = x
      for (place, update) in zip(places, updates) {
        guard let place else { continue }
        switch kind {
        case .set: y[place] = update
        case .add: y[place] = add(y[place], update)
        case .maximum: if isGreater(update, y[place]) { y[place] = update }
        case .minimum: if isLess(update, y[place]) { y[place] = update }
        }
      }
      return y
    }
    return switch (operands.arrays[0], operands.arrays[2]) {
    case (.ints(let x), .ints(let updates)): .ints(scattered(x, updates, &+, >, <))
    case (let x, let updates):
      .floats(scattered(x.floats, updates.floats, +, { $0 > $1 || $0.isNaN }, { $0 < $1 || $0.isNaN }))
    }
  }

  /// Over a copy of x.
  func lower(_ instruction: IR.Instruction, in lowering: inout Lowering) throws(TensorError) {
    let indices = try lowering.contiguous(instruction.inputs[1])
    let updates = try lowering.contiguous(instruction.inputs[2])
    let target = lowering.copy(try lowering.view(instruction.inputs[0]))
    lowering.views[instruction.firstOutput] = target
    let kernel = ScatterAlongKernel(
      type: target.dtype, kind: kind, size: target.shape[axis], lines: AxisLines(indices.shape, axis))
    lowering.emit(kernel, [indices, updates], [target])
  }
}

private struct ScatterAlongKernel: PlainKernel {
  let type: DType
  let kind: ScatterAlong.Kind
  let size: Int
  let lines: AxisLines

  var title: String { "scatter (\(kind)) \(lines) to \(size)\(type.suffix)" }
  var cost: Cost { Cost(flops: lines.elementCount, bytes: lines.elementCount * (3 * type.byteCount + 4)) }
  var threading: Threading { .bySize(cost) }

  func run(_ operands: KernelOperands) {
    let code =
      switch kind {
      case .set: BACKPROP_SCATTER_SET
      case .add: BACKPROP_SCATTER_ADD
      case .maximum: BACKPROP_SCATTER_MAXIMUM
      case .minimum: BACKPROP_SCATTER_MINIMUM
      }
    backprop_scatter_along(
      type.code, Int64(type.byteCount), code, Int64(lines.outer), Int64(size), Int64(lines.count), Int64(lines.inner),
      operands.ints(0), operands.start[1], operands.start[2])
  }
}

/// What becomes of an element that indices name: see `Tensor.scatter`.
public enum ScatterMode: Hashable, Sendable {
  /// It is replaced; of several updates the last one counts.
  case set
  /// The updates are added to it.
  case add
  /// It becomes the mean of itself and its updates.
  case mean
  /// It becomes the greatest of itself and its updates; NaN where one is. Equal ones share the gradient.
  case max
  /// It becomes the least, likewise.
  case min
}

extension Tensor {
  /// This tensor with elements that int32 indices name along an axis set to `updates`, or combined with them: y[i,
  /// indices[i, j, k], k] = updates[i, j, k] for the middle axis of three. The transpose of `gather`.
  ///
  /// Indices have the tensor's shape but for the axis, where there may be any number of them, and `updates` have theirs.
  /// A negative axis counts from the end; indices outside the axis are ignored. Updates of one element are applied in
  /// their order, so results have the same bits however many threads there are.
  public func scatter(
    _ updates: Tensor, at indices: Tensor, along axis: Int, mode: ScatterMode = .set, file: StaticString = #fileID,
    line: UInt = #line
  ) -> Tensor {
    let (site, axis) = (CallSite(file, line), shape.normalized(axis) ?? axis)
    func scattered(_ x: Tensor, _ updates: Tensor, _ kind: ScatterAlong.Kind) -> Tensor {
      .record(ScatterAlong(axis: axis, kind: kind), [x, indices, updates], site)
    }
    switch mode {
    case .set:
      guard failure == nil, dtype == .bool else { return scattered(self, updates, .set) }
      return scattered(cast(to: .uint8), updates.cast(to: .uint8), .set).cast(to: .bool)
    case .add: return scattered(self, updates, .add)
    case .max: return scattered(self, updates, .maximum)
    case .min: return scattered(self, updates, .minimum)
    case .mean:
      return checked(site) { () throws(TensorError) in
        guard dtype.isDifferentiable else {
          throw TensorError("scatter: a mean needs float32 or float64, not \(type); use cast(to: .float32) first")
        }
        let ones = Tensor.fill(1, updates.shape, dtype)
        return scattered(self, updates, .add) / scattered(.fill(1, shape, dtype), ones, .add)
      }
    }
  }
}
