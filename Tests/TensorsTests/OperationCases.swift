import RealModule
import Testing

@testable import Tensors

/// A small generator, so that the same seed gives the same test on every platform (SplitMix64).
struct TestNumbers: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// An operation on inputs of these shapes.
struct OperationCase: Sendable, CustomTestStringConvertible {
  enum Domain: Sendable { case any, positive }

  let name: String
  let shapes: [Shape]
  var domain = Domain.any
  let function: @Sendable ([Tensor]) -> Tensor

  init(_ name: String, _ shapes: [Shape], function: @escaping @Sendable ([Tensor]) -> Tensor) {
    self.name = name
    self.shapes = shapes
    self.function = function
  }

  init(
    _ name: String, _ shapes: Shape..., domain: Domain = .any, function: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.name = name
    self.shapes = shapes
    self.domain = domain
    self.function = function
  }
  var testDescription: String { "\(name) \(shapes.map(\.description).joined(separator: " "))" }

  /// Distinct numbers in a random order from -1.5 to 1.5 (0.5 to 2 where positive), a little away from 0 and from those
  /// of the other inputs: no ties, no kinks.
  func inputs(seed: UInt64) -> [Tensor] {
    zip(shapes, values(seed, of: Float.self)).map { Tensor($1, shape: $0.dimensions) }
  }

  /// The same in float64.
  func doubleInputs(seed: UInt64) -> [Tensor] {
    zip(shapes, values(seed, of: Double.self)).map { Tensor($1, shape: $0.dimensions) }
  }

  private func values<Scalar: BinaryFloatingPoint>(_ seed: UInt64, of: Scalar.Type) -> [[Scalar]] {
    var numbers = TestNumbers(state: seed)
    return shapes.enumerated().map { index, shape in
      let count = shape.elementCount
      return (0..<count).shuffled(using: &numbers).map { rank in
        let part = (Scalar(rank) + 0.3 + 0.07 * Scalar(index)) / Scalar(count)
        return domain == .positive ? 0.5 + 1.5 * part : 3 * part - 1.5
      }
    }
  }
}

func window(
  _ kernel: Pair, stride: Pair = 1, begin: Pair = 0, end: Pair = 0, dilation: Pair = 1
) -> Window {
  Window(kernel: kernel, stride: stride, paddingBegin: begin, paddingEnd: end, dilation: dilation)
}
/// Every operation with a real result, also with size-1 and size-0 axes, broadcasting and transposed inputs.
let operationCases: [OperationCase] =
  unaryCases + binaryCases + movementCases + reductionCases + networkCases + sequenceCases + attentionCases
  + attentionModificationCases + arrayCases + mathematicsCases + productCases + imageCases + linearAlgebraCases
  + fourierCases + composedCases
private let unaryCases: [OperationCase] = Unary.allCases.flatMap { kind in
  let domain: OperationCase.Domain = ["log", "sqrt", "rsqrt", "reciprocal"].contains(kind.name) ? .positive : .any
  return [
    OperationCase(kind.name, [3, 5], domain: domain) { $0[0].unary(kind.function) },
    OperationCase("\(kind.name) transposed", [2, 1, 3], domain: domain) {
      $0[0].permuted([2, 1, 0]).unary(kind.function)
    },
    OperationCase("\(kind.name) empty", [2, 0], domain: domain) { $0[0].unary(kind.function) },
  ]
}
/// Masks as numbers, so that they have a sum.
private func numeric(_ x: Tensor) -> Tensor { x.dtype == .bool ? x.cast(to: .float32) : x }
private let binaryCases: [OperationCase] =
  Binary.allCases.flatMap { kind in
    [
      OperationCase(kind.name, [2, 3], [2, 3], domain: .positive) { numeric($0[0].binary(kind.function, $0[1])) },
      OperationCase("\(kind.name) row", [2, 3], [3], domain: .positive) { numeric($0[0].binary(kind.function, $0[1])) },
      OperationCase("\(kind.name) outer", [2, 1], [1, 3], domain: .positive) {
        numeric($0[0].binary(kind.function, $0[1]))
      },
      OperationCase("\(kind.name) scalar", [], [4], domain: .positive) { numeric($0[0].binary(kind.function, $0[1])) },
      OperationCase("\(kind.name) empty", [0, 3], [1, 3], domain: .positive) {
        numeric($0[0].binary(kind.function, $0[1]))
      },
      OperationCase("\(kind.name) transposed", [3, 2], [2, 3], domain: .positive) {
        numeric($0[0].transposed.binary(kind.function, $0[1]))
      },
    ]
  } + [
    OperationCase("where", [2, 3], [3], [2, 1]) { Tensor.where(Tensor.fill(0).less(than: $0[0]), $0[1], $0[2]) },
    OperationCase("clamped", [2, 5]) { $0[0].clamped(to: -0.7...0.6).square() },
    OperationCase("power of a number", [5], domain: .positive) { $0[0].power(1.5) },
    OperationCase("softplus", [3, 5]) { ($0[0] * 4).softplus() },
    OperationCase("customGradient", [2, 3], [3]) {
      .customGradient(of: $0) {
        $0[0] * $0[1].tanh()
      } gradient: { inputs, _, u in
        let t = inputs[1].tanh()
        return [u * t, u * inputs[0] * (1 - t.square())]
      }
    },
    OperationCase("numbers", [4], domain: .positive) { (1 - $0[0]) * 2 / (0.5 + $0[0]) - 3 / $0[0] + 0.25 },
    OperationCase("stopGradient", [4]) { $0[0] + $0[0].stoppingGradient() - $0[0].stoppingGradient() },
    OperationCase("reuse", [3, 3]) { ($0[0] * $0[0].transposed).tanh() + $0[0].exp() * $0[0] },
  ]
private let movementCases: [OperationCase] = [
  OperationCase("reshape", [2, 6]) { $0[0].reshaped(to: [3, 4]).square() },
  OperationCase("reshape transposed", [3, 4]) { $0[0].transposed.reshaped(to: [2, 6]).square() },
  OperationCase("reshape slice, split", [3, 8]) {
    $0[0].sliced(starts: [0, 2], shape: [3, 6]).reshaped(to: [3, 1, 3, 2]).permuted([2, 0, 1, 3]).square()
  },
  OperationCase("reshape slice, merge", [2, 3, 5]) {
    $0[0].sliced(starts: [0, 0, 1], shape: [2, 3, 4]).reshaped(to: [6, 2, 2]).square()
  },
  OperationCase("reshape slice, across", [4, 3, 5]) {
    $0[0].sliced(starts: [0, 1, 0], shape: [4, 2, 5]).reshaped(to: [2, 2, 10]).reshaped(to: [5, 8]).square()
  },
  OperationCase("reshape empty", [0, 4]) { $0[0].reshaped(to: [2, 0, 3]).exp() },
  OperationCase("permute", [2, 3, 4]) { $0[0].permuted([2, 0, 1]).square() },
  OperationCase("broadcast", [3, 1]) { $0[0].broadcast(to: [2, 3, 4]).square() },
  OperationCase("broadcast empty", [1, 3]) { $0[0].broadcast(to: [0, 3]).square() },
  OperationCase("reverse", [3, 4]) { $0[0].reversed(axes: [1]) },
  OperationCase("reverse transposed", [2, 3, 4]) { $0[0].permuted([2, 0, 1]).reversed(axes: [0, 2]) },
  OperationCase("reverse empty", [0, 4]) { $0[0].reversed() },
  OperationCase("reverse of what is computed", [20, 70], [70]) { ($0[0] + $0[1]).reversed().sum(axes: [0]) * $0[1] },
  OperationCase("subscript", [5, 7, 3]) { $0[0][.stride(by: -2), 1..., .newAxis, 1] },
  OperationCase("triangles", [2, 3, 4]) { $0[0].tril(diagonal: 1) + $0[0].triu(diagonal: -1).square() },
  OperationCase("stacked", [2, 3], [2, 3]) { Tensor.stacked($0, axis: 1).square() },
  OperationCase("split", [2, 5]) { x in
    let parts = x[0].split(sizes: [2, 1, 2], axis: -1)
    return parts[0] * parts[2] + parts[1].exp()
  },
  OperationCase("slice", [4, 5]) { $0[0].sliced(starts: [1, 2], shape: [2, 3]).square() },
  OperationCase("slice nothing", [4, 5]) { $0[0].sliced(starts: [4, 2], shape: [0, 3]) },
  OperationCase("slice transposed", [4, 5]) { $0[0].transposed.sliced(starts: [2, 1], shape: [3, 2]).square() },
  OperationCase("pad", [2, 3]) { $0[0].padded(before: [1, 0], after: [0, 2], with: 0.5).square() },
  OperationCase("pad empty", [0, 2]) { $0[0].padded(before: [1, 1], after: [1, 0], with: 0.5).square() },
  OperationCase("concatenate", [2, 1], [2, 3]) { Tensor.concatenated($0, axis: 1).square() },
  OperationCase("concatenate with nothing", [2, 3], [0, 3], [1, 3]) { Tensor.concatenated($0, axis: 0).square() },
  OperationCase("concatenate results", [2, 1, 3], [2, 2, 3]) {
    let parts = [$0[0].exp().permuted([2, 0, 1]), $0[1].tanh().permuted([2, 0, 1])]
    return Tensor.concatenated(parts, axis: 2).square() + Tensor.concatenated([$0[0] * 2, $0[1] * 3], axis: 1).sum()
  },
  OperationCase("concatenate what others use", [2, 3], [2, 3]) {
    let (a, b) = ($0[0].exp(), $0[1] * $0[0])
    return Tensor.concatenated([a, b, a], axis: 1).square().sum(axes: [1]) + (a * b).sum()
  },
  OperationCase("parts of one", [3, 6]) { x in
    let parts = (0..<3).map { x[0].sliced(starts: [0, 2 * $0], shape: [3, 2]) }
    return parts[0].sigmoid() * parts[2] + parts[1].exp()
  },
  OperationCase("parts of one, not neighbors", [4, 3]) { x in
    let parts = (0..<4).map { x[0].sliced(starts: [$0, 0], shape: [1, 3]) }
    return parts[0] * parts[2] + parts[3].exp() * parts[1].reshaped(to: [3]).tanh()
  },
  OperationCase("parts of one that overlap", [5, 2]) { x in
    x[0].sliced(starts: [0, 0], shape: [3, 2]) * x[0].sliced(starts: [2, 0], shape: [3, 2]).exp()
  },
  OperationCase("concatenate twice the same", [2, 3]) { Tensor.concatenated([$0[0], $0[0]], axis: 0).square() },
]
private let reductionCases: [OperationCase] =
  Reduction.allCases.flatMap { kind in
    [
      OperationCase("\(kind.rawValue) all", [2, 3, 4]) {
        .record(Reduce(kind: kind, axes: [0, 1, 2]), [$0[0].square()])
      },
      OperationCase("\(kind.rawValue) last", [2, 3, 4]) {
        .record(Reduce(kind: kind, axes: [2]), $0)
      },
      OperationCase("\(kind.rawValue) outer and inner", [2, 3, 4]) {
        .record(Reduce(kind: kind, axes: [0, 2]), $0)
      },
      OperationCase("\(kind.rawValue) size 1", [3, 1, 2]) {
        .record(Reduce(kind: kind, axes: [1]), $0)
      },
      OperationCase("\(kind.rawValue) no axes", [3, 2]) {
        .record(Reduce(kind: kind, axes: []), $0)
      },
      OperationCase("\(kind.rawValue) transposed", [3, 4]) {
        .record(Reduce(kind: kind, axes: [0]), [$0[0].transposed])
      },
      OperationCase("\(kind.rawValue) empty rest", [0, 4]) {
        .record(Reduce(kind: kind, axes: [1]), $0)
      },
    ]
  } + [
    OperationCase("sum of nothing", [3, 0]) { $0[0].sum(axes: [1]) },
    OperationCase("variance", [3, 4]) { $0[0].variance(axes: [1], correction: 1) },
    OperationCase("standardDeviation", [3, 4]) { $0[0].standardDeviation(axes: [0], correction: 0) },
    OperationCase("mean", [3, 4]) { $0[0].square().mean(axes: [-1]) },
    OperationCase("max", [3, 4]) { $0[0].max(axes: [0]).square() },
  ]

private let labels: [Int32] = [2, 0, 3]

private let networkCases: [OperationCase] = [
  OperationCase("matmul", [2, 3], [3, 4]) { $0[0].matmul($0[1]) },
  OperationCase("matmul few rows", [3, 19], [19, 37]) { $0[0].matmul($0[1]) },
  OperationCase("matmul many rows", [7, 19], [19, 37]) { $0[0].matmul($0[1]) },
  OperationCase("matmul transposed", [3, 2], [4, 3]) { $0[0].transposed.matmul($0[1].transposed) },
  OperationCase("matmul size 1", [1, 3], [3, 1]) { $0[0].matmul($0[1]) },
  OperationCase("matmul batched", [2, 1, 2, 3], [3, 3, 2]) { $0[0].matmul($0[1]) },
  OperationCase("matmul by a matrix", [2, 2, 3], [3, 2]) { $0[0].matmul($0[1]) },
  OperationCase("matmul of nothing", [2, 0], [0, 3]) { $0[0].matmul($0[1]) },
  OperationCase("matmul no rows", [0, 2], [2, 3]) { $0[0].matmul($0[1]) },
  OperationCase("windows", [1, 2, 4, 3]) {
    .record(
      Unfold(
        window: window([2, 2], stride: [2, 1], begin: 1, dilation: [1, 2]), outside: Constant(0.5)),
      $0)
  },
  OperationCase("fold", [1, 2, 2, 2, 2, 2]) {
    .record(Fold(window: window(2), height: 3, width: 3), $0)
  },
  OperationCase("convolution", [2, 2, 4, 3], [3, 2, 2, 2]) { $0[0].convolved(with: $0[1]) },
  OperationCase("convolution strided, padded", [1, 2, 5, 4], [2, 2, 3, 2]) {
    $0[0].convolved(with: $0[1], stride: [2, 1], paddingBegin: 1, paddingEnd: [0, 1])
  },
  OperationCase("convolution dilated", [1, 1, 5, 5], [2, 1, 2, 2]) { $0[0].convolved(with: $0[1], dilation: [2, 3]) },
  OperationCase("convolution in groups", [2, 4, 3, 3], [6, 2, 2, 2]) { $0[0].convolved(with: $0[1], groups: 2) },
  OperationCase("convolution of each channel", [1, 3, 3, 3], [3, 1, 2, 2]) { $0[0].convolved(with: $0[1], groups: 3) },
  OperationCase("convolution of no images", [0, 2, 3, 3], [2, 2, 2, 2]) { $0[0].convolved(with: $0[1]) },
  OperationCase("convolution padded past its kernel", [2, 3, 3, 4], [2, 3, 1, 1]) {
    $0[0].convolved(with: $0[1], paddingBegin: 1, paddingEnd: 1)
  },
  OperationCase("convolution padded far past its kernel", [1, 2, 3, 2], [2, 2, 2, 1]) {
    $0[0].convolved(with: $0[1], stride: [2, 1], paddingBegin: [3, 2], paddingEnd: [0, 4], dilation: [1, 2])
  },
  OperationCase("convolution in groups, padded past its kernel", [1, 4, 3, 3], [4, 1, 2, 2]) {
    $0[0].convolved(with: $0[1], paddingBegin: 4, paddingEnd: 3, groups: 4)
  },
  OperationCase("convolutionInputGradient", [1, 4, 2, 2], [4, 1, 2, 2]) {
    .record(
      Convolution(window: window(2, stride: 2), groups: 2, direction: .backwardData, shape: [1, 2, 5, 4]), $0)
  },
  OperationCase("convolutionWeightGradient", [2, 2, 4, 4], [2, 4, 3, 3]) {
    .record(Convolution(window: window(2), groups: 2, direction: .backwardWeights, shape: [4, 1, 2, 2]), $0)
  },
  OperationCase("maxPool", [2, 2, 4, 4]) { $0[0].maxPooled(kernel: 2, stride: 2).square() },
  OperationCase("maxPool overlapping, padded", [1, 2, 5, 4]) {
    $0[0].maxPooled(kernel: 3, stride: [2, 1], paddingBegin: 1, paddingEnd: [1, 0]).square()
  },
  OperationCase("maxPoolGradient", [1, 1, 4, 4], [1, 1, 3, 3]) {
    .record(PoolGradient(forward: Pool(kind: .maximum, window: window(2)), shape: [1, 1, 4, 4]), $0)
  },
  OperationCase("averagePool", [2, 2, 4, 4]) { $0[0].averagePooled(kernel: 2, stride: 2).square() },
  OperationCase("averagePool overlapping, padded", [1, 2, 5, 4]) {
    $0[0].averagePooled(kernel: 3, stride: [2, 1], paddingBegin: 1, paddingEnd: [1, 0]).square()
  },
  OperationCase("averagePoolGradient", [1, 2, 2, 3]) {
    let forward = Pool(kind: .average, window: window(2, stride: [2, 1]))
    return .record(PoolGradient(forward: forward, shape: [1, 2, 5, 4]), $0)
  },
  OperationCase("batchNorm", [4, 3], [3], [3]) { $0[0].batchNormalized(scale: $0[1], shift: $0[2]).output },
  OperationCase("batchNorm of images", [2, 2, 2, 3], [2], [2]) {
    $0[0].batchNormalized(scale: $0[1], shift: $0[2], epsilon: 1e-3).output
  },
  OperationCase("batchNorm of volumes, statistics", [2, 2, 3, 1, 2], [2], [2]) {
    let all = $0[0].batchNormalized(scale: $0[1], shift: $0[2])
    return all.output * all.mean.square().sum() + all.variance.sum()
  },
  OperationCase("batchNormGradient", [3, 2, 2, 1], [2], [3, 2, 2, 1]) {
    let all = $0[0].batchNormalized(scale: $0[1], shift: $0[1])
    let gradients = Tensor.recordAll(
      BatchNormGradient(epsilon: 1e-5), [$0[0], all.mean, all.variance, $0[1], $0[2]])
    return gradients[0] + (gradients[1] * gradients[2]).sum()
  },
  OperationCase("softmax", [3, 4]) { $0[0].softmax() },
  OperationCase("softmax of one", [3, 1]) { $0[0].softmax() },
  OperationCase("softmax of nothing", [3, 0]) { $0[0].softmax() },
  OperationCase("softmax of large numbers", [2, 3]) { ($0[0] * 100 + 1000).softmax() },
  OperationCase("softmax of columns", [4, 3]) { $0[0].softmax(axis: 0) },
  OperationCase("softmax transposed", [4, 3]) { $0[0].transposed.softmax() },
  OperationCase("logSoftmax", [2, 2, 3]) { $0[0].logSoftmax() },
  OperationCase("logSoftmax of nothing", [0, 3]) { $0[0].logSoftmax() },
  OperationCase("crossEntropy", [3, 4]) { crossEntropyLosses(logits: $0[0], labels: Tensor(labels, shape: [3])) },
  OperationCase("crossEntropy of no rows", [0, 4]) {
    crossEntropyLosses(logits: $0[0], labels: Tensor([Int32](), shape: [0]))
  },
  OperationCase("crossEntropyGradient", [3, 4], [3]) {
    .record(CrossEntropyGradient(), [$0[0], Tensor(labels, shape: [3]), $0[1]])
  },
]

extension Tensor {
  /// The elements of any type as float64.
  func numbers() throws -> [Double] {
    if dtype == .float32 { return try values().map { Double($0) } }
    return try cast(to: .float64).values(as: Double.self)
  }
}

/// Compares the kernels' values with the interpreter's in double precision; returns what differs.
func difference(_ tensor: Tensor, seed: UInt64, tolerance: Double = 1e-5) throws -> String? {
  let found = try tensor.numbers()
  let expected = try ReferenceInterpreter().evaluate([tensor])[0].floats
  guard found.count == expected.count else { return "\(found.count) values instead of \(expected.count), seed \(seed)" }
  for (index, (a, b)) in zip(found, expected).enumerated() {
    let same = a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance + tolerance * abs(b)
    if !same { return "element \(index) of \(tensor.shape) is \(a) instead of \(b), seed \(seed)" }
  }
  return nil
}
