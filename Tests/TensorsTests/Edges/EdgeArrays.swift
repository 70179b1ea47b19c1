@testable import Tensors

/// The functions of the rows of `Edges/arrays.json`; see `edgeOperations`.
let arrayEdges: [String: @Sendable ([Tensor]) -> Tensor] = [
  "cumulativeSum": { $0[0].cumulativeSum(axis: 1) },
  "cumulativeProduct": { $0[0].cumulativeProduct(axis: 1) },
  "cumulativeMax": { $0[0].cumulativeMax(axis: 1) },
  "cumulativeMin": { $0[0].cumulativeMin(axis: 1) },
  "logCumulativeSumExp": { $0[0].logCumulativeSumExp(axis: 1) },
  "product": { $0[0].product(axes: [1]) },
  "logSumExp": { $0[0].logSumExp(axes: [1]) },
  "gather along": { $0[0].gather($0[1], along: 1) },
  "scatter": { $0[0].scatter($0[2], at: $0[1], along: 1) },
  "scatter added": { $0[0].scatter($0[2], at: $0[1], along: 1, mode: .add) },
  "scatter greatest": { $0[0].scatter($0[2], at: $0[1], along: 1, mode: .max) },
  "scatter least": { $0[0].scatter($0[2], at: $0[1], along: 1, mode: .min) },
  "sorted": { $0[0].sorted() },
  "sorted descending": { $0[0].sorted(descending: true) },
  "argsorted": { $0[0].argsorted() },
  "topK": { $0[0].topK(2).values },
  "used rows": { Tensor.recordAll(SumRows(rows: 5), [$0[1], $0[0]])[1] },
  "replaced rows": { $0[0].replacingRows($0[1], with: $0[2]) },
  "checkpointed": { checkpointed($0) { [$0[0] * $0[0]] }[0] },
  "adaptiveAveragePool": { $0[0].adaptiveAveragePooled(to: 3) },
  "searchSorted": { $0[0].searchSorted($0[1], right: true) },
]
