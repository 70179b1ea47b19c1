@testable import Tensors

/// Convolution, padding and pooling of sequences, images and volumes, and resampling.
let imageCases: [OperationCase] = convolutionCases + paddingCases + poolingCases + resamplingCases

private let convolutionCases: [OperationCase] = [
  OperationCase("convolution 1D", [2, 2, 5], [3, 2, 2]) { $0[0].convolved(with: $0[1]) },
  OperationCase("convolution 1D, all arguments", [1, 4, 7], [2, 2, 3]) {
    $0[0].convolved(with: $0[1], stride: 2, paddingBegin: 1, paddingEnd: 3, dilation: 2, groups: 2)
  },
  OperationCase("convolution 3D", [1, 2, 3, 3, 2], [2, 2, 2, 2, 2]) { $0[0].convolved(with: $0[1]) },
  OperationCase("convolution 3D, all arguments", [1, 2, 4, 3, 3], [2, 1, 2, 2, 2]) {
    $0[0].convolved(
      with: $0[1], stride: [2, 1, 2], paddingBegin: [1, 0, 1], paddingEnd: [2, 1, 0], dilation: [2, 1, 1], groups: 2)
  },
  OperationCase("convolution 3D of nothing", [0, 2, 3, 3, 2], [2, 2, 2, 2, 2]) { $0[0].convolved(with: $0[1]) },
  OperationCase("transposed convolution 1D", [1, 2, 3], [2, 2, 3]) {
    $0[0].transposeConvolved(with: $0[1], stride: 2, paddingBegin: 1, outputPadding: 1)
  },
  OperationCase("transposed convolution", [1, 2, 2, 3], [2, 1, 2, 3]) {
    $0[0].transposeConvolved(
      with: $0[1], stride: [3, 1], paddingEnd: 1, outputPadding: [2, 0], dilation: [1, 2], groups: 2)
  },
  OperationCase("transposed convolution 3D", [1, 2, 2, 2, 2], [2, 1, 2, 2, 2]) {
    $0[0].transposeConvolved(with: $0[1], stride: [2, 1, 1], paddingBegin: [1, 0, 0], groups: 2)
  },
]

private let paddingCases: [OperationCase] = PaddingMode.allCases.flatMap { mode in
  [
    OperationCase("pad \(mode)", [4, 3]) { $0[0].padded(before: [2, 0], after: [3, 2], mode: mode).square() },
    OperationCase("pad \(mode), transposed", [3, 4]) {
      $0[0].transposed.padded(before: [1, 1], after: [0, 0], mode: mode).square()
    },
  ]
}

private let poolingCases: [OperationCase] = [
  OperationCase("maxPool 1D", [2, 2, 7]) { $0[0].maxPooled(kernel: 3, stride: 2, paddingBegin: 1, roundsUp: true) },
  OperationCase("maxPool dilated", [1, 2, 5, 5]) { $0[0].maxPooled(kernel: 2, stride: 1, dilation: [2, 1]) },
  OperationCase("maxPool 3D", [1, 2, 4, 3, 3]) {
    $0[0].maxPooled(kernel: 2, stride: [2, 1, 1], paddingBegin: [1, 0, 1], roundsUp: true).square()
  },
  OperationCase("averagePool 1D", [2, 2, 6]) { $0[0].averagePooled(kernel: 2).square() },
  OperationCase("averagePool 3D", [1, 1, 4, 3, 5]) {
    $0[0].averagePooled(kernel: [2, 2, 3], stride: 2, paddingBegin: 1, roundsUp: true, countsPadding: false).square()
  },
  OperationCase("averagePool, rounded up", [1, 2, 6, 5]) {
    $0[0].averagePooled(kernel: 3, stride: 2, paddingBegin: 1, paddingEnd: 1, roundsUp: true)
  },
  OperationCase("lpPool", [1, 2, 4, 5], domain: .positive) { $0[0].lpPooled(power: 3, kernel: 2) },
  OperationCase("positions", [1, 2, 5, 6]) {
    let pooled = $0[0].maxPooledWithPositions(kernel: [2, 3])
    return pooled.values.maxUnpooled(to: [5, 6], positions: pooled.positions)
  },
  OperationCase("positions 3D", [1, 1, 4, 3, 4]) {
    let pooled = $0[0].maxPooledWithPositions(kernel: 2)
    return pooled.values.maxUnpooled(to: [4, 3, 4], positions: pooled.positions).square()
  },
]

private let matrix = SparseMatrix(
  columns: 4, rows: [[(0, 0.5), (3, -2)], [], [(1, 1)], [(2, 0.25), (1, 0.75), (0, 2)], [(3, 1)]])

private let resamplingCases: [OperationCase] = [
  OperationCase("sparseProduct", [3, 4]) { $0[0].product(matrix, along: 1) },
  OperationCase("sparseProduct of columns", [4, 3]) { $0[0].product(matrix, along: 0).square() },
  OperationCase("sparseProduct, transposed", [2, 3, 4]) { $0[0].permuted([2, 0, 1]).product(matrix, along: 0) },
  OperationCase("sparseProduct, channels last", [2, 3, 4, 5], [4, 3, 1, 2]) {
    ($0[0] * 0.3).convolved(with: $0[1]).product(matrix, along: 2).square()
  },
  OperationCase("sparseProduct of a slice", [4, 5]) {
    $0[0].sliced(starts: [0, 1], shape: [4, 3]).product(matrix, along: 0)
  },
  OperationCase("sparseProduct of nothing", [0, 4]) { $0[0].product(matrix, along: 1) },
  OperationCase("resized", [1, 2, 3, 4]) { $0[0].resized(to: [5, 2]).square() },
  OperationCase("resized, cubic", [1, 1, 4, 3]) { $0[0].resized(to: [3, 6], mode: .cubic, alignsCorners: true) },
  OperationCase("resized, antialiased", [1, 2, 7]) { $0[0].resized(to: 3, mode: .cubic, antialiases: true) },
  OperationCase("resized, nearest", [1, 1, 2, 3, 2]) { $0[0].resized(to: [3, 2, 5], mode: .nearest).square() },
  OperationCase("adaptiveAveragePool", [1, 2, 5, 3]) { $0[0].adaptiveAveragePooled(to: [3, 2]) },
  OperationCase("adaptiveMaxPool", [1, 2, 5, 4]) { $0[0].adaptiveMaxPooled(to: [3, 2]).square() },
  OperationCase("fractionalMaxPool", [1, 2, 6, 5]) {
    let samples = Tensor([0.3, 0.8, 0.05, 0.6], shape: [1, 2, 2])
    return $0[0].fractionalMaxPooled(kernel: 2, to: [3, 4], samples: samples).values
  },
  OperationCase("unfolded", [1, 2, 4, 3]) { $0[0].unfolded(kernel: 2, stride: [2, 1], paddingBegin: 1).square() },
  OperationCase("folded", [1, 8, 6]) { $0[0].folded(to: [3, 4], kernel: 2).square() },
  OperationCase("gridSampled", [1, 2, 4, 3], [1, 2, 2, 2]) { $0[0].gridSampled(at: $0[1]) },
  OperationCase("gridSampled, cubic", [2, 1, 4, 5], [2, 2, 1, 2]) {
    $0[0].gridSampled(at: $0[1], mode: .cubic, paddingMode: .reflect)
  },
  OperationCase("gridSampled, volumes", [1, 1, 3, 4, 3], [1, 1, 2, 1, 3]) {
    $0[0].gridSampled(at: $0[1] * 0.5, paddingMode: .replicate, alignsCorners: true)
  },
  OperationCase("gridSampled, nearest", [1, 2, 4, 3], [1, 2, 2, 2]) {
    $0[0].gridSampled(at: $0[1].stoppingGradient(), mode: .nearest)
  },
  OperationCase("affineGrid", [2, 2, 3]) { $0[0].affineGrid(size: [2, 3]).square() },
]
