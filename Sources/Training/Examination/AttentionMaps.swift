import NeuralNetworks
import Tensors

/// Which positions each head of an attention layer looks at, for one example.
package struct AttentionMaps: Sendable {
  /// An attention layer.
  package struct Layer: Sendable {
    package var name: String
    package var queries: Int
    package var keys: Int
    /// The weights of each head by rows: [queries, keys], each row a distribution.
    package var heads: [[Float]]
    /// The greatest weight of all heads.
    package var greatest: Float
  }

  /// The attention layers in the order of execution, at most eight.
  package let layers: [Layer]
  /// What the pictures show.
  package let note: String

  /// The attention of `model` for the first example of the batch. `nil` where it has no attention layer. Throws what the
  /// model throws.
  package init?(of model: any NeuralNetworks.Layer, example: Tensor?, note: String) throws {
    guard let example, example.failure == nil, example.shape.rank > 0, example.shape[0] > 0 else { return nil }
    let first = example.shape[0] == 1 ? example : example[..<1]
    let records = inference { tracingAttention { model(first) } }.records
    guard !records.isEmpty else { return nil }
    self.note = note
    let weights = records.prefix(8).map { $0.weights.cast(to: .float32) }
    try evaluate(weights)
    layers = try zip(records, weights).compactMap { record, weights in
      let shape = weights.shape
      guard shape.rank == 4, shape[2] > 0, shape[3] > 0 else { return nil }
      let values = try weights.values()
      let size = shape[2] * shape[3]
      return Layer(
        name: record.name, queries: shape[2], keys: shape[3],
        heads: (0..<min(shape[1], 16)).map { Array(values[$0 * size..<($0 + 1) * size]) },
        greatest: max(values.max() ?? 1, 1e-6))
    }
  }
}
