import Tensors

/// x above 0, elsewhere alpha · (eˣ − 1).
///
/// Source: Clevert, Unterthiner & Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units (ELUs)",
/// ICLR 2016.
public struct ELU: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let alpha: Double

  /// A unit that falls to −alpha.
  public init(alpha: Double = 1) {
    self.alpha = alpha
    failure = invalid("ELU", [("alpha", alpha)])
  }

  public var summary: String { "ELU \(alpha)" }
  public func apply(_ x: Tensor) -> Tensor { x.elu(alpha: alpha) }
}

/// x above 0, elsewhere alpha · (e^(x / alpha) − 1), whose derivative is continuous.
///
/// Source: Barron, "Continuously Differentiable Exponential Linear Units", 2017.
public struct CELU: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let alpha: Double

  /// A unit that falls to −alpha, which must be above 0.
  public init(alpha: Double = 1) {
    self.alpha = alpha
    failure = alpha > 0 && alpha.isFinite ? nil : TensorError("CELU: alpha must be above 0, not \(alpha)")
  }

  public var summary: String { "CELU \(alpha)" }
  public func apply(_ x: Tensor) -> Tensor { x.celu(alpha: alpha) }
}

/// log(1 + e^(beta x)) / beta, a smooth ReLU; x itself where beta x is above the threshold.
///
/// Source: Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option Pricing", NIPS 2000.
public struct Softplus: NamedLayer {
  public let path = LayerPath()
  public let failure: TensorError?
  private let beta: Double
  private let threshold: Double

  /// The greater `beta`, the nearer to ReLU; it must be above 0.
  public init(beta: Double = 1, threshold: Double = 20) {
    (self.beta, self.threshold) = (beta, threshold)
    failure =
      beta > 0 && beta.isFinite && !threshold.isNaN
      ? nil : TensorError("Softplus: beta must be above 0 and the threshold a number, not \(beta) and \(threshold)")
  }

  public var summary: String { "Softplus \(beta)" }
  public func apply(_ x: Tensor) -> Tensor { x.softplus(beta: beta, threshold: threshold) }
}
