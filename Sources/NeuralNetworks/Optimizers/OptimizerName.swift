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
  /// The optimizer `AdaDelta`, in the paper's form.
  case adadelta
  /// The optimizer `RMSProp`, in the paper's form.
  case rmsprop
  /// The optimizer `Adam`, in the paper's form.
  case adam
  /// The optimizer `AdamW`, in the paper's form.
  case adamw
  /// The optimizer `AdaMax`, in the paper's form.
  case adamax
  /// The optimizer `NAdam`, in the paper's form.
  case nadam
  /// The optimizer `AMSGrad`, in the paper's form.
  case amsgrad
  /// The optimizer `Lion`.
  case lion
  /// The optimizer `Muon`, with steps as long as AdamW's.
  case muon

  /// The learning rate where none is given.
  public var defaultLearningRate: Float {
    switch self {
    case .adadelta: 1
    case .sgd, .momentumEMA: 0.1
    case .momentum, .nesterov, .adagrad: 0.01
    case .adamax, .nadam: 0.002
    case .rmsprop, .adam, .adamw, .amsgrad, .muon: 0.001
    case .lion: 0.0001
    }
  }

  /// Whether it takes a momentum: the share of a velocity that is carried over, β₁ of Adam and its kin.
  public var takesMomentum: Bool { ![.adagrad, .adadelta, .rmsprop].contains(self) }
}

/// An invalid request for an optimizer: a sentence that says what would be valid.
public struct OptimizerError: Error, Hashable, Sendable, CustomStringConvertible {
  public var description: String
}

/// The optimizer of this name, with default settings where none are given.
///
/// `sgd` with a momentum is PyTorch's `SGD`. For `lion`, `adam` and its kin, the momentum is β₁. Throws an `OptimizerError` for
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
  if let momentum, momentum > 0, !kind.takesMomentum {
    throw OptimizerError(description: "\(name) has no momentum; leave it out or take momentum, nesterov or adam")
  }
  // 0.9 as a Double is nearer to 0.9 than as a Float.
  let given = momentum.map { Double("\($0)") ?? Double($0) }
  let beta = given ?? 0.9
  return switch kind {
  case .sgd where beta > 0 && momentum != nil:
    Momentum(for: model, learningRate: rate, momentum: beta, variant: .pytorch, weightDecay: decay, clipNorm: clipNorm)
  case .sgd: GradientDescent(for: model, learningRate: rate, weightDecay: decay, clipNorm: clipNorm)
  case .momentum: Momentum(for: model, learningRate: rate, momentum: beta, weightDecay: decay, clipNorm: clipNorm)
  case .momentumEMA: MomentumEMA(for: model, learningRate: rate, momentum: beta, weightDecay: decay, clipNorm: clipNorm)
  case .nesterov: Nesterov(for: model, learningRate: rate, momentum: beta, weightDecay: decay, clipNorm: clipNorm)
  case .adagrad: AdaGrad(for: model, learningRate: rate, weightDecay: decay, clipNorm: clipNorm)
  case .adadelta: AdaDelta(for: model, learningRate: rate, weightDecay: decay, clipNorm: clipNorm)
  case .rmsprop: RMSProp(for: model, learningRate: rate, weightDecay: decay, clipNorm: clipNorm)
  case .adam: Adam(for: model, learningRate: rate, beta1: beta, weightDecay: decay, clipNorm: clipNorm)
  case .adamw:
    AdamW(for: model, learningRate: rate, beta1: beta, weightDecay: weightDecay ?? 0.01, clipNorm: clipNorm)
  case .adamax: AdaMax(for: model, learningRate: rate, beta1: beta, weightDecay: decay, clipNorm: clipNorm)
  case .nadam: NAdam(for: model, learningRate: rate, beta1: beta, weightDecay: decay, clipNorm: clipNorm)
  case .amsgrad: AMSGrad(for: model, learningRate: rate, beta1: beta, weightDecay: decay, clipNorm: clipNorm)
  case .lion: Lion(for: model, learningRate: rate, beta1: beta, weightDecay: decay, clipNorm: clipNorm)
  case .muon:
    Muon(
      for: model, learningRate: rate, momentum: given ?? 0.95, weightDecay: weightDecay ?? 0.01, clipNorm: clipNorm)
  }
}
