import NeuralNetworks
import Tensors

/// A ready language model as data.
public struct LanguageModelDescription: NetworkDescription {
  /// Which network.
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable {
    /// The feed-forward network of Bengio et al. 2003. See `NeuralProbabilisticModel`.
    case mlp
    /// Recurrent networks. See `RecurrentLanguageModel`.
    case rnn, lstm, gru
    /// Causal self-attention in GPT-2's layout. See `Transformer`.
    case transformer
  }

  public static let task = NetworkTask.text
  public static var kindNames: [String] { Kind.allCases.map(\.rawValue) }
  public var kindName: String { kind.rawValue }

  /// Distinguishes it from other descriptions.
  public private(set) var task = NetworkTask.text
  /// Which network it describes.
  public var kind: Kind
  /// How many tokens the tokenizer has.
  public var vocabulary: Int
  /// How many positions are trained at once. It limits the context of `transformer`, and is that of `mlp`.
  public var context: Int
  /// The width of the blocks, of the recurrent layers or of the hidden layer.
  public var width: Int
  /// Blocks or recurrent layers; `mlp` always has one hidden layer.
  public var layers: Int
  /// How many attention heads each block of `transformer` has; they divide the width.
  public var heads: Int
  /// The rate of dropout in training, 0 to below 1.
  public var dropout: Float
  /// How `transformer` is told the positions of the tokens.
  public var positions: PositionalEncoding
  /// For `transformer`: whether input and output embeddings are tied.
  public var tiesOutput: Bool

  /// A network of this kind for so many tokens. Nothing is checked here; see `check()`.
  public init(
    kind: Kind, vocabulary: Int, context: Int = 64, width: Int = 128, layers: Int = 4, heads: Int = 4,
    dropout: Float = 0, positions: PositionalEncoding = .learned, tiesOutput: Bool = false
  ) {
    self.kind = kind
    self.vocabulary = vocabulary
    self.context = context
    self.width = width
    self.layers = layers
    self.heads = heads
    self.dropout = dropout
    self.positions = positions
    self.tiesOutput = tiesOutput
  }

  /// The kind of this name. Throws a sentence that lists the known names.
  public static func kind(named name: String) throws -> Kind {
    guard let kind = Kind(rawValue: name) else {
      throw ModelError("there is no model '\(name)'; there is \(kindNames.joined(separator: ", "))")
    }
    return kind
  }

  /// The width of the token embeddings of `mlp` and the recurrent networks.
  private var embeddingWidth: Int { max(width / 2, 1) }

  /// How many positions a training window has: enough to use a step well, whatever the network's context.
  public var window: Int { kind == .mlp ? max(context, 64) : context }

  public func check() throws {
    let limit = 1...(1 << 16)
    for (name, value, range) in [
      ("vocabulary", vocabulary, 1...(1 << 24)), ("context", context, limit), ("width", width, limit),
      ("layers", layers, 1...1024), ("heads", heads, limit),
    ] where !range.contains(value) {
      throw ModelError("\(name) must be \(range.lowerBound) to \(range.upperBound), not \(value)")
    }
    guard dropout >= 0, dropout < 1 else {
      throw ModelError("dropout must be at least 0 and below 1, not \(dropout)")
    }
    guard kind == .transformer else { return }
    guard width % heads == 0 else {
      throw ModelError(
        "the width \(width) must be a multiple of the \(heads) heads; try \(width / heads * heads + heads)")
    }
    guard positions != .rotary || width / heads % 2 == 0 else {
      throw ModelError("rotary positions need an even head width, not \(width) / \(heads) = \(width / heads)")
    }
  }

  public func makeModel() throws -> any LanguageModel {
    try check()
    func recurrent(_ cell: RecurrentCell) -> RecurrentLanguageModel {
      RecurrentLanguageModel(
        cell, vocabulary: vocabulary, embeddingWidth: embeddingWidth, width: width, layers: layers, dropout: dropout)
    }
    let model: any LanguageModel =
      switch kind {
      case .mlp:
        NeuralProbabilisticModel(vocabulary: vocabulary, order: context, width: embeddingWidth, hidden: width)
      case .rnn: recurrent(.tanh)
      case .lstm: recurrent(.lstm)
      case .gru: recurrent(.gru)
      case .transformer:
        Transformer(
          .init(
            vocabulary: vocabulary, context: context, width: width, layers: layers, heads: heads, dropout: dropout,
            positions: positions, tiesOutput: tiesOutput))
      }
    _ = model.parameters  // Sets the names of parameters and layers, for messages.
    return model
  }

  public var example: Tensor {
    do { try check() } catch { return .failed(TensorError("\(error)")) }
    return Tensor([Int32](repeating: 0, count: context), shape: [1, context])
  }

  public func layer(_ network: any LanguageModel) -> any Layer { network }
}
