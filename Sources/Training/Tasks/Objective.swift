import NeuralNetworks
import Tensors

/// What a network is trained for: its loss, and how good it is on a validation set.
///
/// One's own is two closures:
///
/// ```swift
/// let absolute = Objective { outputs, targets in
///   (outputs - targets).abs().mean()
/// } measuring: { outputs, targets in
///   ["largest error": (outputs - targets).abs().max()]
/// }
/// ```
public struct Objective: Sendable {
  /// Outputs and targets of a batch → the loss to differentiate, [].
  let loss: @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor
  /// The share of a batch that is right, []; `nil` where that is not defined.
  let accuracy: (@Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor)?
  /// What accumulates the metrics of an evaluation.
  let makeMeasurement: @Sendable () -> any Measurement

  /// The loss of a batch and, by name, other measures of it: both scalars, of which an evaluation reports the means over
  /// the examples.
  public init(
    loss: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> Tensor,
    measuring measure: @escaping @Sendable (_ outputs: Tensor, _ targets: Tensor) -> [String: Tensor] = { _, _ in [:] }
  ) {
    self.init(loss: loss, accuracy: nil) { MeanMeasurement(measure: measure) }
  }

  private init(
    loss: @escaping @Sendable (Tensor, Tensor) -> Tensor, accuracy: (@Sendable (Tensor, Tensor) -> Tensor)?,
    makeMeasurement: @escaping @Sendable () -> any Measurement
  ) {
    self.loss = loss
    self.accuracy = accuracy
    self.makeMeasurement = makeMeasurement
  }

  /// One class for each example: logits [batch, classes], labels int32 [batch]. Cross-entropy; accuracy and macro F1.
  public static let classification = Objective(
    loss: { crossEntropy(logits: $0, labels: $1) }, accuracy: share(isRight),
    makeMeasurement: { ClassificationMeasurement() })

  /// Numbers: predictions and targets of one shape. Mean squared error; MAE, RMSE and R².
  public static let regression = Objective(
    loss: { meanSquaredError($0, $1) }, accuracy: nil, makeMeasurement: { RegressionMeasurement() })

  /// Any number of labels for each example: logits and targets of 0 and 1, [batch, labels]. The mean of the binary
  /// cross-entropies, −t log σ(x) − (1 − t) log σ(−x); accuracy, precision, recall and F1 over all labels together.
  public static let multiLabel = Objective(
    loss: { logits, targets in
      if let failure = differentShapes(logits, targets) { return .failed(failure) }
      return (logits.softplus() - logits * targets).mean()
    },
    accuracy: share { logits, targets in logits.greater(than: 0.0).equal(to: targets.greater(than: 0.5)) },
    makeMeasurement: { MultiLabelMeasurement() })

  /// A class for each position of a sequence: logits [batch, positions, classes], labels int32 [batch, positions], of
  /// which negative ones do not count, such as those of padding. The mean cross-entropy over the positions that count;
  /// their accuracy and macro F1.
  public static let sequenceLabeling = Objective(
    loss: { logits, labels in
      guard logits.failure == nil, logits.shape.rank == 3,
        labels.shape.dimensions == [logits.shape[0], logits.shape[1]]
      else {
        return .failed(
          logits.failure
            ?? TensorError(
              "logits must be [batch, positions, classes] and labels [batch, positions], not \(logits.shape) and "
                + "\(labels.shape)"))
      }
      let flat = labels.flattened(from: 0)
      let counts = flat.greaterOrEqual(zero: logits.dtype)
      let losses = crossEntropyLosses(
        logits: logits.reshaped(to: [flat.shape[0], logits.shape[2]]), labels: maximum(flat, .zeros([], dtype: .int32)))
      return (losses * counts).sum() / maximum(counts.sum(), Tensor.ones([]).cast(to: logits.dtype))
    },
    accuracy: { logits, labels in
      let counts = labels.greaterOrEqual(zero: .float32)
      let right = isRight(logits, labels).cast(to: .float32) * counts
      return right.sum() / maximum(counts.sum(), .ones([]))
    },
    makeMeasurement: { SequenceMeasurement() })

  private static func isRight(_ logits: Tensor, _ labels: Tensor) -> Tensor {
    logits.argmax(axis: -1).equal(to: labels)
  }

  private static func share(
    _ holds: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> @Sendable (Tensor, Tensor) -> Tensor {
    { holds($0, $1).cast(to: .float32).mean() }
  }

  private static func differentShapes(_ outputs: Tensor, _ targets: Tensor) -> TensorError? {
    guard outputs.failure == nil, targets.failure == nil, outputs.shape != targets.shape else { return nil }
    return TensorError("outputs and targets must be of one shape, not \(outputs.shape) and \(targets.shape)")
  }
}

extension Tensor {
  /// 1 where a label counts, 0 where it is negative.
  fileprivate func greaterOrEqual(zero dtype: DType) -> Tensor { greater(than: -0.5).cast(to: dtype) }
}
