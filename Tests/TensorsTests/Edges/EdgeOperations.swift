import NeuralNetworks

@testable import Tensors

/// The functions of the rows of `edges.json`, by the name of their operation; inputs in the same order.
let edgeOperations: [String: @Sendable ([Tensor]) -> Tensor] = {
  var all: [String: @Sendable ([Tensor]) -> Tensor] = [:]
  for kind in Unary.allCases { all[kind.name] = { $0[0].unary(kind.function) } }
  for kind in Binary.allCases { all[kind.name] = { $0[0].binary(kind.function, $0[1]) } }
  for activation in [Activation.none, .relu, .tanh, .sigmoid, .gelu, .geluTanh, .silu] {
    all["activation \(activation.rawValue)"] = { activation($0[0]) }
  }
  for kind in Reduction.allCases {
    let name = kind == .maximum || kind == .minimum ? "\(kind.rawValue) of" : kind.rawValue
    all["\(name) rows"] = { reduced(kind, $0[0], axis: 1) }
    all["\(name) columns"] = { reduced(kind, $0[0], axis: 0) }
  }
  for cell in RecurrentCell.allCases {
    let name = cell == .tanh || cell == .relu ? "\(cell.rawValue) layer" : cell.rawValue
    all[name] = { recurred(cell, reversed: false, $0) }
    all["\(name) reversed"] = { recurred(cell, reversed: true, $0) }
  }
  for more in [elementwise, movement, products, networks, arrayEdges, mathematicsEdges, algebraEdges, signalEdges] {
    all.merge(more) { _, new in new }
  }
  return all
}()

private func reduced(_ kind: Reduction, _ x: Tensor, axis: Int) -> Tensor {
  Tensor.record(Reduce(kind: kind, axes: [axis]), [x]).reshaped(to: [x.shape[1 - axis]])
}
private func recurred(_ cell: RecurrentCell, reversed: Bool, _ inputs: [Tensor]) -> Tensor {
  inputs[0].recurred(
    cell, reversed: reversed, weights: inputs[1], bias: inputs[2], lengths: inputs[3], initial: inputs[4],
    initialCell: cell == .lstm ? inputs[5] : nil
  ).states
}

private let elementwise: [String: @Sendable ([Tensor]) -> Tensor] = [
  "power 0": { $0[0].power(.full([], 0)) },
  "power 1": { $0[0].power(.full([], 1)) },
  "power 2": { $0[0].power(.full([], 2)) },
  "power 3": { $0[0].power(.full([], 3)) },
  "power a half": { $0[0].power(.full([], 0.5)) },
  "power minus one": { $0[0].power(.full([], -1)) },
  "times a half": { $0[0] * 0.5 },
  "where": { .where($0[0], $0[1], $0[2]) },
  "softplus": { $0[0].softplus() },
  "customGradient": {
    .customGradient(of: $0[0]) {
      $0.floor()
    } gradient: { _, _, upstream in
      upstream
    }
  },
  "stopGradient": { $0[0].stoppingGradient() },
  "cast to int32": { $0[0].cast(to: .int32) },
  "cast to float32": { $0[0].cast(to: .float32) },
]

private let movement: [String: @Sendable ([Tensor]) -> Tensor] = [
  "reshape": { $0[0].reshaped(to: [4, 5]) },
  "permute": { $0[0].permuted([2, 0, 1]) },
  "broadcast": { $0[0].broadcast(to: [3, $0[0].shape[-1]]) },
  "reverse": { $0[0].reversed(axes: [1]) },
  "slice": { $0[0].sliced(starts: [1, 2], shape: [2, 2]) },
  "slice of nothing": { $0[0].sliced(starts: [1, 2], shape: [0, 2]) },
  "pad": { $0[0].padded(before: [1], after: [2], with: -.infinity) },
  "concatenate": { .concatenated([$0[0], $0[1], $0[0]], axis: 0) },
  "gather": { $0[0].rows($0[1]) },
  "scatterAdd": { .record(ScatterAdd(rows: 3), [$0[1], $0[0]]) },
  "replaceSlice": { $0[0].replacing(axis: 0, at: $0[2], with: $0[1]) },
  "argmax": { $0[0].argmax(axis: 1) },
]

private let products: [String: @Sendable ([Tensor]) -> Tensor] = [
  "matmul": { $0[0].matmul($0[1]) },
  "convolution": { $0[0].convolved(with: $0[1], paddingBegin: 1, paddingEnd: 1) },
  "convolution by two": { $0[0].convolved(with: $0[1], stride: 2) },
  "convolution of points": { $0[0].convolved(with: $0[1]) },
  "convolution in groups": { $0[0].convolved(with: $0[1], paddingBegin: 1, paddingEnd: 1, groups: 2) },
  "max-pool": { $0[0].maxPooled(kernel: 2, stride: 2) },
  "mean-pool": { $0[0].averagePooled(kernel: 2, stride: 2) },
  "max-pool with padding": { $0[0].maxPooled(kernel: 3, stride: 2, paddingBegin: 1) },
  "mean-pool with padding": { $0[0].averagePooled(kernel: 3, stride: 2, paddingBegin: 1) },
  "unfold": { .record(Unfold(window: Window(kernel: 2), outside: Constant(0)), [$0[0]]) },
  "fold": { .record(Fold(window: Window(kernel: 2), height: 3, width: 3), [$0[0]]) },
]

private let networks: [String: @Sendable ([Tensor]) -> Tensor] = [
  "softmax": { $0[0].softmax() },
  "logSoftmax": { $0[0].logSoftmax() },
  "crossEntropy": { crossEntropyLosses(logits: $0[0], labels: $0[1]) },
  "mean crossEntropy": { crossEntropy(logits: $0[0], labels: $0[1]) },
  "masked crossEntropy": {
    let labels = Tensor([0, 2, -1, 1] as [Int32], shape: [4])
    return Tensor.where(
      Tensor([1, 1, 0, 0], shape: [4]), crossEntropyLosses(logits: $0[0], labels: labels), .zeros([]))
  },
  "meanSquaredError": { meanSquaredError($0[0], $0[1]) },
  "layerNorm": { $0[0].layerNormalized(scale: $0[1], shift: $0[2]) },
  "groupNorm": { $0[0].groupNormalized(groups: 2, scale: $0[1], shift: $0[2]) },
  "batchNorm": { $0[0].batchNormalized(scale: $0[1], shift: $0[2]).output },
  "attention": { attention(queries: $0[0], keys: $0[1], values: $0[2], lengths: $0[3]) },
  "causal attention": { attention(queries: $0[0], keys: $0[1], values: $0[2], lengths: $0[3], causal: true) },
]
