import Tensors

/// Distributions whose last batch axes are taken together as one event: the elements are independent.
public struct Independent<Base: Distribution>: Distribution {
  /// The distribution that it is made of.
  public let base: Base
  /// How many axes.
  public let rank: Int

  /// The last `rank` axes of the base's batch, at most all of them.
  public init(_ base: Base, rank: Int) {
    (self.base, self.rank) = (base, Swift.min(Swift.max(rank, 0), base.batchShape.rank))
  }

  public var batchShape: Shape { Shape(base.batchShape.dropLast(rank).map { $0 }) }
  public var eventShape: Shape { Shape(base.batchShape.suffix(rank) + base.eventShape) }
  public var isReparameterized: Bool { base.isReparameterized }
  public var mean: Tensor { base.mean }
  public var variance: Tensor { base.variance }
  public var mode: Tensor { base.mode }
  public func sample(_ shape: Shape) -> Tensor { base.sample(shape) }
  public func logDensity(_ x: Tensor) -> Tensor { base.logDensity(x).summed(last: rank) }
  public func entropy() -> Tensor { base.entropy().summed(last: rank) }
}

/// One of several distributions of a family, the last axis of their batch, with these probabilities: a mixture.
public struct MixtureSameFamily<Component: Distribution>: Distribution {
  /// [..., components]
  public let choice: Categorical
  /// The distributions that one is chosen of.
  public let components: Component

  /// With probabilities [..., components], and distributions with this batch shape.
  public init(_ choice: Categorical, _ components: Component) { (self.choice, self.components) = (choice, components) }

  public var batchShape: Shape { Shape(components.batchShape.dropLast().map { $0 }) }
  public var eventShape: Shape { components.eventShape }
  /// The axis of the components in samples.
  private var axis: Int { -1 - eventShape.rank }
  private var weights: Tensor { expanded(choice.probabilities) }
  /// [..., components] with axes of size 1 for the event.
  private func expanded(_ x: Tensor) -> Tensor { x.reshaped(to: Shape(x.shape + eventShape.map { _ in 1 })) }
  private func averaged(_ x: Tensor) -> Tensor { (weights * x).sum(axes: [axis]) }

  public var mean: Tensor { averaged(components.mean) }
  public var variance: Tensor {
    averaged(components.variance + components.mean.square()) - mean.square()
  }
  /// Without a gradient.
  public func sample(_ shape: Shape) -> Tensor {
    let all = components.sample(shape)
    let hot = choice.sample(shape).oneHot(classes: components.batchShape.last ?? 0, dtype: .bool)
    return Tensor.where(expanded(hot), all, 0).sum(axes: [axis]).stoppingGradient()
  }
  public func logDensity(_ x: Tensor) -> Tensor {
    (components.logDensity(x.unsqueezed(axis: axis)) + choice.logProbabilities).logSumExp(axes: [-1])
  }
  public func cumulativeProbability(_ x: Tensor) -> Tensor {
    (components.cumulativeProbability(x.unsqueezed(axis: axis)) * choice.probabilities).sum(axes: [-1])
  }
}

/// The distribution of f(x) for x of another distribution.
public struct TransformedDistribution<Base: Distribution>: Distribution {
  /// The distribution that it is made of.
  public let base: Base
  /// The function of its samples.
  public let transform: Transform
  /// How many batch axes of the base belong to an event of the transform.
  private var taken: Int { Swift.max(transform.eventRank - base.eventShape.rank, 0) }

  /// Several functions are one: `Transform.followed(by:)`.
  public init(_ base: Base, _ transform: Transform) { (self.base, self.transform) = (base, transform) }

  public var batchShape: Shape { Shape(base.batchShape.dropLast(taken).map { $0 }) }
  public var eventShape: Shape { transform.shape(Shape(base.batchShape.suffix(taken) + base.eventShape)) }
  public var isReparameterized: Bool { base.isReparameterized }
  public func sample(_ shape: Shape) -> Tensor { transform(base.sample(shape)) }
  public func logDensity(_ y: Tensor) -> Tensor {
    let x = transform.inverse(y)
    let rest = Swift.max(base.eventShape.rank - transform.eventRank, 0)
    return base.logDensity(x).summed(last: taken) - transform.logDerivative(x, y).summed(last: rest)
  }
  /// Of functions that grow with x.
  public func cumulativeProbability(_ y: Tensor) -> Tensor { base.cumulativeProbability(transform.inverse(y)) }
  /// Of functions that grow with x.
  public func quantile(_ probability: Tensor) -> Tensor { transform(base.quantile(probability)) }
}

/// Probabilities of classes [..., classes] from normal numbers [..., classes − 1] by `Transform.stickBreaking`; reparameterized.
///
/// Source: Atchison & Shen, "Logistic-normal distributions: Some properties and uses", Biometrika 67 (1980).
public struct LogisticNormal: Distribution {
  private let transformed: TransformedDistribution<Normal>

  /// With means and standard deviations above 0 of the normal numbers: [..., classes − 1], which broadcast.
  public init(mean: Tensor, standardDeviation: Tensor) {
    transformed = TransformedDistribution(Normal(mean: mean, standardDeviation: standardDeviation), .stickBreaking)
  }

  public var batchShape: Shape { transformed.batchShape }
  public var eventShape: Shape { transformed.eventShape }
  public var isReparameterized: Bool { true }
  public func sample(_ shape: Shape) -> Tensor { transformed.sample(shape) }
  public func logDensity(_ x: Tensor) -> Tensor { transformed.logDensity(x) }
}
