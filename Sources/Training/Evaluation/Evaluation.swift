#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How well a model does on data it is shown without learning from them.
public enum Evaluation: Hashable, Sendable, Codable {
  case classification(ClassificationResult)
  case language(LanguageResult)

  /// The mean loss in nats: what falls while a model learns.
  public var loss: Double {
    switch self {
    case .classification(let result): result.loss
    case .language(let result): result.loss
    }
  }
}

/// How well a classifier does.
public struct ClassificationResult: Hashable, Sendable, Codable {
  /// Mean cross-entropy in nats.
  public var loss: Double
  /// Share classified right, 0 to 1.
  public var accuracy: Double
  public var confusionMatrix: ConfusionMatrix
  public var seconds: Double
  public var examplesPerSecond: Double
}

/// How well a language model foretells a text.
public struct LanguageResult: Hashable, Sendable, Codable {
  /// Mean cross-entropy of a token in nats.
  public var loss: Double
  /// How many tokens were foretold.
  public var tokens: Int
  /// How many characters of text these tokens are.
  public var characters: Int
  public var seconds: Double

  public init(loss: Double, tokens: Int, characters: Int, seconds: Double) {
    self.loss = loss
    self.tokens = tokens
    self.characters = characters
    self.seconds = seconds
  }

  /// Among how many equally likely tokens the model hesitates: e to the loss.
  public var perplexity: Double { exp(loss) }

  /// Bits that a character costs, whatever the tokens are; what models with different tokenizers are compared by.
  public var bitsPerCharacter: Double {
    characters == 0 ? 0 : loss * Double(tokens) / Double(characters) / log(2)
  }

  public var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-9) }
}
