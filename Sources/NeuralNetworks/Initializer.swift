import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a parameter is initialized.
///
/// The fans are how many inputs an output depends on and how many outputs an input reaches. Random values come from
/// `Random.current` when the layer is created.
public struct Initializer: Sendable {
  private let make: @Sendable (_ count: Int, _ fanIn: Int, _ fanOut: Int) throws(TensorError) -> [Float]

  /// An initializer of your own. What it throws becomes the parameter's error.
  public init(_ make: @escaping @Sendable (_ count: Int, _ fanIn: Int, _ fanOut: Int) throws(TensorError) -> [Float]) {
    self.make = make
  }

  /// `count` values. Throws where the count is negative, there is no memory for as many, or the initializer's settings
  /// are invalid.
  public func values(count: Int, fanIn: Int, fanOut: Int) throws(TensorError) -> [Float] {
    guard count >= 0 else { throw TensorError("an initializer makes at least 0 values, not \(count)") }
    try Memory.check(count.times(MemoryLayout<Float>.stride), for: "an array of \(count) first values")
    return try make(count, fanIn, fanOut)
  }

  /// Zero everywhere: for biases and shifts.
  public static let zeros = constant(0)
  /// One everywhere: for the scales of normalization layers.
  public static let ones = constant(1)

  /// The same number everywhere.
  public static func constant(_ value: Float) -> Initializer {
    Initializer { count, _, _ in Array(repeating: value, count: count) }
  }

  /// Uniform in ±√(6 / (fanIn + fanOut)): preserves the variance of signals and gradients through tanh layers.
  ///
  /// Source: Glorot & Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010,
  /// equation 16.
  public static let glorotUniform = uniform { fanIn, fanOut in sqrt(6 / (fanIn + fanOut)) }

  /// Normal with variance 2 / (fanIn + fanOut). Source: Glorot & Bengio 2010, equation 12.
  public static let glorotNormal = normal { fanIn, fanOut in sqrt(2 / (fanIn + fanOut)) }

  /// Uniform in ±√(6 / fanIn): the same variance as `heNormal`.
  public static let heUniform = uniform { fanIn, _ in sqrt(6 / fanIn) }

  /// Normal with variance 2 / fanIn: compensates for the half of the signal that ReLU drops.
  ///
  /// Source: He, Zhang, Ren & Sun, "Delving Deep into Rectifiers", ICCV 2015, equation 10.
  public static let heNormal = normal { fanIn, _ in sqrt(2 / fanIn) }

  /// Uniform in ±bound, whatever the fans.
  public static func uniform(within bound: Float) -> Initializer { uniform { _, _ in Double(bound) } }

  /// Normal with this standard deviation, whatever the fans.
  public static func normal(deviation: Float) -> Initializer { normal { _, _ in Double(deviation) } }

  private static func uniform(_ bound: @escaping @Sendable (Double, Double) -> Double) -> Initializer {
    Initializer { count, fanIn, fanOut throws(TensorError) in
      let bound = Float(bound(Double(max(fanIn, 1)), Double(max(fanOut, 1))))
      guard bound.isFinite else { throw TensorError("initializer: the bound must be a finite number, not \(bound)") }
      var values = try Random.current.uniform(count: count)
      for index in values.indices { values[index] = (2 * values[index] - 1) * bound }
      return values
    }
  }

  private static func normal(_ deviation: @escaping @Sendable (Double, Double) -> Double) -> Initializer {
    Initializer { count, fanIn, fanOut throws(TensorError) in
      let deviation = Float(deviation(Double(max(fanIn, 1)), Double(max(fanOut, 1))))
      guard deviation.isFinite else {
        throw TensorError("initializer: the standard deviation must be a finite number, not \(deviation)")
      }
      var values = try Random.current.normal(count: count)
      for index in values.indices { values[index] *= deviation }
      return values
    }
  }
}
