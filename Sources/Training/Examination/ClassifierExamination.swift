import Datasets
import NeuralNetworks
import Tensors

/// What a classifier says about each example of a set: its worst mistakes, and how far its probabilities can be trusted.
package struct ClassifierExamination: Sendable {
  /// A wrong answer.
  package struct Mistake: Sendable {
    /// Which example of the set.
    package var index: Int
    package var truth: Int
    package var prediction: Int
    /// The probability of what was predicted, and of what it is.
    package var confidence: Double
    package var truthProbability: Double
    /// From 0 to 1: [channels, height, width].
    package var pixels: [Float]
  }

  /// How many examples there were, and how many were wrong.
  package private(set) var count = 0
  package private(set) var mistakeCount = 0
  package private(set) var calibration = ExpectedCalibrationError(unchecked: 15)
  package private(set) var confusionMatrix: ConfusionMatrix
  /// Those with the lowest probability of the truth, the lowest first.
  package private(set) var worstMistakes: [Mistake] = []
  package let channels: Int
  package let height: Int
  package let width: Int

  /// Lets `model` classify all examples. Costs a forward pass of each, and memory for the probabilities of a batch.
  ///
  /// Throws what the model throws, and a `TrainingError` for a label that is not one of its classes.
  package init(of model: any Layer, on set: ImageSet, mistakes: Int = 24, batchSize: Int = 250) throws {
    (channels, height, width) = (set.imageShape[0], set.imageShape[1], set.imageShape[2])
    confusionMatrix = try ConfusionMatrix(classes: 0)
    let type = model.parameterType
    var found: [Mistake] = []
    for batch in set.batches(of: max(batchSize, 1)) {
      let probabilities = inference { model(batch.images.cast(to: type)).cast(to: .float32).softmax() }
      let values = try probabilities.values()
      let classes = probabilities.shape[-1]
      try checkLabels(of: set, classes: classes)
      try confusionMatrix.grow(to: classes)
      for (row, label) in try batch.labels.values(as: Int32.self).enumerated() {
        let own = values[row * classes..<(row + 1) * classes]
        // The first of equal ones, as `argmax` has it.
        let best = own.indices.reduce(own.startIndex) { own[$1] > own[$0] ? $1 : $0 }
        let (prediction, truth) = (best - own.startIndex, Int(label))
        calibration.add(confidence: Double(own[best]), isCorrect: prediction == truth)
        try confusionMatrix.record(truth: truth, prediction: prediction)
        if prediction != truth {
          mistakeCount += 1
          found.append(
            Mistake(
              index: count, truth: truth, prediction: prediction, confidence: Double(own[best]),
              truthProbability: Double(own[own.startIndex + truth]), pixels: []))
        }
        count += 1
      }
      // Only the worst so far are kept.
      found.sort { ($0.truthProbability, $0.index) < ($1.truthProbability, $1.index) }
      found.removeLast(max(found.count - max(mistakes, 0), 0))
    }
    worstMistakes = try found.map { mistake in
      var mistake = mistake
      mistake.pixels = try set[mistake.index]
      return mistake
    }
  }
}
