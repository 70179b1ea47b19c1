import Backprop

/// Units that are on or off: a step has no derivative where it jumps, and the derivative 0 everywhere else, so the
/// weights before it never learn. The engine refuses to train them unless it is told to skip them.
///
/// The straight-through estimator takes another derivative in its place.
///
/// Source: Bengio, Léonard & Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional
/// Computation", 2013; with the derivative of a line between −1 and 1: Hubara et al., "Binarized Neural Networks",
/// NeurIPS 2016.
enum StepUnits: String, CaseIterable {
  /// The step, with the derivative that it has.
  case step
  /// The step; its derivative is that of the line between −1 and 1.
  case straightThrough = "straight-through"
  /// tanh, for comparison.
  case tanh

  func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .step: Self.sign(x)
    case .straightThrough:
      Tensor.customGradient(of: x) {
        Self.sign($0)
      } gradient: { x, _, upstream in
        upstream * x.abs().lessOrEqual(to: 1).cast(to: x.dtype)
      }
    case .tanh: x.tanh()
    }
  }

  /// −1 below 0, and 1 from 0 on.
  private static func sign(_ x: Tensor) -> Tensor { 2 * Tensor.zeros([]).lessOrEqual(to: x).cast(to: x.dtype) - 1 }
}

/// Learning whether a point is inside of a circle, by sixteen hidden units and one output.
struct CircleTask {
  struct Network: Layer {
    /// Its biases are random too: lines through the middle could not enclose it.
    let hidden: LogisticUnits
    let output: Dense
    let units: StepUnits

    init(_ units: StepUnits, hidden count: Int = 16) {
      hidden = LogisticUnits(2, count, within: 1)
      output = Dense(count, 1)
      self.units = units
    }

    func callAsFunction(_ x: Tensor) -> Tensor { output(units(hidden.sums(x))) }
  }

  struct Result {
    let accuracy: Double
    let losses: [Float]
    /// Whether the weights of the hidden layer are those it began with, to the bit.
    let isHiddenUnchanged: Bool
  }

  static let steps = 1500

  /// 400 points of the square from −1 to 1, and whether each is within 0.8 of its middle, which half of them are.
  static func points() -> (points: Tensor, labels: Tensor) {
    Random.$current.withValue(Random(seed: 1986)) {
      let points = 2 * Tensor.randomUniform([400, 2]) - 1
      return (points, points.square().sum(axes: [1], keepingAxes: true).less(than: 0.64).cast(to: .float32))
    }
  }

  static func run(_ units: StepUnits, seed: UInt64) throws -> Result {
    let (points, labels) = points()
    let data = try evaluated([points, labels])
    let model = Random.$current.withValue(Random(seed: seed)) { Network(units) }
    let before = try model.hidden.weight.tensor.values()
    let optimizer = Adam(for: model, learningRate: 0.01)
    // A comparison has no derivative, so the loss does not depend on what is before the step: that would be an error,
    // which names the weights.
    optimizer.skipsUnusedParameters = units == .step
    let step = CompiledStep(with: optimizer) { inputs in
      valueAndGradient(of: model) { model in
        // The cross-entropy of a label of 0 or 1, from its logit.
        let logits = model(inputs[0])
        return (logits.softplus() - logits * inputs[1]).mean()
      }.gradients
    }
    var losses: [Float] = []
    for index in 0..<steps {
      let loss = try step(data)[0]
      if index.isMultiple(of: 10) { losses.append(try loss.scalar()) }
    }
    let predictions = Tensor.zeros([]).less(than: model(data[0])).cast(to: .float32)
    let accuracy = try predictions.equal(to: data[1]).cast(to: .float32).mean().scalar()
    return Result(
      accuracy: Double(accuracy), losses: losses,
      isHiddenUnchanged: try model.hidden.weight.tensor.values() == before)
  }
}
