import NeuralNetworks
import Testing

@testable import Tensors

/// A new operation has a row in the table, or the tests fail: `init` does not compile without it, and the table must
/// hold every case.
private enum TableOperation: String, Hashable, CaseIterable {
  case unary, binary, select, cast, stopGradient
  case reshape, permute, broadcast, slice, pad, concatenate, reduce, argmax
  case gather, scatterAdd, replaceSlice
  case matmul, unfold, fold, convolution, convolutionInputGradient, convolutionWeightGradient
  case maxPool, maxPoolGradient, averagePool, averagePoolGradient
  case batchNorm, batchNormGradient, softmax, logSoftmax, crossEntropy, crossEntropyGradient, layerNorm
  case layerNormGradient, recurrence, recurrenceGradient, attention, attentionGradient

  /// `nil` for leaves, which compute nothing.
  init?(_ op: Op) {
    switch op {
    case .data, .variable, .fill, .iota, .random, .failed: return nil
    case .unary: self = .unary
    case .binary: self = .binary
    case .select: self = .select
    case .cast: self = .cast
    case .stopGradient: self = .stopGradient
    case .reshape: self = .reshape
    case .permute: self = .permute
    case .broadcast: self = .broadcast
    case .slice: self = .slice
    case .pad: self = .pad
    case .concatenate: self = .concatenate
    case .reduce: self = .reduce
    case .argmax: self = .argmax
    case .gather: self = .gather
    case .scatterAdd: self = .scatterAdd
    case .replaceSlice: self = .replaceSlice
    case .matmul: self = .matmul
    case .unfold: self = .unfold
    case .fold: self = .fold
    case .convolution: self = .convolution
    case .convolutionInputGradient: self = .convolutionInputGradient
    case .convolutionWeightGradient: self = .convolutionWeightGradient
    case .maxPool: self = .maxPool
    case .maxPoolGradient: self = .maxPoolGradient
    case .averagePool: self = .averagePool
    case .averagePoolGradient: self = .averagePoolGradient
    case .batchNorm: self = .batchNorm
    case .batchNormGradient: self = .batchNormGradient
    case .softmax: self = .softmax
    case .logSoftmax: self = .logSoftmax
    case .crossEntropy: self = .crossEntropy
    case .crossEntropyGradient: self = .crossEntropyGradient
    case .layerNorm: self = .layerNorm
    case .layerNormGradient: self = .layerNormGradient
    case .recurrence: self = .recurrence
    case .recurrenceGradient: self = .recurrenceGradient
    case .attention: self = .attention
    case .attentionGradient: self = .attentionGradient
    }
  }
}

@Suite struct EdgeCoverageTests {
  /// The operations that the functions of the table record, gradients too.
  @Test func everyOperationIsInTheTable() throws {
    let fixture = try EdgeFixture.read.get()
    var found = Set<TableOperation>()
    for row in fixture.rows {
      let results = EdgeResults(
        of: row, at: row.inputs.map(\.tensor), weights: fixture.weights, try #require(edgeOperations[row.operation]))
      for node in nodesReachable(from: EdgePart.all(of: row).compactMap { results[$0] }) {
        if let operation = TableOperation(node.op) { found.insert(operation) }
      }
    }
    #expect(Set(TableOperation.allCases).subtracting(found) == [])
  }

  /// A deviation that does not exist any more must be removed.
  @Test func everyDeviationConcernsARow() throws {
    let rows = try EdgeFixture.read.get().rows
    for deviation in edgeDeviations {
      let isNeeded = rows.contains { $0.isConcerned(by: deviation) }
      #expect(isNeeded, "\(deviation.rows): \(deviation.reason)")
    }
  }

  /// The kinds of an operation, which are rows by their names.
  @Test func everyKindHasARow() throws {
    let rows = Set(try EdgeFixture.read.get().rows.map(\.operation))
    #expect(Set(edgeOperations.keys).symmetricDifference(rows) == [])
  }
}
