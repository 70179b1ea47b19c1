@testable import Tensors

/// The operations of sequence models; part of `operationCases`.
let sequenceCases: [OperationCase] =
  rowCases + tableCases + normalizationCases + recurrenceCases + ctcCases

private let numbers: [Int32] = [2, 0, 2, 4, 1, 2]

private let rowCases: [OperationCase] = [
  OperationCase("gather", [5, 3]) { .record(Gather(), [$0[0], Tensor(numbers, shape: [2, 3])]) },
  OperationCase("gather transposed", [17, 5]) {
    .record(Gather(), [$0[0].transposed, Tensor(numbers, shape: [6])])
  },
  OperationCase("gather nothing", [5, 3]) {
    .record(Gather(), [$0[0], Tensor([] as [Int32], shape: [0, 2])])
  },
  OperationCase("scatterAdd", [2, 3, 4]) {
    .record(ScatterAdd(rows: 5), [Tensor(numbers, shape: [2, 3]), $0[0]])
  },
  OperationCase("scatterAdd wide", [6, 37]) {
    .record(ScatterAdd(rows: 7), [Tensor(numbers, shape: [6]), $0[0]])
  },
]

/// A table with fewer rows than are gathered from it, and products with them.
private let tableCases: [OperationCase] = [
  OperationCase("table product", [4, 3], [3, 5]) {
    let rows = Tensor.record(Gather(), [$0[0], Tensor(tableNumbers, shape: [3, 2])])
    return rows.permuted([1, 0, 2]).permuted([1, 0, 2]).matmul($0[1])
  },
  OperationCase("table product transposed", [4, 3], [6, 2]) {
    Tensor.record(Gather(), [$0[0], Tensor(tableNumbers, shape: [6])]).transposed.matmul($0[1])
  },
  OperationCase("sum of products by number", [6, 3], [3, 5]) {
    .record(
      ScatterAdd(rows: 4),
      [Tensor(tableNumbers, shape: [2, 3]), $0[0].matmul($0[1]).reshaped(to: [2, 3, 5])])
  },
]
private let tableNumbers: [Int32] = [3, 0, 3, 1, 1, 3]

private let normalizationCases: [OperationCase] =
  [[3, 5], [2, 3, 17], [1, 1], [5, 40], [70, 33], [0, 3]].flatMap { (shape: Shape) in
    [
      OperationCase("layerNorm", shape, [shape[-1]], [shape[-1]]) {
        Tensor.recordAll(GroupNorm(epsilon: 1e-2), $0)[0]
      },
      OperationCase("layerNorm statistics", shape) {
        let width = Shape([$0[0].shape[-1]])
        let all = Tensor.recordAll(
          GroupNorm(epsilon: 1e-2), [$0[0], .ones(width, dtype: $0[0].dtype), .zeros(width, dtype: $0[0].dtype)])
        return all[1] + all[2]
      },
    ]
  } + [
    OperationCase("groupNorm", [3, 4], [4], [4]) {
      $0[0].groupNormalized(groups: 2, scale: $0[1], shift: $0[2], epsilon: 1e-2)
    },
    OperationCase("groupNorm of images", [2, 6, 3, 7], [6], [6]) {
      $0[0].groupNormalized(groups: 3, scale: $0[1], shift: $0[2], epsilon: 1e-2)
    },
    OperationCase("groupNorm, one group, transposed", [3, 5, 2], [5], [5]) {
      $0[0].permuted([2, 1, 0]).groupNormalized(groups: 1, scale: $0[1], shift: $0[2], epsilon: 1e-2)
    },
    OperationCase("groupNorm of each channel", [2, 3, 20], [3], [3]) {
      $0[0].groupNormalized(groups: 3, scale: $0[1], shift: $0[2], epsilon: 1e-2)
    },
    OperationCase("groupNorm of nothing", [0, 4, 3], [4], [4]) {
      $0[0].groupNormalized(groups: 2, scale: $0[1], shift: $0[2])
    },
    OperationCase("groupNorm statistics", [2, 4, 3]) {
      let all = Tensor.recordAll(
        GroupNorm(groups: 2, epsilon: 1e-2), [$0[0], .ones([4], dtype: $0[0].dtype), .zeros([4], dtype: $0[0].dtype)])
      return all[1] + all[2]
    },
    OperationCase("groupNormGradient", [3, 4, 5], [4], [3, 4, 5]) {
      let all = Tensor.recordAll(GroupNorm(groups: 2, epsilon: 1e-2), [$0[0], $0[1], .zeros([4], dtype: $0[0].dtype)])
      let gradients = Tensor.recordAll(
        GroupNormGradient(forward: GroupNorm(groups: 2, epsilon: 1e-2)), [$0[0], all[1], all[2], $0[1], $0[2]])
      return gradients[0] * gradients[1].reshaped(to: [4, 1]) + gradients[2].reshaped(to: [4, 1])
    },
    OperationCase("layerNormGradient", [3, 5], [5], [3, 5]) {
      let all = Tensor.recordAll(GroupNorm(epsilon: 1e-2), [$0[0], $0[1], .zeros([5], dtype: $0[0].dtype)])
      let gradients = Tensor.recordAll(
        GroupNormGradient(forward: GroupNorm(epsilon: 1e-2)), [$0[0], all[1], all[2], $0[1], $0[2]])
      return gradients[0] * gradients[1] + gradients[2]
    },
  ]

private let ctcCases: [OperationCase] = [
  ctc("ctc", [1, 2, 2, 1], [4, 4], [2, 1]), ctc("ctc of short inputs", [1, 1, 2, 2], [3, 2], [2, 1]),
  ctc("ctc without targets", [1, 1, 2, 2], [4, 0], [0, 0]), ctc("ctc, impossible", [1, 1, 2, 2], [4, 2], [2, 2]),
  ctc("ctc of blanks as targets", [1, 0, 0, 2], [4, 4], [2, 2]),
]
private func ctc(_ name: String, _ targets: [Int32], _ inputs: [Int32], _ lengths: [Int32]) -> OperationCase {
  OperationCase(name, [4, 2, 3]) {
    let losses = ctcLosses(
      logProbabilities: $0[0].logSoftmax(), targets: Tensor(targets, shape: [2, 2]),
      inputLengths: Tensor(inputs, shape: [2]), targetLengths: Tensor(lengths, shape: [2]))
    return .where(losses.isInfinite(), .fill(0, [], losses.dtype), losses)
  }
}

private struct RecurrenceShape {
  var time: Int, batch: Int, size: Int
  var lengths: [Int32]
}

private let recurrenceCases: [OperationCase] = RecurrentCell.allCases.flatMap { cell in
  [false, true].flatMap { reversed in
    [
      RecurrenceShape(time: 1, batch: 1, size: 1, lengths: [1]),
      RecurrenceShape(time: 3, batch: 2, size: 3, lengths: [3, 3]),
      RecurrenceShape(time: 3, batch: 3, size: 2, lengths: [2, 0, 3]),
      RecurrenceShape(time: 2, batch: 1, size: 17, lengths: [2]),
    ].flatMap { sizes in recurrence(cell, reversed: reversed, sizes) }
  }
}
private func recurrence(_ cell: RecurrentCell, reversed: Bool, _ sizes: RecurrenceShape) -> [OperationCase] {
  let (time, batch, size) = (sizes.time, sizes.batch, sizes.size)
  let lengths = Tensor(sizes.lengths, shape: [batch])
  let shapes: [Shape] =
    [[time, batch, cell.gates * size], [size, cell.gates * size], [cell.biases * size], [batch, size]]
    + (cell == .lstm ? [[batch, size]] : [])
  @Sendable func results(_ inputs: [Tensor]) -> [Tensor] {
    Tensor.recordAll(
      Recurrence(cell: cell, reversed: reversed),
      Array(inputs[..<3]) + [lengths] + Array(inputs[3...]))
  }
  let name = "\(cell.rawValue)\(reversed ? " reversed" : "") lengths \(sizes.lengths)"
  func whole(_ what: String, _ chosen: @escaping @Sendable ([Tensor]) -> [Tensor]) -> OperationCase {
    OperationCase("\(name) \(what)", shapes) { inputs in
      .concatenated(chosen(results(inputs)).map { $0.flattened() }, axis: 0)
    }
  }
  return [whole("states") { [$0[0]] }]
    + (cell == .lstm ? [whole("states and cells") { [$0[0], $0[1] * 0.5] }, whole("cells") { [$0[1]] }] : [])
    + (cell.savedBlocks > 0 && size == 3 ? [whole("everything") { $0 }] : [])
}
