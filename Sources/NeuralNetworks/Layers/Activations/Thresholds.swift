import Tensors

/// x within the bounds, elsewhere the nearest bound.
public struct HardTanh: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let bounds: (least: Double, greatest: Double)

  /// The bounds, of which the first must not be above the second.
  public init(min least: Double = -1, max greatest: Double = 1) {
    bounds = (least, greatest)
    failure =
      least <= greatest ? nil : TensorError("HardTanh: the least number \(least) must not be above \(greatest)")
  }

  public var summary: String { "HardTanh \(bounds.least)...\(bounds.greatest)" }
  public func apply(_ x: Tensor) -> Tensor { x.hardTanh(min: bounds.least, max: bounds.greatest) }
}

/// x where |x| is above a bound, elsewhere 0.
public struct HardShrink: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let bound: Double

  /// A bound of at least 0.
  public init(_ bound: Double = 0.5) {
    self.bound = bound
    failure = bound >= 0 ? nil : TensorError("HardShrink: the bound must be at least 0, not \(bound)")
  }

  public var summary: String { "HardShrink \(bound)" }
  public func apply(_ x: Tensor) -> Tensor { x.hardShrink(bound) }
}

/// x moved towards 0 by a bound, and 0 within it.
public struct SoftShrink: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let bound: Double

  /// A bound of at least 0.
  public init(_ bound: Double = 0.5) {
    self.bound = bound
    failure = bound >= 0 ? nil : TensorError("SoftShrink: the bound must be at least 0, not \(bound)")
  }

  public var summary: String { "SoftShrink \(bound)" }
  public func apply(_ x: Tensor) -> Tensor { x.softShrink(bound) }
}

/// x where it is above a threshold, elsewhere a number.
public struct Threshold: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let threshold: Double
  private let replacement: Double

  /// `replacement` is taken where x is at most `threshold`.
  public init(_ threshold: Double, replacement: Double) {
    (self.threshold, self.replacement) = (threshold, replacement)
    failure = invalid("Threshold", [("the threshold", threshold), ("the replacement", replacement)])
  }

  public var summary: String { "Threshold \(threshold)" }
  public func apply(_ x: Tensor) -> Tensor { x.thresholded(at: threshold, replacement: replacement) }
}
