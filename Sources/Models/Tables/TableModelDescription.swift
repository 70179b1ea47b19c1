import NeuralNetworks
import Tensors

/// A ready network for rows of a table as data.
public struct TableModelDescription: NetworkDescription {
  /// Which network.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// Dense layers with ReLU and dropout on numbers and the embeddings of categories. See `TableNetwork`.
    case mlp
  }

  public static let task = NetworkTask.table
  public static var kindNames: [String] { Kind.allCases.map(\.rawValue) }
  public var kindName: String { kind.rawValue }

  /// Distinguishes it from other descriptions.
  public private(set) var task = NetworkTask.table
  /// Which network it describes.
  public var kind: Kind
  /// How many numbers a row has.
  public var numbers: Int
  /// How many codes each category has, which follow the numbers in a row.
  public var codeCounts: [Int]
  /// How many numbers the network gives for a row: 1 for regression, or a logit for each class.
  public var outputs: Int
  /// The widths of the hidden layers.
  public var hidden: [Int]
  /// The rate of dropout in training after each hidden layer, 0 to below 1.
  public var dropout: Float

  /// A network of this kind. Nothing is checked here; see `check()`.
  public init(
    kind: Kind = .mlp, numbers: Int, codeCounts: [Int] = [], outputs: Int, hidden: [Int] = [128, 128],
    dropout: Float = 0
  ) {
    self.kind = kind
    self.numbers = numbers
    self.codeCounts = codeCounts
    self.outputs = outputs
    self.hidden = hidden
    self.dropout = dropout
  }

  /// Throws a sentence where no such network can be built.
  public func check() throws {
    let most = 1 << 16
    guard (0...1 << 18).contains(numbers), codeCounts.count <= most, numbers + codeCounts.count > 0 else {
      throw ModelError(
        "a row must have from 1 to 262144 numbers and at most 65536 categories, not \(numbers) and \(codeCounts.count)")
    }
    guard codeCounts.allSatisfy((1...1 << 24).contains) else {
      throw ModelError("a category must have from 1 to 2²⁴ codes")
    }
    guard (1...most).contains(outputs), hidden.count <= 64, hidden.allSatisfy((1...most).contains) else {
      throw ModelError(
        "outputs and hidden widths must be 1 to 65536, and at most 64 layers, not \(outputs) and \(hidden.prefix(65))")
    }
    guard dropout >= 0, dropout < 1 else {
      throw ModelError("dropout must be at least 0 and below 1, not \(dropout)")
    }
  }

  /// Builds the network, its weights drawn from `Random.current`.
  public func makeModel() throws -> any Layer {
    try check()
    let model = TableNetwork(
      numbers: numbers, codeCounts: codeCounts, outputs: outputs, hidden: hidden, dropout: dropout)
    _ = model.parameters  // Sets the names of parameters and layers, for messages.
    return model
  }

  public var example: Tensor { .zeros([1, numbers + codeCounts.count]) }

  public func layer(_ network: any Layer) -> any Layer { network }
}
