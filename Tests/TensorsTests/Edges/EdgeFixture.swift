import Foundation

@testable import Tensors

/// `Tests/Fixtures/edges.json` and those of `Edges/`: PyTorch's results, recorded by `tools/fixtures/edges.py` and
/// `edges_*.py`.
struct EdgeFixture: Decodable, Sendable {
  /// The weights of results, and then of gradients, before they are summed; repeated cyclically.
  let weights: [Float]
  let rows: [EdgeRow]

  static let read = Result {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let parts = try [
      "edges.json", "Edges/arrays.json", "Edges/mathematics.json", "Edges/algebra.json", "Edges/signals.json",
    ].map { name in
      try JSONDecoder().decode(
        EdgeFixture.self, from: try Data(contentsOf: tests.appending(path: "Fixtures/\(name)")))
    }
    return EdgeFixture(weights: parts[0].weights, rows: parts.flatMap(\.rows))
  }
}

/// An operation at some inputs: its result, the gradient of the weighted sum of the result, and the gradient of the
/// weighted sum of the gradients, both for each input of floats.
struct EdgeRow: Decodable, Sendable {
  struct Input: Decodable, Sendable {
    let shape: [Int]
    let floats: [EdgeNumber]?
    let ints: [Int32]?

    var tensor: Tensor {
      if let ints { return Tensor(ints, shape: shape) }
      return Tensor((floats ?? []).map { Float($0.value) }, shape: shape)
    }

    /// The same with zeros for denormal numbers, as kernels read them.
    var flushed: Tensor {
      if let ints { return Tensor(ints, shape: shape) }
      return Tensor((floats ?? []).map { EdgeNumber.flushed($0.value) }, shape: shape)
    }
  }

  let operation: String
  let `case`: String
  let inputs: [Input]
  let shape: [Int]
  let value: [EdgeNumber]
  let gradients: [[EdgeNumber]]?
  let second: [[EdgeNumber]]?

  var name: String { "\(operation), \(`case`)" }
}

/// A number, or "nan", "inf", "-inf".
struct EdgeNumber: Decodable, Sendable {
  let value: Double

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let number = try? container.decode(Double.self) {
      value = number
    } else {
      let text = try container.decode(String.self)
      guard let number = Double(text) else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(text) is no number")
      }
      value = number
    }
  }

  /// The float32 of a number; zero of its sign where that is denormal.
  static func flushed(_ x: Double) -> Float {
    let y = Float(x)
    return y.isSubnormal ? Float(signOf: y, magnitudeOf: 0) : y
  }
}
