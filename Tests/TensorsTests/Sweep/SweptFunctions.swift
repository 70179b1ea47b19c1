@testable import Tensors

/// Functions of elements, of pairs and of axes.
let sweptFunctions: [SweptCall] = sweptElements + sweptPairs + sweptReductions + sweptMovements

private func unary(_ name: String, _ function: @escaping @Sendable (Tensor) -> Tensor) -> SweptCall {
  SweptCall(name) { function($0.tensor()) }
}

private func binary(_ name: String, _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> SweptCall {
  SweptCall(name) { function($0.tensor(), $0.tensor()) }
}

private let sweptElements: [SweptCall] = [
  unary("exp") { $0.exp() }, unary("log") { $0.log() }, unary("sqrt") { $0.sqrt() }, unary("rsqrt") { $0.rsqrt() },
  unary("square") { $0.square() }, unary("reciprocal") { $0.reciprocal() }, unary("tanh") { $0.tanh() },
  unary("sigmoid") { $0.sigmoid() }, unary("relu") { $0.relu() }, unary("abs") { $0.abs() },
  unary("sign") { $0.sign() }, unary("erf") { $0.erf() }, unary("geluTanh") { $0.geluTanh() },
  unary("sin") { $0.sin() }, unary("cos") { $0.cos() }, unary("floor") { $0.floor() }, unary("negate") { -$0 },
  unary("gelu") { $0.gelu() }, unary("silu") { $0.silu() }, unary("mish") { $0.mish() }, unary("selu") { $0.selu() },
  unary("relu6") { $0.relu6() }, unary("hardSigmoid") { $0.hardSigmoid() }, unary("hardSwish") { $0.hardSwish() },
  unary("tanhShrink") { $0.tanhShrink() }, unary("softsign") { $0.softsign() }, unary("softplus") { $0.softplus() },
  unary("logSigmoid") { $0.logSigmoid() }, unary("tan") { ($0 * 0.5).tan() }, unary("asin") { ($0 * 0.5).asin() },
  unary("acos") { ($0 * 0.5).acos() }, unary("atan") { $0.atan() }, unary("sinh") { $0.sinh() },
  unary("cosh") { $0.cosh() }, unary("asinh") { $0.asinh() }, unary("acosh") { ($0 + 1).acosh() },
  unary("atanh") { ($0 * 0.5).atanh() }, unary("exp2") { $0.exp2() }, unary("log2") { $0.log2() },
  unary("log10") { $0.log10() }, unary("log1p") { $0.log1p() }, unary("expm1") { $0.expm1() },
  unary("erfc") { $0.erfc() }, unary("erfInverse") { ($0 * 0.5).erfInverse() }, unary("lgamma") { $0.lgamma() },
  unary("digamma") { $0.digamma() }, unary("rounded") { $0.rounded() }, unary("ceil") { $0.ceil() },
  unary("truncated") { $0.truncated() }, unary("isNaN") { $0.isNaN() }, unary("isInfinite") { $0.isInfinite() },
  unary("isFinite") { $0.isFinite() }, unary("fraction") { $0.fraction() }, unary("sinc") { $0.sinc() },
  unary("radians") { $0.radians() }, unary("degrees") { $0.degrees() },
  unary("isPositiveInfinity") { $0.isPositiveInfinity() }, unary("isNegativeInfinity") { $0.isNegativeInfinity() },
  unary("hasNegativeSign") { $0.hasNegativeSign() }, unary("bitNot") { $0.bitNot() }, unary("not") { .!$0 },
  // Twice, so that the gradient is that of differences.
  unary("stoppingGradient") { $0 + $0.stoppingGradient() - $0.stoppingGradient() },
  SweptCall("cast") { $0.tensor().cast(to: $0.any(DType.self)) },
  SweptCall("elu") { [$0.tensor().elu(alpha: $0.double()), $0.tensor().celu(alpha: $0.double())] },
  SweptCall("leakyReLU") { [$0.tensor().leakyReLU(slope: $0.double()), $0.tensor().leakyReLU(slopes: $0.tensor())] },
  SweptCall("hardTanh") { $0.tensor().hardTanh(min: -$0.double(), max: $0.double()) },
  SweptCall("shrinks") { [$0.tensor().hardShrink($0.double()), $0.tensor().softShrink($0.double())] },
  SweptCall("softplus of a rate") { $0.tensor().softplus(beta: $0.double(), threshold: $0.double()) },
  SweptCall("thresholded") { $0.tensor().thresholded(at: $0.isHostile ? $0.double() : 0.5, replacement: $0.double()) },
  SweptCall("clamped") { $0.tensor().clamped(min: $0.flag() ? nil : -$0.double(), max: $0.double()) },
  SweptCall("logit") { ($0.tensor() * 0.4).logit(epsilon: $0.double(0.01...0.2)) },
  SweptCall("replacingNonFinite") {
    $0.tensor().replacingNonFinite(nan: $0.double(), positiveInfinity: $0.double(), negativeInfinity: nil)
  },
  SweptCall("polygamma") { $0.tensor().polygamma($0.int(0...4)) },
  SweptCall("multivariateLgamma") { ($0.tensor() + 2).multivariateLgamma($0.int(1...3)) },
  SweptCall("numbers") { a in
    let (x, number) = (a.tensor(), a.float())
    return [
      x + number, number - x, x * number, number / x, x / number, x.power(number), x.less(than: 0.5),
    ]
  },
]

private let sweptPairs: [SweptCall] = [
  binary("add") { $0 + $1 }, binary("subtract") { $0 - $1 }, binary("multiply") { $0 * $1 },
  binary("divide") { $0 / $1 }, binary("power") { $0.power($1) }, binary("maximum") { maximum($0, $1) },
  binary("minimum") { minimum($0, $1) }, binary("less") { $0.less(than: $1) },
  binary("lessOrEqual") { $0.lessOrEqual(to: $1) }, binary("equal") { $0.equal(to: $1) },
  binary("greater") { $0.greater(than: $1) }, binary("and") { $0 .& $1 }, binary("or") { $0 .| $1 },
  binary("exclusive or") { $0 .^ $1 }, binary("atan2") { atan2($0, $1) }, binary("hypot") { hypot($0, $1) },
  binary("remainder") { $0.remainder($1) }, binary("fmod") { $0.fmod($1) }, binary("copySign") { $0.copySign(of: $1) },
  binary("heaviside") { $0.heaviside(middle: $1) }, binary("logAddExp") { $0.logAddExp($1) },
  binary("logAddExp2") { $0.logAddExp2($1) }, binary("timesLog") { $0.timesLog(of: $1) },
  binary("floorDivided") { $0.floorDivided(by: $1) }, binary("scaled") { $0.scaled(byPowerOf2: $1) },
  binary("maximumNumber") { maximumNumber($0, $1) }, binary("minimumNumber") { minimumNumber($0, $1) },
  binary("bitAnd") { $0.bitAnd($1) }, binary("bitOr") { $0.bitOr($1) }, binary("bitXor") { $0.bitXor($1) },
  binary("shiftedLeft") { $0.shiftedLeft(by: $1) }, binary("shiftedRight") { $0.shiftedRight(by: $1) },
  SweptCall("interpolated") { $0.tensor().interpolated(to: $0.tensor(), by: $0.tensor()) },
  SweptCall("where") { .where($0.tensor().cast(to: .bool), $0.tensor(), $0.tensor()) },
  SweptCall("where of any condition") { .where($0.tensor(), $0.tensor(), $0.tensor()) },
  SweptCall("isClose") {
    $0.tensor().isClose(to: $0.tensor(), relative: $0.double(), absolute: $0.double(), nanIsClose: $0.flag())
  },
  SweptCall("allClose") {
    $0.tensor().allClose(to: $0.tensor(), relative: $0.double(), absolute: $0.double(), nanIsClose: $0.flag())
  },
]

extension Tensor {
  /// A condition on numbers; bools, and what has none, as they are.
  fileprivate var mask: Tensor { dtype.isDifferentiable ? greater(than: 0.5) : self }
}

private typealias ReductionOverAxes = @Sendable (Tensor, [Int]?, Bool) -> Tensor

private func reduction(_ name: String, _ function: @escaping ReductionOverAxes) -> SweptCall {
  SweptCall(name) { function($0.tensor(), $0.axes(), $0.flag()) }
}

private func alongAxis(_ name: String, _ function: @escaping @Sendable (Tensor, Int) -> Tensor) -> SweptCall {
  SweptCall(name) { function($0.tensor(), $0.axis()) }
}

private let sweptReductions: [SweptCall] = [
  reduction("sum") { $0.sum(axes: $1, keepingAxes: $2) }, reduction("mean") { $0.mean(axes: $1, keepingAxes: $2) },
  reduction("norm") { $0.norm(axes: $1, keepingAxes: $2) }, reduction("max") { $0.max(axes: $1, keepingAxes: $2) },
  reduction("min") { $0.min(axes: $1, keepingAxes: $2) }, reduction("any") { $0.mask.any(axes: $1, keepingAxes: $2) },
  reduction("all") { $0.mask.all(axes: $1, keepingAxes: $2) },
  reduction("product") { $0.product(axes: $1, keepingAxes: $2) },
  reduction("logSumExp") { $0.logSumExp(axes: $1, keepingAxes: $2) },
  reduction("extremes") {
    let (least, greatest) = $0.extremes(axes: $1, keepingAxes: $2)
    return greatest - least
  },
  reduction("sumOfNumbers") { $0.sumOfNumbers(axes: $1, keepingAxes: $2) },
  reduction("meanOfNumbers") { $0.meanOfNumbers(axes: $1, keepingAxes: $2) },
  reduction("countNonzero") { $0.countNonzero(axes: $1, keepingAxes: $2) },
  SweptCall("variance") { $0.tensor().variance(axes: $0.axes(), correction: $0.int(0...1), keepingAxes: $0.flag()) },
  SweptCall("standardDeviation") { $0.tensor().standardDeviation(axes: $0.axes(), correction: $0.int(0...1)) },
  alongAxis("argmax") { $0.argmax(axis: $1) }, alongAxis("argmin") { $0.argmin(axis: $1) },
  alongAxis("softmax") { $0.softmax(axis: $1) }, alongAxis("logSoftmax") { $0.logSoftmax(axis: $1) },
  alongAxis("softmin") { $0.softmin(axis: $1) }, alongAxis("glu") { .concatenated([$0, $0], axis: $1).glu(axis: $1) },
  alongAxis("glu of odd sizes") { $0.glu(axis: $1) },
  alongAxis("cumulativeSum") { $0.cumulativeSum(axis: $1) },
  alongAxis("cumulativeProduct") { $0.cumulativeProduct(axis: $1) },
  alongAxis("cumulativeMax") { $0.cumulativeMax(axis: $1) }, alongAxis("cumulativeMin") { $0.cumulativeMin(axis: $1) },
  alongAxis("logCumulativeSumExp") { $0.logCumulativeSumExp(axis: $1) },
  SweptCall("argsorted") { $0.tensor().argsorted(axis: $0.axis(), descending: $0.flag()) },
  SweptCall("sorted") { $0.tensor().sorted(axis: $0.axis(), descending: $0.flag()) },
  SweptCall("topK") { a in
    let (values, indices) = a.tensor().topK(a.int(0...3), axis: a.axis(), largest: a.flag())
    return [values, indices]
  },
  SweptCall("median") { $0.tensor().median(axis: $0.flag() ? nil : $0.axis(), keepingAxis: $0.flag()) },
  SweptCall("quantile") { a in
    let kinds: [QuantileInterpolation] = [.linear, .lower, .higher, .nearest, .midpoint]
    return a.tensor().quantile(
      a.double(0...1), axis: a.flag() ? nil : a.axis(), interpolation: a.one(of: kinds), keepingAxis: a.flag())
  },
  SweptCall("searchSorted") { $0.tensor(1...2).sorted().searchSorted($0.tensor(1...2), right: $0.flag()) },
  SweptCall("kthLeast") { $0.tensor().kthLeast($0.int(1...3), axis: $0.axis()) },
  SweptCall("covariance") { $0.tensor(2...2).covariance(correction: $0.int(0...1)) },
  SweptCall("correlation") { $0.tensor(2...2).correlation() },
  SweptCall("binCounts") { $0.indices([7], below: 4).binCounts($0.int(1...5)) },
  SweptCall("binCounts of any") { $0.tensor(1...1).binCounts($0.int(1...5)) },
  SweptCall("histogram") { a in
    let (low, high) = (a.double(-1...0), a.double(0...1))
    return a.tensor().histogram(bins: a.int(1...5), in: low <= high ? low...high : -1...1)
  },
  SweptCall("renormalized") { $0.tensor().renormalized(along: $0.axis(), to: $0.double()) },
  SweptCall("differences") { $0.tensor().differences(axis: $0.axis(), order: $0.int(0...2)) },
]

private let sweptMovements: [SweptCall] = [
  SweptCall("broadcast") { a in
    let x = a.tensor()
    return x.broadcast(to: a.isHostile ? a.shape() : Shape([2] + x.shape.dimensions))
  },
  SweptCall("reshaped") { a in
    let x = a.tensor()
    return x.reshaped(to: a.isHostile ? a.shape() : [-1, Swift.max(x.shape[0], 1)])
  },
  SweptCall("flattened") { $0.tensor().flattened(from: $0.axis()) },
  SweptCall("unsqueezed") { $0.tensor().unsqueezed(axis: $0.axis(added: 1)) },
  SweptCall("squeezed") { $0.tensor().squeezed(axes: $0.axes()) },
  SweptCall("unflattened") { a in
    let x = a.tensor()
    return x.unflattened(axis: a.axis(), to: a.isHostile ? a.ints() : [1, -1])
  },
  SweptCall("permuted") { a in
    let x = a.tensor()
    return x.permuted(a.isHostile ? a.ints() : x.shape.indices.shuffled(using: &a.numbers))
  },
  SweptCall("transposed") { a in
    let x = a.tensor()
    return [x.transposed, x.transposed(a.axis(), a.axis())]
  },
  SweptCall("movedAxis") { $0.tensor().movedAxis($0.axis(), to: $0.axis()) },
  SweptCall("rotated90") { $0.tensor().rotated90($0.int(), from: $0.axis(), to: $0.axis()) },
  SweptCall("reversed") { $0.tensor().reversed(axes: $0.axes()) },
  SweptCall("rolled") { $0.tensor().rolled(by: $0.int(-7...7), axis: $0.axis()) },
  SweptCall("tiled") { $0.tensor(0...2).tiled($0.ints(0...3)) },
  SweptCall("repeated") { $0.tensor().repeated($0.int(0...3), axis: $0.axis()) },
  SweptCall("concatenated") { .concatenated($0.tensors(), axis: $0.axis()) },
  SweptCall("stacked") { .stacked($0.tensors(), axis: $0.axis(added: 1)) },
  SweptCall("unstacked") { $0.tensor().unstacked(axis: $0.axis()) },
  SweptCall("split") { a in
    let (x, axis) = (a.tensor(), a.axis())
    return x.split(sizes: a.isHostile ? a.ints() : [1, x.shape[axis] - 1], axis: axis)
  },
  SweptCall("chunked") { $0.tensor().chunked($0.int(1...3), axis: $0.axis()) },
  SweptCall("sliced") { a in
    let x = a.tensor()
    if a.isHostile { return x.sliced(starts: a.ints(), shape: a.shape()) }
    let starts = x.shape.map { Int.random(in: 0...$0, using: &a.numbers) }
    return x.sliced(starts: starts, shape: Shape(zip(x.shape, starts).map { $0 - $1 }))
  },
  SweptCall("subscript") { a in
    let x = a.tensor()
    return [
      x[a.int(0...2)], x[.ellipsis, a.int(0...2)...], x[...a.int(0...2), .newAxis], x[..<a.int(0...2)],
      x[.stride(from: a.int(), to: a.int(), by: a.int())], x[.stride(by: a.int(-2...2)), .ellipsis, a.int()],
      x[.newAxis, .stride(to: a.int(), by: a.int(-2...2))],
    ]
  },
  SweptCall("padded") { a in
    let x = a.tensor()
    let (before, after) =
      a.isHostile ? (a.ints(), a.ints()) : (x.shape.map { _ in a.int(0...2) }, x.shape.map { _ in 1 })
    return x.padded(before: before, after: after, with: x.dtype.isFloatingPoint || a.isHostile ? a.double() : 1)
  },
  SweptCall("padded in a mode") { a in
    let x = a.tensor()
    let (before, after) =
      a.isHostile ? (a.ints(), a.ints()) : (x.shape.map { _ in a.int(0...2) }, x.shape.map { _ in 1 })
    return x.padded(before: before, after: after, mode: a.any(PaddingMode.self))
  },
  SweptCall("windows") { $0.tensor().windows(ofSize: $0.int(1...3), along: $0.axis(), step: $0.int(1...2)) },
  SweptCall("triangles") { a in
    let x = a.tensor(2...4)
    return [x.tril(diagonal: a.int()), x.triu(diagonal: a.int())]
  },
  SweptCall("diagonal") { $0.tensor(2...4).diagonal(offset: $0.int(-2...2), axes: ($0.axis(), $0.axis())) },
  SweptCall("diagonalMatrix") { $0.tensor(1...3).diagonalMatrix() },
  SweptCall("trace") { $0.tensor(2...4).trace() },
]
