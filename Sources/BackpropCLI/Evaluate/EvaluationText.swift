import Backprop
import Files

/// The results of an evaluation as text.
enum EvaluationText {
  static func lines(
    _ evaluation: Evaluation, _ classNames: [String], on set: EvaluatedSet = .test
  ) -> [String] {
    switch evaluation {
    case .classification(let result): lines(result, classNames, set)
    case .regression(let result):
      [
        "MAE \(result.meanAbsoluteError.significant(4)), RMSE \(result.rootMeanSquaredError.significant(4))"
          + (result.r2.map { ", R² \($0.fixed(4))" } ?? "") + " (\("row".counted(result.count)))",
        "predicting the mean of the training rows: MAE \(result.baselineMeanAbsoluteError.significant(4)), "
          + "RMSE \(result.baselineRootMeanSquaredError.significant(4))",
      ]
    case .metrics(let result):
      ["\(set.rawValue) loss \(result.loss.fixed(4))"]
        + result.metrics.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.fixed(4))" }
    case .language(let result):
      [
        "\(set.rawValue) loss \(result.loss.fixed(4)) nats a token, perplexity \(result.perplexity.fixed(3)), "
          + "\(result.bitsPerCharacter.fixed(4)) bits a character (\(result.tokens.grouped) tokens)"
      ]
    }
  }

  private static func lines(
    _ result: ClassificationResult, _ classNames: [String], _ set: EvaluatedSet
  ) -> [String] {
    let counts = result.confusionMatrix.counts.map { $0.reduce(0, +) }
    let name = { (label: Int) in classNames.indices.contains(label) ? classNames[label].printable : "\(label)" }
    let common = counts.indices.max { (counts[$0], $1) < (counts[$1], $0) } ?? 0
    let absent = counts.indices.filter { counts[$0] == 0 }.map(name)
    return [
      "\(set.rawValue) accuracy \(result.accuracy.fixed(4)) "
        + "(\(result.confusionMatrix.correct.grouped) of \(result.confusionMatrix.total.grouped)), "
        + "loss \(result.loss.fixed(4)), F1 \(result.confusionMatrix.f1(.macro).fixed(4))",
      "always saying \(name(common)): accuracy "
        + "\((Double(counts.max() ?? 0) / Double(max(result.confusionMatrix.total, 1))).fixed(4))",
    ]
      + (absent.isEmpty
        ? [] : [Terminal.wrapped("no examples, so nothing is known of: \(absent.sentenceList)", for: 1)])
      + [""] + matrix(result.confusionMatrix, classNames) + [""]
  }

  /// A row for each true class, a column for each predicted one; a dot where nothing was confused.
  static func matrix(_ matrix: ConfusionMatrix, _ classNames: [String]) -> [String] {
    let name = { (label: Int) in classNames.indices.contains(label) ? classNames[label].printable : "\(label)" }
    let classes = 0..<matrix.classes
    // Long names would make the columns wide: where one is long, all columns have numbers.
    let areShort = classes.allSatisfy { name($0).count <= 4 }
    let header = ["true \\ predicted"] + classes.map { areShort ? name($0) : "\($0)" }
    let rows = classes.map { truth in
      [areShort ? name(truth) : "\(truth) \(name(truth))"]
        + classes.map { matrix.counts[truth][$0] == 0 ? "·" : "\(matrix.counts[truth][$0])" }
    }
    return table([header] + rows, left: [0])
  }
}
