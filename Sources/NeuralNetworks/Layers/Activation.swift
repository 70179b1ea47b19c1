import Tensors

/// A function of each element, between layers or as a layer of its own (`Activation.relu`).
public enum Activation: String, Layer, Hashable, Codable, CaseIterable {
  /// No activation: x.
  case none
  /// max(x, 0). Source: Nair & Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
  case relu
  /// The hyperbolic tangent: from −1 to 1, and symmetric about 0.
  case tanh
  /// 1 / (1 + e⁻ˣ), the unit of Rumelhart, Hinton & Williams 1986.
  case sigmoid
  /// x · Φ(x), with the error function. Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016.
  case gelu
  /// The approximation of `gelu` by tanh, from the same source.
  case geluTanh
  /// x · sigmoid(x), also called swish. Source: Elfwing, Uchibe & Doya 2018; Ramachandran, Zoph & Le 2017.
  case silu

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .none: x
    case .relu: x.relu()
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .gelu: Self.gate(x) { 0.5 * $0 * (1 + ($0 * 0.707_106_781_186_547_5).erf()) }
    case .geluTanh: x.geluTanh()
    case .silu: Self.gate(x) { $0 * $0.sigmoid() }
    }
  }

  /// A product that is x or 0 where x is far from 0; there ∞ · 0 would be NaN, in derivatives too.
  private static func gate(_ x: Tensor, _ product: (Tensor) -> Tensor) -> Tensor {
    let isFar = Tensor.full([], 200).lessOrEqual(to: x.abs())
    return Tensor.where(isFar, x.relu(), product(Tensor.where(isFar, .zeros([]), x)))
  }

  /// The default initializer of a layer that is followed by this activation.
  var defaultInitializer: Initializer {
    switch self {
    case .relu, .gelu, .geluTanh, .silu: .heUniform
    case .none, .tanh, .sigmoid: .glorotUniform
    }
  }

  /// The suffix of a layer's summary.
  var suffix: String { self == .none ? "" : ", \(rawValue)" }
}
