import NeuralNetworks
import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Dense layers on the numbers of a row and the embeddings of its categories: float32 [batch, features] →
/// [batch, outputs].
///
/// A row has its numbers first, then the code of each category, a whole number from 0 to below its count. Each code has
/// a learned vector; vectors and numbers together are the input of the first dense layer. Hidden layers have ReLU and
/// then dropout; the last layer has no activation: a number, or logits.
///
/// Source: Guo & Berkhahn, "Entity Embeddings of Categorical Variables", 2016.
public struct TableNetwork: Layer {
  private let embeddings: [Embedding]
  private let body: Sequential
  private let numbers: Int

  /// A network for rows of so many numbers and of categories with so many codes each.
  public init(numbers: Int, codeCounts: [Int], outputs: Int, hidden: [Int], dropout: Float = 0) {
    let widths = codeCounts.map(Self.embeddingWidth)
    self.numbers = numbers
    // Small, so that the code of unknown categories says little where training did not have it.
    embeddings = zip(codeCounts, widths).map { Embedding($0, $1, deviation: 0.1) }
    let inputs = widths.reduce(numbers) { $0.addingReportingOverflow($1).partialValue }
    let sizes = zip([inputs] + hidden, hidden)
    body = Sequential {
      for (inputs, outputs) in sizes {
        Dense(inputs, outputs, activation: .relu)
        if dropout > 0 { Dropout(dropout) }
      }
      Dense(hidden.last ?? inputs, outputs)
    }
  }

  /// The width of the vectors for a category of so many codes: 1.6 · codes^0.56, rounded, from 1 to 50.
  ///
  /// Source: the rule of fastai, found by experiments; Howard & Gugger, "fastai: A Layered API for Deep Learning",
  /// Information 11 (2020). There the limit is 600, for millions of rows.
  public static func embeddingWidth(codes: Int) -> Int {
    min(max(Int((1.6 * pow(Double(max(codes, 1)), 0.56)).rounded()), 1), 50)
  }

  public func callAsFunction(_ rows: Tensor) -> Tensor {
    let features = numbers + embeddings.count
    guard rows.failure != nil || rows.shape.rank == 2 && rows.shape[1] == features else {
      return .failed(
        TensorError("TableNetwork: rows must be [batch, \(features)], not \(rows.shape)"))
    }
    guard rows.failure == nil, !embeddings.isEmpty else { return body(rows) }
    let batch = rows.shape[0]
    var inputs = numbers > 0 ? [rows.sliced(starts: [0, 0], shape: [batch, numbers])] : []
    for (index, embedding) in embeddings.enumerated() {
      let codes = rows.sliced(starts: [0, numbers + index], shape: [batch, 1]).reshaped(to: [batch])
      let vectors = embedding(codes.cast(to: .int32))
      inputs.append(vectors.cast(to: rows.dtype))
    }
    return body(.concatenated(inputs, axis: 1))
  }
}
