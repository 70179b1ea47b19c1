import Backprop
import Files

/// The results of an evaluation as text.
enum EvaluationText {
  static func lines(
    _ evaluation: Evaluation, _ classNames: [String], on set: EvaluatedSet = .test
  ) -> [String] {
    let sentences = sentences(evaluation, classNames, set).map { Terminal.wrapped($0, for: 1) }
    guard case .classification(let result) = evaluation else { return sentences }
    return sentences + [""] + matrix(result.confusionMatrix, classNames) + [""]
  }

  private static func sentences(_ evaluation: Evaluation, _ classNames: [String], _ set: EvaluatedSet) -> [String] {
    switch evaluation {
    case .classification(let result): sentences(result, classNames, set)
    case .regression(let result):
      [
        "MAE \(result.meanAbsoluteError.significant(4)), RMSE \(result.rootMeanSquaredError.significant(4))"
          + (result.r2.map { ", R² \($0.fixed(4))" } ?? "") + " (\("row".counted(result.count)))",
        "predicting the mean of the training rows: MAE \(result.baselineMeanAbsoluteError.significant(4)), "
          + "RMSE \(result.baselineRootMeanSquaredError.significant(4))",
      ]
    case .metrics(let result):
      ["\(set.rawValue) loss \(result.loss.readable(4))"]
        + result.metrics.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.readable(4))" }
    case .language(let result):
      [
        "\(set.rawValue) loss \(result.loss.readable(4)) nats a token, perplexity \(result.perplexity.fixed(3)), "
          + "\(result.bitsPerCharacter.fixed(4)) bits a character (\(result.tokens.grouped) tokens)"
      ]
    }
  }

  private static func sentences(
    _ result: ClassificationResult, _ classNames: [String], _ set: EvaluatedSet
  ) -> [String] {
    let counts = result.confusionMatrix.counts.map { $0.reduce(0, +) }
    let name = { (label: Int) in classNames.indices.contains(label) ? classNames[label].printable : "\(label)" }
    let common = counts.indices.max { (counts[$0], $1) < (counts[$1], $0) } ?? 0
    let absent = counts.indices.filter { counts[$0] == 0 }.map(name)
    return [
      "\(set.rawValue) accuracy \(result.accuracy.fixed(4)) "
        + "(\(result.confusionMatrix.correct.grouped) of \(result.confusionMatrix.total.grouped)), "
        + "loss \(result.loss.readable(4)), F1 \(result.confusionMatrix.f1(.macro).fixed(4))",
      "always saying \(name(common)): accuracy "
        + "\((Double(counts.max() ?? 0) / Double(max(result.confusionMatrix.total, 1))).fixed(4))",
    ] + (absent.isEmpty ? [] : ["no examples, so nothing is known of: \(absent.sentenceList)"])
  }

  /// A row for each true class, a column for each predicted one; a dot where nothing was confused. Where that is wider
  /// than `limit`, the classes that are confused most.
  static func matrix(
    _ matrix: ConfusionMatrix, _ classNames: [String], limit: Int? = Terminal.columns(of: 1)
  ) -> [String] {
    let name = { (label: Int) in classNames.indices.contains(label) ? classNames[label].printable : "\(label)" }
    let classes = 0..<matrix.classes
    // Long names would make the columns wide: where one is long, all columns have numbers.
    let areShort = classes.allSatisfy { name($0).displayWidth <= 4 }
    let header = ["true \\ predicted"] + classes.map { areShort ? name($0) : "\($0)" }
    let rows = classes.map { truth in
      [areShort ? name(truth) : "\(truth) \(name(truth))"]
        + classes.map { matrix.counts[truth][$0] == 0 ? "·" : "\(matrix.counts[truth][$0])" }
    }
    if let limit, !TextTable([header] + rows, left: [0]).canFit(limit) { return pairs(matrix, name, limit) }
    return table([header] + rows, left: [0], limit: limit)
  }

  /// The pairs of classes that are confused most, and how often.
  private static func pairs(_ matrix: ConfusionMatrix, _ name: (Int) -> String, _ limit: Int) -> [String] {
    let most = 10
    let all = (0..<matrix.classes).flatMap { truth in
      (0..<matrix.classes).filter { $0 != truth && matrix.counts[truth][$0] > 0 }.map { (truth: truth, predicted: $0) }
    }
    let sorted = all.sorted { first, second in
      let counts = [first, second].map { matrix.counts[$0.truth][$0.predicted] }
      return counts[0] == counts[1]
        ? (first.truth, first.predicted) < (second.truth, second.predicted) : counts[0] > counts[1]
    }
    let rows = sorted.prefix(most).map { pair in
      let count = matrix.counts[pair.truth][pair.predicted]
      let share = Double(count) / Double(max(matrix.counts[pair.truth].reduce(0, +), 1))
      return [name(pair.truth), name(pair.predicted), count.grouped, share.percent]
    }
    let sentence =
      "\(matrix.classes) classes are too many for a confusion matrix in \(limit) columns, which --json has; "
      + (rows.isEmpty
        ? "none is confused with another"
        : "of \("pair".counted(sorted.count)) that \(sorted.count == 1 ? "is" : "are") confused, these \(rows.count) most:")
    let header = ["true", "predicted", "count", "of the class"]
    return [Terminal.wrapped(sentence, columns: limit)]
      + (rows.isEmpty ? [] : table([header] + rows, left: [0, 1], limit: limit))
  }
}
