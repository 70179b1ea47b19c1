import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

extension Initializer {
  /// Which of a layer's fans keeps its size: that of signals, which reach an output from as many inputs, or that of gradients.
  public enum Fan: Hashable, Sendable {
    /// The signals'.
    case input
    /// The gradients'.
    case output
  }

  /// Uniform in ±√(6 / (fanIn + fanOut)): preserves the variance of signals and gradients through tanh layers.
  ///
  /// Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
  /// equation 16.
  public static let glorotUniform = glorotUniform(gain: 1)

  /// Normal with variance 2 / (fanIn + fanOut). Source: Glorot & Bengio 2010, equation 12.
  public static let glorotNormal = glorotNormal(gain: 1)

  /// `glorotUniform` times a gain, such as `gain(for:)`; PyTorch's `xavier_uniform_`.
  public static func glorotUniform(gain: Double) -> Initializer {
    uniform { fanIn, fanOut in gain * sqrt(6 / (fanIn + fanOut)) }
  }

  /// `glorotNormal` times a gain, such as `gain(for:)`; PyTorch's `xavier_normal_`.
  public static func glorotNormal(gain: Double) -> Initializer {
    normal { fanIn, fanOut in gain * sqrt(2 / (fanIn + fanOut)) }
  }

  /// Uniform in ±√(6 / fanIn): the same variance as `heNormal`.
  public static let heUniform = heUniform(slope: 0)

  /// Normal with variance 2 / fanIn: compensates for the half of the signal that ReLU drops.
  ///
  /// Source: He, Zhang, Ren & Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 10.
  public static let heNormal = heNormal(slope: 0)

  /// Uniform with the variance 2 / ((1 + slope²) · fan), for a leaky ReLU with this slope below 0; PyTorch's
  /// `kaiming_uniform_`. Source: He et al. 2015, equation 15.
  public static func heUniform(slope: Double, keeping fan: Fan = .input) -> Initializer {
    uniform { sqrt(6 / (1 + slope * slope) / (fan == .input ? $0 : $1)) }
  }

  /// Normal with the variance 2 / ((1 + slope²) · fan); PyTorch's `kaiming_normal_`.
  public static func heNormal(slope: Double, keeping fan: Fan = .input) -> Initializer {
    normal { sqrt(2 / (1 + slope * slope) / (fan == .input ? $0 : $1)) }
  }

  /// Normal with variance 1 / fanIn: preserves the variance of signals through linear layers, and `selu`.
  ///
  /// Source: LeCun, Bottou, Orr & Müller, "Efficient BackProp", 1998, section 4.6.
  public static let lecunNormal = normal { fanIn, _ in sqrt(1 / fanIn) }

  /// Uniform in ±√(3 / fanIn): the same variance as `lecunNormal`.
  public static let lecunUniform = uniform { fanIn, _ in sqrt(3 / fanIn) }

  /// Uniform in ±bound, whatever the fans.
  public static func uniform(within bound: Float) -> Initializer { uniform { _, _ in Double(bound) } }

  /// Uniform in this range, whatever the fans.
  public static func uniform(in range: ClosedRange<Float>) -> Initializer {
    Initializer { count, _, _ throws(TensorError) in
      let width = range.upperBound - range.lowerBound
      guard width.isFinite else { throw TensorError("initializer: the range \(range) must be finite") }
      return try Random.current.uniform(count: count).map { range.lowerBound + $0 * width }
    }
  }

  /// Normal with this mean and standard deviation, whatever the fans.
  public static func normal(mean: Float = 0, deviation: Float) -> Initializer {
    normal(mean) { _, _ in Double(deviation) }
  }

  /// Normal with this mean and standard deviation, drawn again where it is beyond so many deviations from the mean, 2 in Keras.
  public static func truncatedNormal(mean: Float = 0, deviation: Float, within limit: Float = 2) -> Initializer {
    Initializer { count, _, _ throws(TensorError) in
      guard mean.isFinite, deviation >= 0, deviation.isFinite, limit >= 0.1 else {
        throw TensorError(
          "initializer: mean and deviation must be finite and the limit at least 0.1, not \(mean), \(deviation), \(limit)"
        )
      }
      var values: [Float] = []
      while values.count < count {
        let draws = try Random.current.normal(count: count - values.count)
        values += draws.lazy.filter { abs($0) <= limit }.map { mean + $0 * deviation }
      }
      return values
    }
  }

  /// What the standard deviation of weights is multiplied with for an activation after them, as PyTorch's `calculate_gain`
  /// recommends; 1 where it has none.
  public static func gain(for activation: Activation) -> Double {
    switch activation {
    case .tanh: 5.0 / 3
    case .relu: 2.0.squareRoot()
    case .selu: 0.75
    default: 1
    }
  }

  private static func uniform(_ bound: @escaping @Sendable (Double, Double) -> Double) -> Initializer {
    Initializer { count, fanIn, fanOut throws(TensorError) in
      let bound = Float(bound(Double(max(fanIn, 1)), Double(max(fanOut, 1))))
      guard bound.isFinite else { throw TensorError("initializer: the bound must be a finite number, not \(bound)") }
      var values = try Random.current.uniform(count: count)
      for index in values.indices { values[index] = (2 * values[index] - 1) * bound }
      return values
    }
  }

  private static func normal(
    _ mean: Float = 0, _ deviation: @escaping @Sendable (Double, Double) -> Double
  ) -> Initializer {
    Initializer { count, fanIn, fanOut throws(TensorError) in
      let deviation = Float(deviation(Double(max(fanIn, 1)), Double(max(fanOut, 1))))
      guard deviation.isFinite, mean.isFinite else {
        throw TensorError("initializer: mean and deviation must be finite numbers, not \(mean) and \(deviation)")
      }
      var values = try Random.current.normal(count: count)
      for index in values.indices { values[index] = mean + values[index] * deviation }
      return values
    }
  }
}
