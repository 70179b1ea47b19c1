// Activation functions as compositions, in a form whose value and derivatives are finite where the function's are.

extension Tensor {
  /// x where x is above 0, elsewhere f(x); f does not see what it might overflow at.
  private func elsewhere(_ f: (Tensor) -> Tensor) -> Tensor {
    let isPositive = greater(than: .fill(0))
    return .where(isPositive, self, f(.where(isPositive, .fill(0), self)))
  }

  /// eˣ − 1 for x up to 0: 2t / (1 − t) with t = tanh(x / 2), which near 0 is no difference of nearly equal numbers.
  private func expm1OfNegative() -> Tensor {
    .customGradient(of: self) {
      let t = ($0 * 0.5).tanh()
      return 2 * t / (1 - t)
    } gradient: { x, _, upstream in
      upstream * x.exp()
    }
  }

  /// A product that is x or 0 where x is far from 0; there ∞ · 0 would be NaN, in derivatives too.
  private func gated(_ product: (Tensor) -> Tensor) -> Tensor {
    let isFar = Tensor.fill(200).lessOrEqual(to: abs())
    return .where(isFar, relu(), product(.where(isFar, .fill(0), self)))
  }

  /// x · Φ(x) with the error function. Source: Hendrycks & Gimpel, "Gaussian Error Linear Units (GELUs)", 2016.
  public func gelu() -> Tensor { gated { 0.5 * $0 * (1 + ($0 * .fill(0.5.squareRoot())).erf()) } }

  /// x · sigmoid(x), also called swish.
  ///
  /// Sources: Elfwing, Uchibe & Doya, "Sigmoid-weighted linear units", Neural Networks 107 (2018); Ramachandran, Zoph & Le,
  /// "Searching for Activation Functions", 2017.
  public func silu() -> Tensor { gated { $0 * $0.sigmoid() } }

  /// x · tanh(softplus(x)). Source: Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020.
  public func mish() -> Tensor { gated { $0 * $0.softplus().tanh() } }

  /// x above 0, elsewhere alpha · (eˣ − 1).
  ///
  /// Source: Clevert, Unterthiner & Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear Units", ICLR
  /// 2016.
  public func elu(alpha: Double = 1) -> Tensor { elsewhere { .fill(alpha) * $0.expm1OfNegative() } }

  /// x above 0, elsewhere alpha · (e^(x / alpha) − 1), whose derivative is continuous for every alpha but 0.
  ///
  /// Source: Barron, "Continuously Differentiable Exponential Linear Units", 2017.
  public func celu(alpha: Double = 1) -> Tensor {
    elsewhere { x in
      let share = x / .fill(alpha)
      return .fill(alpha) * (alpha > 0 ? share.expm1OfNegative() : share.exp() - 1)
    }
  }

  /// `elu` with the scale and alpha for which mean 0 and variance 1 are preserved through layers.
  ///
  /// Source: Klambauer, Unterthiner, Mayr & Hochreiter, "Self-Normalizing Neural Networks", NIPS 2017.
  public func selu() -> Tensor { .fill(1.050_700_987_355_480_5) * elu(alpha: 1.673_263_242_354_377_2) }

  /// x above 0, elsewhere slope · x.
  ///
  /// Source: Maas, Hannun & Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", ICML 2013.
  public func leakyReLU(slope: Double = 0.01) -> Tensor { elsewhere { $0 * .fill(slope) } }

  /// x above 0, elsewhere slopes · x, for slopes that broadcast: learned ones, or random ones.
  public func leakyReLU(slopes: Tensor) -> Tensor { elsewhere { $0 * slopes } }

  /// x within the bounds and the bound beyond, where the derivative is 0, as it is at the bounds.
  public func hardTanh(
    min least: Double = -1, max greatest: Double = 1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let bounded = clamped(min: least, max: greatest, file: file, line: line)
    return .where(bounded.greater(than: .fill(least)) .& bounded.less(than: .fill(greatest)), self, bounded.constant)
  }

  /// min(max(x, 0), 6).
  public func relu6() -> Tensor { hardTanh(min: 0, max: 6) }

  /// min(max(x + 3, 0), 6) / 6, sigmoid in straight lines.
  public func hardSigmoid() -> Tensor { (hardTanh(min: -3, max: 3) + 3) / 6 }

  /// x · hardSigmoid(x). Source: Howard et al., "Searching for MobileNetV3", ICCV 2019.
  public func hardSwish() -> Tensor {
    let isBetween = abs().less(than: .fill(3))
    let inner = Tensor.where(isBetween, self, .fill(0))
    return .where(isBetween, inner * (inner + 3) / 6, relu())
  }

  /// x where |x| is above `bound`, elsewhere 0.
  public func hardShrink(_ bound: Double = 0.5) -> Tensor {
    .where(abs().greater(than: .fill(bound)), self, .fill(0))
  }

  /// x moved towards 0 by `bound`, and 0 within ±bound.
  public func softShrink(_ bound: Double = 0.5, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    self - clamped(min: -bound, max: bound, file: file, line: line)
  }

  /// x − tanh(x).
  public func tanhShrink() -> Tensor { self - tanh() }

  /// x / (1 + |x|).
  public func softsign() -> Tensor { self / (1 + abs()) }

  /// log(1 + e^(beta x)) / beta, and x itself where beta x is above the threshold. `softplus()` is exact everywhere.
  public func softplus(beta: Double, threshold: Double = 20) -> Tensor {
    let scaled = self * .fill(beta)
    return .where(scaled.greater(than: .fill(threshold)), self, scaled.softplus() / .fill(beta))
  }

  /// log(sigmoid(x)), which is finite for every finite x.
  public func logSigmoid() -> Tensor { -(-self).softplus() }

  /// x where it is above the threshold, elsewhere the replacement.
  public func thresholded(at threshold: Double, replacement: Double) -> Tensor {
    .where(greater(than: .fill(threshold)), self, .fill(replacement))
  }

  /// softmax(−x) along an axis; a negative one counts from the end.
  public func softmin(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    (-self).softmax(axis: axis, file: file, line: line)
  }

  /// a · sigmoid(b) for the halves a and b along an axis, whose size must be even; a negative one counts from the end.
  ///
  /// Source: Dauphin, Fan, Auli & Grangier, "Language Modeling with Gated Convolutional Networks", ICML 2017.
  public func glu(axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    let site = CallSite(file, line)
    return checked(site) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "glu")
      guard shape[axis] % 2 == 0 else {
        throw TensorError("glu: axis \(axis) of \(shape) has no halves; its size is odd")
      }
      let halves = chunked(2, axis: axis, file: file, line: line)
      return halves.count == 2 ? halves[0] * halves[1].sigmoid() : self
    }
  }

  private var constant: Tensor { stoppingGradient() }
}
