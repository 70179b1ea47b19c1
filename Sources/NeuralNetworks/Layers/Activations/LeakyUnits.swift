import Tensors

// Rectified units with a slope below 0.

/// x above 0, elsewhere slope · x.
///
/// Source: Maas, Hannun & Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", ICML 2013.
public struct LeakyReLU: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let slope: Double

  /// A unit with this slope below 0. PyTorch's default is 0.01, Keras' 0.3.
  public init(slope: Double = 0.01) {
    self.slope = slope
    failure = invalid("LeakyReLU", [("the slope", slope)])
  }

  public var summary: String { "LeakyReLU \(slope)" }
  public func apply(_ x: Tensor) -> Tensor { x.leakyReLU(slope: slope) }
}

/// x above 0, elsewhere slope · x with learned slopes, one for all channels or one a channel: [batch, channels, …] → the same
/// shape. Weight decay pulls slopes to 0, which makes it a ReLU; leave them out of it.
///
/// Source: He, Zhang, Ren & Sun, "Delving Deep into Rectifiers", ICCV 2015, section 2.1.
public struct PReLU: NamedLayer {
  /// The slopes: [1] or [channels].
  public let slopes: Parameter
  public let path = LayerPath()
  public let failure: TensorError?
  private let channels: Int

  /// As many slopes as channels, or one, which begin at `initialSlope`.
  public init(_ channels: Int = 1, initialSlope: Float = 0.25) {
    self.channels = channels
    slopes = Parameter(.constant(initialSlope), shape: [channels], fanIn: 1, fanOut: 1, name: "slopes")
    failure =
      channels > 0 && initialSlope.isFinite
      ? nil
      : TensorError("PReLU: there must be at least 1 slope, a finite number, not \(channels) of \(initialSlope)")
  }

  public var summary: String { "PReLU \(channels)" }

  public func apply(_ x: Tensor) -> Tensor {
    guard channels > 1, x.failure == nil else { return x.leakyReLU(slopes: slopes.tensor) }
    guard x.shape.rank >= 2, x.shape[1] == channels else {
      return .failed(TensorError("PReLU: the input must be [batch, \(channels), …], not \(x.shape)"))
    }
    return x.leakyReLU(slopes: slopes.tensor.alongChannels(of: x))
  }

  public var ownParameterCount: Int { slopes.count }
}

/// x above 0, elsewhere slope · x, with a slope for each element that is drawn from a range in training and is the middle of
/// the range otherwise. Draws from `Random.current` at the call.
///
/// Source: Xu, Wang, Chen & Li, "Empirical Evaluation of Rectified Activations in Convolutional Network", 2015.
public struct RReLU: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let lower: Double
  private let upper: Double

  /// Slopes that are uniform from `lower` to `upper`.
  public init(lower: Double = 0.125, upper: Double = 1.0 / 3) {
    (self.lower, self.upper) = (lower, upper)
    failure =
      lower <= upper && (upper - lower).isFinite
      ? nil : TensorError("RReLU: the lower slope \(lower) must not be above the upper, \(upper)")
  }

  public var summary: String { "RReLU \(lower)...\(upper)" }

  public func apply(_ x: Tensor) -> Tensor {
    guard Mode.isTraining, x.failure == nil, x.dtype.isFloatingPoint else {
      return x.leakyReLU(slope: (lower + upper) / 2)
    }
    let draws = Tensor.randomUniform(x.shape, dtype: x.dtype == .float64 ? .float64 : .float32)
    return x.leakyReLU(slopes: (.constant(lower) + draws * .constant(upper - lower)).cast(to: x.dtype))
  }
}

/// The error of a layer one of whose settings is not a finite number.
func invalid(_ layer: String, _ settings: [(name: String, value: Double)]) -> TensorError? {
  settings.first { !$0.value.isFinite }.map {
    TensorError("\(layer): \($0.name) must be a finite number, not \($0.value)")
  }
}
