import Tensors

/// The optimizers by the names that commands and files use.
public enum OptimizerName: String, Hashable, Sendable, Codable, CaseIterable {
  /// `GradientDescent`, or `Momentum` in PyTorch's form where a momentum is given.
  case sgd
  /// The optimizer `Momentum`, in the paper's form.
  case momentum
  /// The optimizer `MomentumEMA`, in the paper's form.
  case momentumEMA = "momentum-ema"
  /// The optimizer `Nesterov`, in the paper's form.
  case nesterov
  /// The optimizer `AdaGrad`, in the paper's form.
  case adagrad
  /// The optimizer `RMSProp`, in the paper's form.
  case rmsprop
  /// The optimizer `Adam`, in the paper's form.
  case adam
  /// The optimizer `AdamW`, in the paper's form.
  case adamw

  /// The learning rate where none is given: 0.1, 0.01 or 0.001.
  public var defaultLearningRate: Float {
    switch self {
    case .sgd, .momentumEMA: 0.1
    case .momentum, .nesterov, .adagrad: 0.01
    case .rmsprop, .adam, .adamw: 0.001
    }
  }
}

/// An invalid request for an optimizer: a sentence that says what would be valid.
public struct OptimizerError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
}

/// The optimizer of this name, with default settings where none are given.
///
/// `sgd` with a momentum is PyTorch's `SGD`. For `adam` and `adamw`, the momentum is β₁. Throws an `OptimizerError` for
/// an unknown name, listing the known ones, and for an invalid setting.
public func makeOptimizer(
  named name: String, for model: any Layer, learningRate: Float? = nil, momentum: Float? = nil,
  weightDecay: Float? = nil, clipNorm: Float? = nil
) throws -> any Optimizer {
  guard let kind = OptimizerName(rawValue: name) else {
    let known = OptimizerName.allCases.map(\.rawValue).joined(separator: ", ")
    throw OptimizerError(description: "there is no optimizer '\(name)'; there is \(known)")
  }
  let rate = learningRate ?? kind.defaultLearningRate
  guard rate.isFinite, rate > 0 else {
    throw OptimizerError(description: "the learning rate must be a number above 0, not \(rate)")
  }
  let share = momentum ?? 0.9
  guard share >= 0, share < 1 else {
    throw OptimizerError(description: "the momentum must be at least 0 and below 1, not \(share)")
  }
  let decay = weightDecay ?? 0
  guard decay.isFinite, decay >= 0 else {
    throw OptimizerError(description: "the weight decay must be a number of at least 0, not \(decay)")
  }
  if let clipNorm, !(clipNorm.isFinite && clipNorm > 0) {
    throw OptimizerError(description: "the norm to clip at must be a number above 0, not \(clipNorm)")
  }
  // 0.9 as a Double is nearer to 0.9 than as a Float.
  let beta = momentum.map { Double("\($0)") ?? Double($0) } ?? 0.9
  switch kind {
  case .sgd:
    if let momentum, momentum > 0 {
      return Momentum(
        for: model, learningRate: rate, momentum: beta, variant: .pytorch, weightDecay: decay, clipNorm: clipNorm)
    }
    return GradientDescent(for: model, learningRate: rate, weightDecay: decay, clipNorm: clipNorm)
  case .momentum:
    return Momentum(for: model, learningRate: rate, momentum: beta, weightDecay: decay, clipNorm: clipNorm)
  case .momentumEMA:
    return MomentumEMA(for: model, learningRate: rate, momentum: beta, weightDecay: decay, clipNorm: clipNorm)
  case .nesterov:
    return Nesterov(for: model, learningRate: rate, momentum: beta, weightDecay: decay, clipNorm: clipNorm)
  case .adagrad, .rmsprop:
    if let momentum, momentum > 0 {
      throw OptimizerError(description: "\(name) has no momentum; leave it out or take momentum, nesterov or adam")
    }
    return kind == .adagrad
      ? AdaGrad(for: model, learningRate: rate, weightDecay: decay, clipNorm: clipNorm)
      : RMSProp(for: model, learningRate: rate, weightDecay: decay, clipNorm: clipNorm)
  case .adam:
    return Adam(for: model, learningRate: rate, beta1: beta, weightDecay: decay, clipNorm: clipNorm)
  case .adamw:
    return AdamW(
      for: model, learningRate: rate, beta1: beta, weightDecay: weightDecay ?? 0.01, clipNorm: clipNorm)
  }
}
