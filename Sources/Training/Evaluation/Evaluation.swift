#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The evaluation of a model on data that it is not trained on.
public enum Evaluation: Hashable, Sendable, Codable {
  /// The result of a classifier.
  case classification(ClassificationResult)
  /// The result of a language model.
  case language(LanguageResult)
  /// The result of predicting numbers.
  case regression(RegressionResult)
  /// The result of any other task: named metrics.
  case metrics(MetricsResult)

  /// The mean loss, which early stopping watches; of classifiers and language models in nats, of predicted numbers the
  /// mean squared error in squared standard deviations.
  public var loss: Double {
    switch self {
    case .classification(let result): result.loss
    case .language(let result): result.loss
    case .regression(let result): result.loss
    case .metrics(let result): result.loss
    }
  }

  /// The metrics by name, without the loss.
  public var metrics: [String: Double] {
    switch self {
    case .classification(let result): ["accuracy": result.accuracy]
    case .language(let result): ["perplexity": result.perplexity, "bitsPerCharacter": result.bitsPerCharacter]
    case .regression(let result):
      ["MAE": result.meanAbsoluteError, "RMSE": result.rootMeanSquaredError].merging(
        result.r2.map { ["R²": $0] } ?? [:]
      ) {
        $1
      }
    case .metrics(let result): result.metrics
    }
  }
}

/// The evaluation of a task of one's own.
public struct MetricsResult: Hashable, Sendable, Codable {
  /// What early stopping watches: the lower, the better.
  public var loss: Double
  /// Other measures by name, such as "MAE".
  public var metrics: [String: Double]

  /// A result with this loss and these other measures.
  public init(loss: Double, metrics: [String: Double] = [:]) {
    self.loss = loss
    self.metrics = metrics
  }
}

/// The evaluation of a classifier.
public struct ClassificationResult: Hashable, Sendable, Codable {
  /// Mean cross-entropy in nats.
  public var loss: Double
  /// Share classified correctly, 0 to 1.
  public var accuracy: Double
  /// How many examples of each class were taken for each class.
  public var confusionMatrix: ConfusionMatrix
  /// Seconds that the evaluation took.
  public var seconds: Double
  /// Examples evaluated a second.
  public var examplesPerSecond: Double
}

/// The evaluation of a language model on a text.
public struct LanguageResult: Hashable, Sendable, Codable {
  /// Mean cross-entropy of a token in nats.
  public var loss: Double
  /// How many tokens were predicted.
  public var tokens: Int
  /// How many characters of text these tokens are.
  public var characters: Int
  /// Seconds that the evaluation took.
  public var seconds: Double

  /// A result of these numbers: the mean loss in nats over so many tokens, which decode to so many characters.
  public init(loss: Double, tokens: Int, characters: Int, seconds: Double) {
    self.loss = loss
    self.tokens = tokens
    self.characters = characters
    self.seconds = seconds
  }

  /// The perplexity: e to the loss, as if that many tokens were equally likely.
  public var perplexity: Double { exp(loss) }

  /// Bits per character: independent of the tokens, so that models with different tokenizers can be compared.
  public var bitsPerCharacter: Double {
    characters == 0 ? 0 : loss * Double(tokens) / Double(characters) / log(2)
  }

  /// Tokens evaluated a second.
  public var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-9) }
}
