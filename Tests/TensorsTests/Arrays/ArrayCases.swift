@testable import Tensors

/// Scans, sorting, indexing along an axis and repetition.
let arrayCases: [OperationCase] = scanCases + sortingCases + indexingCases + repetitionCases + usedRowCases

/// A scan on shapes with the axis in front, in the middle, at the end, of size 1 and of size 0.
private func scan(
  _ name: String, _ function: @escaping @Sendable (Tensor, Int) -> Tensor
) -> [OperationCase] {
  [
    OperationCase(name, [3, 5]) { function($0[0], 1) },
    OperationCase("\(name) of columns", [5, 3]) { function($0[0], 0) },
    OperationCase("\(name) in the middle", [2, 4, 3]) { function($0[0], -2) },
    OperationCase("\(name) transposed", [4, 3]) { function($0[0].transposed, 1) },
    OperationCase("\(name) of one", [3, 1]) { function($0[0], 1) },
    OperationCase("\(name) of nothing", [3, 0]) { function($0[0], 1) },
    OperationCase("\(name) of no lines", [0, 3]) { function($0[0], 1) },
  ]
}

private let scanCases: [OperationCase] =
  scan("cumulativeSum") { $0.cumulativeSum(axis: $1) } + scan("cumulativeProduct") { $0.cumulativeProduct(axis: $1) }
  + scan("cumulativeMax") { $0.cumulativeMax(axis: $1) } + scan("cumulativeMin") { $0.cumulativeMin(axis: $1) }
  + scan("logCumulativeSumExp") { $0.logCumulativeSumExp(axis: $1) } + [
    OperationCase("cumulativeProduct with zeros", [2, 5]) {
      let mask = Tensor([1, 0, 1, 0, 1, 1, 1, 0, 1, 1], shape: [2, 5]).cast(to: $0[0].dtype)
      return ($0[0] * mask).cumulativeProduct()
    },
    OperationCase("linearScan", [3, 4], [3, 4]) { .record(LinearScan(axis: 1), $0) },
    OperationCase("linearScan reversed", [3, 2, 4], [3, 2, 4]) { .record(LinearScan(axis: 0, isReversed: true), $0) },
    OperationCase("product", [2, 3, 4]) { $0[0].product(axes: [0, 2]) },
    OperationCase("product of all", [2, 3]) { $0[0].product() },
    OperationCase("product with zeros", [3, 3]) {
      let mask = Tensor([1, 0, 1, 0, 1, 0, 1, 1, 1], shape: [3, 3]).cast(to: $0[0].dtype)
      return ($0[0] * mask).product(axes: [1], keepingAxes: true)
    },
    OperationCase("product of nothing", [3, 0]) { $0[0].product(axes: [1]) },
    OperationCase("logSumExp", [2, 3, 4]) { $0[0].logSumExp(axes: [0, -1]) },
    OperationCase("logSumExp of large numbers", [3, 4]) { ($0[0] * 100 + 1000).logSumExp(axes: [1]) },
    OperationCase("logSumExp of nothing", [3, 0]) { $0[0].logSumExp(axes: [1], keepingAxes: true) },
  ]

private let sortingCases: [OperationCase] = [
  OperationCase("sorted", [3, 7]) { $0[0].sorted() },
  OperationCase("sorted descending", [3, 7]) { $0[0].sorted(descending: true) },
  OperationCase("sorted columns", [7, 3]) { $0[0].sorted(axis: 0) },
  OperationCase("sorted in the middle", [2, 5, 3]) { $0[0].sorted(axis: 1, descending: true) },
  OperationCase("sorted one", [3, 1]) { $0[0].sorted() },
  OperationCase("sorted nothing", [3, 0]) { $0[0].sorted() },
  OperationCase("sorted no rows", [0, 3]) { $0[0].sorted() },
  OperationCase("topK", [3, 8]) { $0[0].topK(3).values },
  OperationCase("topK least", [8, 3]) { $0[0].topK(2, axis: 0, largest: false).values },
  OperationCase("topK of none", [3, 4]) { $0[0].topK(0).values },
  OperationCase("topK of all", [3, 4]) { $0[0].topK(4).values },
  OperationCase("median", [3, 5]) { $0[0].median(axis: 1) },
  OperationCase("median of an even number", [4, 3]) { $0[0].median(axis: 0, keepingAxis: true) },
  OperationCase("median of all", [3, 3]) { $0[0].median() },
  OperationCase("quantile", [3, 6]) { $0[0].quantile(0.3, axis: 1) },
  OperationCase("quantile of all", [2, 4]) { $0[0].quantile(0.75, keepingAxis: true) },
  OperationCase("quantile between", [3, 6]) { x in
    let kinds: [QuantileInterpolation] = [.lower, .higher, .midpoint, .nearest]
    return Tensor.stacked(kinds.map { x[0].quantile(0.45, axis: -1, interpolation: $0) })
  },
]

private let indices = Tensor([2, 0, 3, 3, 1, 0] as [Int32], shape: [3, 2])

private let indexingCases: [OperationCase] = [
  OperationCase("gather along", [3, 4]) { $0[0].gather(indices, along: 1) },
  OperationCase("gather along columns", [4, 2]) { $0[0].gather(indices, along: 0) },
  OperationCase("gather along, transposed", [4, 3]) { $0[0].transposed.gather(indices, along: -1) },
  OperationCase("gather along, in the middle", [3, 4, 1]) {
    $0[0].gather(indices.reshaped(to: [3, 2, 1]), along: 1)
  },
  OperationCase("gather none along", [3, 4]) { $0[0].gather(Tensor([Int32](), shape: [3, 0]), along: 1) },
  OperationCase("take", [4, 3]) { $0[0].take(indices) },
  OperationCase("take columns", [2, 4, 3]) { $0[0].take(indices, axis: 1) },
  OperationCase("take one", [2, 4]) { $0[0].take(Tensor(3 as Int32), axis: -1) },
  OperationCase("scatter", [3, 4], [3, 2]) { $0[0].scatter($0[1], at: indices, along: 1) },
  OperationCase("scatter, the last counts", [4, 2], [3, 2]) {
    $0[0].scatter($0[1], at: Tensor([1, 1, 1, 3, 0, 3] as [Int32], shape: [3, 2]), along: 0)
  },
  OperationCase("scatter outside", [3, 4], [3, 2]) {
    $0[0].scatter($0[1], at: Tensor([2, 4, -1, 0, 9, 0] as [Int32], shape: [3, 2]), along: 1, mode: .add)
  },
  OperationCase("scatter added", [3, 4], [3, 2]) { $0[0].scatter($0[1], at: indices, along: 1, mode: .add) },
  OperationCase("scatter added to columns", [4, 2], [3, 2]) {
    $0[0].scatter($0[1], at: indices, along: 0, mode: .add)
  },
  OperationCase("scatter means", [3, 4], [3, 2]) { $0[0].scatter($0[1], at: indices, along: 1, mode: .mean) },
  OperationCase("scatter greatest", [4, 2], [3, 2]) { $0[0].scatter($0[1], at: indices, along: 0, mode: .max) },
  OperationCase("scatter least", [3, 4], [3, 2]) { $0[0].scatter($0[1], at: indices, along: -1, mode: .min) },
  OperationCase("scatter nothing", [3, 4], [3, 0]) {
    $0[0].scatter($0[1], at: Tensor([Int32](), shape: [3, 0]), along: 1)
  },
]

private let repetitionCases: [OperationCase] = [
  OperationCase("rolled", [3, 4]) { $0[0].rolled(by: 1, axis: 1) },
  OperationCase("rolled back", [3, 4]) { $0[0].rolled(by: -5, axis: 0) },
  OperationCase("rolled nothing", [0, 4]) { $0[0].rolled(by: 3, axis: 0) },
  OperationCase("tiled", [2, 3]) { $0[0].tiled([2, 1, 3]) },
  OperationCase("tiled no times", [2, 3]) { $0[0].tiled([0, 2]) },
  OperationCase("repeated", [2, 3]) { $0[0].repeated(3, axis: 1) },
  OperationCase("repeated rows", [2, 1, 3]) { $0[0].repeated(2, axis: 0) },
]

private let usedRowCases: [OperationCase] = [
  OperationCase("used rows", [6, 3]) {
    let numbers = Tensor([4, 1, 4, -1, 7, 1] as [Int32], shape: [6])
    return Tensor.recordAll(SumRows(rows: 5), [numbers, $0[0]])[1]
  },
  OperationCase("used rows of nothing", [0, 3]) {
    Tensor.recordAll(SumRows(rows: 5), [Tensor([] as [Int32], shape: [0]), $0[0]])[1]
  },
  OperationCase("replaced rows", [5, 3], [4, 3]) {
    $0[0].replacingRows(Tensor([3, -1, 0, 9] as [Int32], shape: [4]), with: $0[1])
  },
]
