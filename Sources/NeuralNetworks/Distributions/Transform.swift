import Tensors

/// An invertible function of samples, with the logarithm of its derivative: for `TransformedDistribution`.
public struct Transform: Sendable {
  /// How many last axes belong together: 0 of functions of each element.
  public let eventRank: Int
  let forward: @Sendable (Tensor) -> Tensor
  let backward: @Sendable (Tensor) -> Tensor
  /// Of x and y = f(x): [...] without the event's axes.
  let logDerivative: @Sendable (Tensor, Tensor) -> Tensor
  /// The event's shape of y for that of x.
  let shape: @Sendable (Shape) -> Shape

  /// A function, its inverse, and log |det ∂y / ∂x| of x and y, which lacks the last `eventRank` axes.
  public init(
    eventRank: Int = 0, forward: @escaping @Sendable (Tensor) -> Tensor,
    inverse: @escaping @Sendable (Tensor) -> Tensor,
    logDerivative: @escaping @Sendable (_ x: Tensor, _ y: Tensor) -> Tensor
  ) {
    self.init(eventRank: eventRank, forward, inverse, logDerivative)
  }

  private init(
    eventRank: Int = 0, _ forward: @escaping @Sendable (Tensor) -> Tensor,
    _ backward: @escaping @Sendable (Tensor) -> Tensor, _ logDerivative: @escaping @Sendable (Tensor, Tensor) -> Tensor,
    shape: @escaping @Sendable (Shape) -> Shape = { $0 }
  ) {
    (self.eventRank, self.forward, self.backward) = (eventRank, forward, backward)
    (self.logDerivative, self.shape) = (logDerivative, shape)
  }

  /// f(x)
  public func callAsFunction(_ x: Tensor) -> Tensor { forward(x) }
  /// The x with f(x) = y.
  public func inverse(_ y: Tensor) -> Tensor { backward(y) }
  /// log |det ∂y / ∂x| for y = f(x).
  public func logAbsoluteDerivative(_ x: Tensor, _ y: Tensor) -> Tensor { logDerivative(x, y) }

  /// eˣ
  public static let exp = Transform({ $0.exp() }, { $0.log() }, { x, _ in x })
  /// 1 / (1 + e⁻ˣ)
  public static let sigmoid = Transform(
    { $0.sigmoid() }, { $0.log() - (-$0).log1p() },
    { x, _ in
      -x.softplus() - (-x).softplus()
    })
  /// The hyperbolic tangent.
  public static let tanh = Transform(
    { $0.tanh() }, { $0.atanh() },
    { x, _ in
      2 * (.constant(0.693_147_180_559_945_3) - x - (-2 * x).softplus())
    })
  /// log(1 + eˣ)
  public static let softplus = Transform(
    { $0.softplus() }, { (-(-$0).expm1()).log() + $0 },
    { x, _ in
      -(-x).softplus()
    })
  /// |x|; its inverse is the positive one, and it has no density.
  public static let abs = Transform(
    { $0.abs() }, { $0 },
    { _, _ in
      .failed(TensorError("Transform.abs: has no density, as two numbers have the same magnitude"))
    })

  /// location + scale · x, which broadcast.
  public static func affine(location: Tensor, scale: Tensor) -> Transform {
    Transform({ location + scale * $0 }, { ($0 - location) / scale }, { x, _ in (scale + 0 * x).abs().log() })
  }

  /// x to this power, of numbers above 0.
  public static func power(_ exponent: Tensor) -> Transform {
    Transform({ $0.power(exponent) }, { ($0.log() / exponent).exp() }, { x, y in (exponent * y / x).abs().log() })
  }

  /// The cumulative probability of a distribution of numbers, which makes its samples uniform.
  public static func cumulativeProbability(of distribution: any Distribution) -> Transform {
    Transform(
      { distribution.cumulativeProbability($0) }, { distribution.quantile($0) },
      { x, _ in
        distribution.logDensity(x)
      })
  }

  /// eˣ / Σ eˣ along the last axis; its inverse is log y, and it has no density, as it is the same for x + 1.
  public static let softmax = Transform(
    eventRank: 1, { $0.softmax() }, { $0.log() },
    { _, _ in
      .failed(TensorError("Transform.softmax: has no density, as several x have the same result"))
    })

  /// Numbers [..., k] to probabilities [..., k + 1]: each is the share, by the sigmoid, of what the ones before leave.
  ///
  /// Source: Stan Development Team, "Stan Reference Manual", section "Unit Simplex".
  public static let stickBreaking = Transform(
    eventRank: 1,
    { x in
      let share = (x - offsets(x)).sigmoid()
      let rest = (1 - share).cumulativeProduct()
      let none = x.shape.map { _ in 0 }
      let last = x.shape.indices.map { $0 == x.shape.rank - 1 ? 1 : 0 }
      return share.padded(before: none, after: last, with: 1) * rest.padded(before: last, after: none, with: 1)
    },
    { y in
      let parts = y[.ellipsis, ..<(y.shape[-1] - 1)]
      return parts.log() - (1 - parts.cumulativeSum()).log() + offsets(parts)
    },
    { x, y in
      let moved = x - offsets(x)
      return (-moved + moved.logSigmoid() + y[.ellipsis, ..<x.shape[-1]].log()).sum(axes: [-1])
    },
    shape: { Shape($0.dropLast() + [($0.last ?? 0) + 1]) })

  /// log(k), log(k − 1), …, log(1)
  private static func offsets(_ x: Tensor) -> Tensor {
    let count = x.shape[-1]
    return (.constant(Double(count)) - Tensor.arange(from: 0, to: count, dtype: x.dtype)).log()
  }

  /// This function and then another one.
  public func followed(by next: Transform) -> Transform {
    let rank = Swift.max(eventRank, next.eventRank)
    return Transform(
      eventRank: rank, { next(self($0)) }, { inverse(next.inverse($0)) },
      { x, y in
        let middle = self(x)
        return logDerivative(x, middle).summed(last: rank - eventRank)
          + next.logDerivative(middle, y).summed(last: rank - next.eventRank)
      }, shape: { next.shape(shape($0)) })
  }

  /// The inverse function.
  public var inverted: Transform {
    Transform(eventRank: eventRank, backward, forward) { x, y in -logDerivative(y, x) }
  }
}
