import Tensors

/// A function of each element, between layers or as a layer of its own (`Activation.relu`). Functions that have a setting
/// are layers of their own: ``LeakyReLU``, ``ELU``.
public enum Activation: String, Layer, Hashable, Codable, CaseIterable {
  /// No activation: x.
  case none
  /// max(x, 0). Source: Nair & Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
  case relu
  /// min(max(x, 0), 6). Source: Howard et al., "MobileNets", 2017.
  case relu6
  /// The hyperbolic tangent: from −1 to 1, and symmetric about 0.
  case tanh
  /// 1 / (1 + e⁻ˣ), the unit of Rumelhart, Hinton & Williams 1986.
  case sigmoid
  /// log(1 / (1 + e⁻ˣ)).
  case logSigmoid
  /// x · Φ(x), with the error function. Source: Hendrycks & Gimpel, "Gaussian Error Linear Units", 2016.
  case gelu
  /// The approximation of `gelu` by tanh, from the same source.
  case geluTanh
  /// x · sigmoid(x), also called swish. Source: Elfwing, Uchibe & Doya 2018; Ramachandran, Zoph & Le 2017.
  case silu
  /// x · tanh(log(1 + eˣ)). Source: Misra, "Mish", BMVC 2020.
  case mish
  /// Exponential below 0, with a scale that keeps mean 0 and variance 1. Source: Klambauer et al., "Self-Normalizing Neural
  /// Networks", NIPS 2017. Weights start from `Initializer.lecunNormal`.
  case selu
  /// sigmoid in straight lines: 0 up to −3, 1 from 3 on.
  case hardSigmoid
  /// x · hardSigmoid(x). Source: Howard et al., "Searching for MobileNetV3", ICCV 2019.
  case hardSwish
  /// x / (1 + |x|).
  case softsign
  /// x − tanh(x).
  case tanhShrink

  public func callAsFunction(_ x: Tensor) -> Tensor {
    switch self {
    case .none: x
    case .relu: x.relu()
    case .relu6: x.relu6()
    case .tanh: x.tanh()
    case .sigmoid: x.sigmoid()
    case .logSigmoid: x.logSigmoid()
    case .gelu: x.gelu()
    case .geluTanh: x.geluTanh()
    case .silu: x.silu()
    case .mish: x.mish()
    case .selu: x.selu()
    case .hardSigmoid: x.hardSigmoid()
    case .hardSwish: x.hardSwish()
    case .softsign: x.softsign()
    case .tanhShrink: x.tanhShrink()
    }
  }

  /// The default initializer of a layer that is followed by this activation.
  var defaultInitializer: Initializer {
    switch self {
    case .relu, .relu6, .gelu, .geluTanh, .silu, .mish, .hardSwish: .heUniform
    case .selu: .lecunNormal
    case .none, .tanh, .sigmoid, .logSigmoid, .hardSigmoid, .softsign, .tanhShrink: .glorotUniform
    }
  }

  /// The suffix of a layer's summary.
  var suffix: String { self == .none ? "" : ", \(rawValue)" }
}
