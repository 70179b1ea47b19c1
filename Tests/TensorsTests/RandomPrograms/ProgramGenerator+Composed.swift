@testable import Tensors

// Methods that record several operations: what users write, and what simplification and fusion meet in combination.
extension ProgramGenerator {
  mutating func addComposed() {
    let ways: [(inout ProgramGenerator) -> Void] = [
      { $0.addOrder() }, { $0.addScan() }, { $0.addRearrangement() }, { $0.addIndexed() }, { $0.addEinsum() },
      { $0.addMatrices() }, { $0.addSignal() }, { $0.addResized() }, { $0.addWindowed() }, { $0.addTransformed() },
    ]
    one(of: ways)(&self)
  }

  /// A method of values, with this bound of its results.
  @discardableResult
  private mutating func compose(
    _ name: String, _ inputs: [Value], magnitude: Double, isExact: Bool = false, isDifferentiable: Bool = true,
    _ function: @escaping @Sendable ([Tensor]) -> [Tensor]
  ) -> Value? {
    let results = function(inputs.map { .zeros(shape($0), dtype: type($0).dtype) })
    guard results.allSatisfy({ $0.failure == nil && $0.shape.elementCount <= 1 << 13 }) else { return nil }
    let step = ComposedStep(name: name, isDifferentiable: isDifferentiable, function: function)
    let known = Bounds(magnitude: magnitude, isExact: isExact && magnitude <= 1_048_576)
    return add(.composed(step, inputs), results.map { TensorType($0.shape, $0.dtype) }, results.map { _ in known })
  }

  /// A value, and an axis of it.
  private mutating func lines(exact: Bool = false) -> (Value, axis: Int)? {
    let x = exact ? exactFloat(rank: 1...4) : anyFloat(rank: 1...4)
    return shape(x).rank > 0 ? (x, int(-shape(x).rank...shape(x).rank - 1)) : nil
  }

  /// Ties and near ties have another order where numbers are rounded, so these are exact.
  private mutating func addOrder() {
    guard let (x, axis) = lines(exact: true) else { return }
    let (known, descending) = (bounds(x), chance(0.5))
    let count = int(0...Swift.max(shape(x)[axis], 1))
    switch int(0...4) {
    case 0:
      compose("sorted", [x], magnitude: known.magnitude, isExact: true) {
        [$0[0].sorted(axis: axis, descending: descending)]
      }
    case 1:
      compose("topK of \(count)", [x], magnitude: Swift.max(known.magnitude, 8), isExact: true, isDifferentiable: false)
      {
        let (values, indices) = $0[0].topK(count, axis: axis, largest: descending)
        return [values, indices]
      }
    case 2: compose("median", [x], magnitude: known.magnitude) { [$0[0].median(axis: axis)] }
    case 3:
      let share = Double(int(0...8)) / 8
      compose("quantile \(share)", [x], magnitude: known.magnitude) {
        [$0[0].quantile(share, axis: axis, keepingAxis: descending)]
      }
    default:
      compose("kthLeast", [x], magnitude: known.magnitude, isExact: true) { [$0[0].kthLeast(count, axis: axis)] }
    }
  }

  private mutating func addScan() {
    guard let (any, axis) = lines() else { return }
    let size = Double(Swift.max(shape(any)[axis], 1))
    switch int(0...4) {
    case 0:
      compose("cumulativeSum", [any], magnitude: bounds(any).magnitude * size, isExact: bounds(any).isExact) {
        [$0[0].cumulativeSum(axis: axis)]
      }
    case 1:
      let x = bounded(any, 1)
      compose("cumulativeProduct", [x], magnitude: 1, isExact: bounds(x).isExact) {
        [$0[0].cumulativeProduct(axis: axis)]
      }
    case 2, 3:
      guard let (x, axis) = lines(exact: true) else { return }
      let isMinimum = chance(0.5)
      compose(isMinimum ? "cumulativeMin" : "cumulativeMax", [x], magnitude: bounds(x).magnitude, isExact: true) {
        [isMinimum ? $0[0].cumulativeMin(axis: axis) : $0[0].cumulativeMax(axis: axis)]
      }
    default:
      let x = bounded(any, 1)
      compose("product", [x], magnitude: 1, isExact: bounds(x).isExact) { [$0[0].product(axes: [axis])] }
    }
  }

  private mutating func addRearrangement() {
    guard let (x, axis) = lines() else { return }
    let (known, shift, times) = (bounds(x), int(-7...7), int(0...2))
    let rank = shape(x).rank
    func moved(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) {
      compose(name, [x], magnitude: 2 * known.magnitude, isExact: known.isExact) { [function($0[0])] }
    }
    let other = int(-rank...rank - 1)
    let (before, after) = (shape(x).map { _ in int(0...2) }, shape(x).map { _ in int(0...1) })
    let mode = one(of: PaddingMode.allCases)
    switch int(0...7) {
    case 0: moved("rolled by \(shift)") { $0.rolled(by: shift, axis: axis) }
    case 1: moved("tiled") { $0.tiled([times] + before) }
    case 2: moved("repeated \(times)") { $0.repeated(times, axis: axis) }
    case 3: moved("rotated90 \(shift)") { $0.rotated90(shift, from: axis, to: other) }
    case 4: moved("windows") { $0.windows(ofSize: times + 1, along: axis, step: times + 1) }
    case 5: moved("differences") { $0.differences(axis: axis) }
    case 6: moved("movedAxis") { $0.movedAxis(axis, to: other) }
    default: moved("padded, \(mode)") { $0.padded(before: before, after: after, mode: mode) }
    }
  }

  private mutating func addIndexed() {
    guard let (x, axis) = lines(), shape(x)[axis] > 0 else { return }
    let (known, size) = (bounds(x), shape(x)[axis])
    switch int(0...2) {
    case 0:
      let indices = integers(shape(), in: 0...size - 1)
      compose("take", [x, indices], magnitude: known.magnitude, isExact: known.isExact) {
        [$0[0].take($0[1], axis: axis)]
      }
    case 1:
      let updates = adapted(to: shape(x))
      let indices = integers(shape(x), in: -1...size)
      let most = known.magnitude + Double(size) * bounds(updates).magnitude
      let isAdding = chance(0.5)
      compose(
        "scatter", [x, indices, updates], magnitude: most, isExact: known.isExact && bounds(updates).isExact
      ) { [$0[0].scatter($0[2], at: $0[1], along: axis, mode: isAdding ? .add : .set)] }
    default:
      let offset = int(-2...2)
      compose("triangles", [x], magnitude: known.magnitude, isExact: known.isExact) {
        [$0[0].tril(diagonal: offset), $0[0].triu(diagonal: offset)]
      }
    }
  }

  private mutating func addEinsum() {
    let (a, b, c) = (int(1...4), int(0...4), int(1...4))
    let x = bounded(adapted(to: [a, b]), 20)
    let known = bounds(x)
    func product(_ name: String, _ other: Shape, times: Int, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor)
    {
      let y = bounded(adapted(to: other), 20)
      compose(
        name, [x, y], magnitude: known.magnitude * bounds(y).magnitude * Double(Swift.max(times, 1)),
        isExact: known.isExact && bounds(y).isExact
      ) { [function($0[0], $0[1])] }
    }
    let equation = one(of: ["ij,jk->ik", "ij,jk->ki", "ij,jk->j", "ij,jk->", "ij,jk->jik"])
    switch int(0...4) {
    case 0, 1: product(equation, [b, c], times: a * b * c) { .einsum(equation, [$0, $1]) }
    case 2: product("kronecker", [c, a], times: 1) { $0.kronecker($1) }
    case 3: product("tensordot", [b, c], times: b) { $0.tensordot($1, count: 1) }
    default: product("outer", [c, 2], times: 1) { $0.flattened().outer($1.flattened()) }
    }
  }

  /// Matrices with a dominant diagonal of different numbers, far from singular.
  private mutating func addMatrices() {
    let size = int(1...4)
    guard
      let x = add(
        Unary(HyperbolicTangent.self), [adapted(to: chance(0.3) ? [2, size, size] : [size, size])], magnitude: 1)
    else { return }
    let b = bounded(adapted(to: [size, int(1...3)]), 10)
    @Sendable func regular(_ x: Tensor) -> Tensor {
      let n = x.shape[-1]
      let diagonal = Tensor.arange(from: 2.0, to: 2.0 + Double(n), dtype: x.dtype)
      return 0.2 * x + diagonal.diagonalMatrix()
    }
    @Sendable func symmetric(_ x: Tensor) -> Tensor { 0.5 * (regular(x) + regular(x).transposed) }
    switch int(0...9) {
    case 0: compose("solve", [x, b], magnitude: 20) { [regular($0[0]).solve($0[1])] }
    case 1: compose("inverse", [x], magnitude: 2) { [regular($0[0]).inverse()] }
    case 2: compose("cholesky", [x], magnitude: 3) { [symmetric($0[0]).cholesky()] }
    case 3:
      compose("qr", [x], magnitude: 8) {
        let (q, r) = regular($0[0]).qr()
        return [q, r]
      }
    case 4: compose("singularValues", [x], magnitude: 8) { [regular($0[0]).singularValues()] }
    case 5: compose("eigvalsh", [x], magnitude: 8) { [symmetric($0[0]).eigvalsh()] }
    case 6: compose("matrixExp", [x], magnitude: 60) { [$0[0].matrixExp()] }
    case 7: compose("logDeterminant", [x], magnitude: 8) { [regular($0[0]).logDeterminant().logarithm] }
    case 8: compose("lu, solve", [x, b], magnitude: 20) { [regular($0[0]).lu().solve($0[1])] }
    default:
      let isUpper = chance(0.5)
      compose("solveTriangular", [x, b], magnitude: 40) { [regular($0[0]).solveTriangular($0[1], isUpper: isUpper)] }
    }
  }

  private mutating func addSignal() {
    guard let (any, axis) = lines() else { return }
    let x = bounded(any, 30)
    let (magnitude, count) = (bounds(x).magnitude * 16, int(1...7))
    let norm = one(of: FourierNorm.allCases)
    switch int(0...3) {
    case 0: compose("realFFT", [x], magnitude: magnitude) { [$0[0].realFFT(count: count, axis: axis, norm: norm)] }
    case 1:
      compose("realFFT and back", [x], magnitude: magnitude) {
        let size = $0[0].shape[-1]
        return [($0[0].realFFT() * 0.5).inverseRealFFT(count: size)]
      }
    case 2:
      compose("fft", [x], magnitude: magnitude) {
        let z = Tensor.complex($0[0], $0[0] * 0.5)
        return [z.fft(count: count, axis: axis, norm: norm).complexProduct(z[0, .ellipsis].realPart().sum() * z)]
      }
      compose("inverseFFT", [x], magnitude: magnitude) {
        let z = Tensor.complex($0[0], $0[0] * 0.5).inverseFFT(axis: axis)
        return [z.realPart(), z.imaginaryPart()]
      }
    default:
      let signal = bounded(adapted(to: [2, int(6...9)]), 30)
      let isCentered = chance(0.5)
      compose("shortTimeFFT", [signal], magnitude: 16 * bounds(signal).magnitude) {
        [
          $0[0].shortTimeFFT(
            frameSize: 4, hop: 2, window: .hannWindow(count: 4, dtype: $0[0].dtype), isCentered: isCentered)
        ]
      }
    }
  }

  private mutating func images(_ spatial: Int, channels: Int? = nil) -> Value {
    let known = values {
      $0.dtype == .float32 && $0.shape.rank == spatial + 2 && $0.shape[1] == channels ?? $0.shape[1]
    }
    let sizes = Shape([int(1...2), channels ?? int(1...3)] + (0..<spatial).map { _ in int(1...5) })
    return bounded(!known.isEmpty && chance(0.5) ? recent(known) : adapted(to: sizes), 20)
  }

  private mutating func addResized() {
    let x = images(int(1...3))
    let (magnitude, mode) = (2 * bounds(x).magnitude, one(of: ResizeMode.allCases))
    let size = SpatialSize(shape(x).dimensions.dropFirst(2).map { _ in int(1...5) })
    let (aligns, antialiases) = (chance(0.5), chance(0.3))
    switch int(0...2) {
    case 0:
      compose("resized, \(mode)", [x], magnitude: magnitude) {
        [$0[0].resized(to: size, mode: mode, alignsCorners: aligns, antialiases: antialiases)]
      }
    case 1: compose("adaptiveAveragePooled", [x], magnitude: magnitude) { [$0[0].adaptiveAveragePooled(to: size)] }
    default:
      let x = images(2)
      guard let grid = add(Unary(HyperbolicTangent.self), [adapted(to: [shape(x)[0], 2, 3, 2])], magnitude: 1) else {
        return
      }
      // The gradient of positions jumps where a position crosses a pixel.
      compose("gridSampled", [x, grid], magnitude: magnitude) {
        [
          $0[0].gridSampled(
            at: $0[1].stoppingGradient(), paddingMode: aligns ? .zeros : .replicate, alignsCorners: aligns)
        ]
      }
    }
  }

  private mutating func addWindowed() {
    let spatial = int(1...3)
    let (kernel, stride, padding) = (SpatialSize(int(1...3)), SpatialSize(int(1...2)), SpatialSize(int(0...1)))
    let (roundsUp, countsPadding) = (chance(0.5), chance(0.5))
    let x = images(spatial)
    let exact = bounds(x).isExact ? x : leaf(shape(x))
    let known = bounds(exact)
    switch int(0...5) {
    case 0:
      compose("maxPooled", [exact], magnitude: known.magnitude, isExact: true) {
        [
          $0[0].maxPooled(
            kernel: kernel, stride: stride, paddingBegin: padding, paddingEnd: padding, roundsUp: roundsUp)
        ]
      }
    case 1:
      let size = SpatialSize(Array(shape(exact).dimensions.dropFirst(2)))
      compose("max unpooled", [exact], magnitude: known.magnitude, isExact: true) {
        let pooled = $0[0].maxPooledWithPositions(kernel: kernel, stride: kernel, roundsUp: roundsUp)
        return [pooled.values, pooled.values.maxUnpooled(to: size, positions: pooled.positions)]
      }
    case 2:
      compose("averagePooled", [x], magnitude: bounds(x).magnitude) {
        [
          $0[0].averagePooled(
            kernel: kernel, stride: stride, paddingBegin: padding, roundsUp: roundsUp, countsPadding: countsPadding)
        ]
      }
    case 3:
      let size = SpatialSize(shape(exact).dimensions.dropFirst(2).map { _ in int(1...4) })
      compose("adaptiveMaxPooled", [exact], magnitude: known.magnitude, isExact: true) {
        [$0[0].adaptiveMaxPooled(to: size)]
      }
    default:
      let groups = int(1...2)
      let isTransposed = chance(0.6)
      let x = images(spatial, channels: groups * 2)
      let weights = bounded(adapted(to: Shape([groups * 2, 2] + (0..<spatial).map { _ in int(1...3) })), 20)
      let (known, other) = (bounds(x), bounds(weights))
      let dilation = SpatialSize(int(1...2))
      compose(
        isTransposed ? "transposeConvolved" : "convolved", [x, weights],
        magnitude: known.magnitude * other.magnitude * 108, isExact: known.isExact && other.isExact
      ) {
        isTransposed
          ? [
            $0[0].transposeConvolved(
              with: $0[1], stride: stride, paddingBegin: padding, dilation: dilation, groups: groups)
          ]
          : [$0[0].convolved(with: $0[1], stride: stride, paddingEnd: padding, dilation: dilation, groups: groups)]
      }
    }
  }

  /// Functions of functions: checkpoints, batches of examples and derivatives.
  private mutating func addTransformed() {
    let x = bounded(anyFloat(rank: 1...3), 3)
    let y = bounded(adapted(to: shape(x)), 3)
    // One may depend on the other by what has no derivative.
    switch isDifferentiable(x) && isDifferentiable(y) ? int(0...5) : int(0...3) {
    case 0, 1:
      compose("checkpointed", [x, y], magnitude: 12) { inputs in
        checkpointed(inputs) { [($0[0] * $0[1]).tanh(), $0[0].exp().sigmoid() * $0[1]] }
      }
    case 2:
      compose("mapped", [x, y], magnitude: 60) { inputs in
        mapped(over: inputs) { [$0[0].tanh() * $0[1], ($0[0] * $0[1].sigmoid()).mean()] }
      }
    case 3:
      compose("mapped products", [x, y], magnitude: 60) { inputs in
        mapped(over: inputs, axes: [-1, nil]) { [($0[0].sum() * $0[1]).tanh(), $0[0].logSoftmaxOfAny()] }
      }
    case 4:
      compose("vectorJacobianProducts", [x, y], magnitude: 60) { inputs in
        let output = (inputs[0] * inputs[1]).tanh()
        return vectorJacobianProducts(of: [output], along: [inputs[1]], withRespectTo: inputs)
          .map { $0 ?? .failed(TensorError("no gradient")) }
      }
    default:
      compose("jacobianVectorProducts", [x, y], magnitude: 60) { inputs in
        let outputs = [(inputs[0] * inputs[1]).tanh(), inputs[0].sin().sum()]
        return jacobianVectorProducts(of: outputs, along: [inputs[1], inputs[0]], withRespectTo: inputs)
      }
    }
  }
}

extension Tensor {
  fileprivate func logSoftmaxOfAny() -> Tensor { shape.rank == 0 ? tanh() : logSoftmax() }
}
