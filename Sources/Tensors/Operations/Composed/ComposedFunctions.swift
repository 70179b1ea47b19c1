import RealModule

// Functions of each element that others make up, with their gradients.
extension Tensor {
  private func number(_ value: Double) -> Tensor { .fill(value, [], dtype) }

  /// What is left of x without its whole part, with the sign of x; see `truncated()`.
  public func fraction() -> Tensor { self - truncated() }

  /// 0 below 0, 1 above, and `middle` at 0. No gradient passes but to `middle`.
  public func heaviside(middle: Tensor) -> Tensor {
    .where(equal(to: number(0)), middle, .where(isNaN(), self, greater(than: number(0)).cast(to: dtype)))
  }

  /// ln(eᵃ + eᵇ) without overflow; operands broadcast.
  public func logAddExp(_ other: Tensor) -> Tensor {
    let (a, b) = Tensor.matched(self, other)
    // Equal infinities have no difference.
    let difference = Tensor.where(a.equal(to: b), Tensor.fill(0), a - b)
    return maximum(a, b) + (-difference.abs()).exp().log1p()
  }

  /// log₂(2ᵃ + 2ᵇ) without overflow; operands broadcast.
  public func logAddExp2(_ other: Tensor) -> Tensor {
    let factor = number(.log(2))
    return (self * factor).logAddExp(other * factor) / factor
  }

  /// ln(x / (1 − x)), the inverse of the sigmoid; with `epsilon`, x is first brought into epsilon...1 − epsilon.
  public func logit(epsilon: Double = 0) -> Tensor {
    let x = epsilon > 0 ? clamped(to: Swift.min(epsilon, 0.5)...Swift.max(1 - epsilon, 0.5)) : self
    return x.log() - (-x).log1p()
  }

  /// The point between this and `end` at the share `t` of the way: x + t · (end − x). Operands broadcast.
  public func interpolated(to end: Tensor, by t: Tensor) -> Tensor { self + t * (end - self) }

  /// x · ln y, and 0 where x is 0 and y a number. Operands broadcast.
  public func timesLog(of y: Tensor) -> Tensor {
    let (x, y) = Tensor.matched(self, y)
    let isZero = x.equal(to: x.number(0)) .& .!y.isNaN()
    return .where(isZero, Tensor.fill(0), x * Tensor.where(isZero, Tensor.fill(1), y).log())
  }

  /// sin(πx) / (πx), and 1 at 0.
  public func sinc() -> Tensor {
    let isZero = equal(to: number(0))
    let angle = Tensor.where(isZero, Tensor.fill(1), self) * number(.pi)
    return .where(isZero, Tensor.fill(1), angle.sin() / angle)
  }

  /// Degrees as radians.
  public func radians() -> Tensor { self * .constant(.pi / 180) }
  /// Radians as degrees.
  public func degrees() -> Tensor { self * .constant(180 / .pi) }

  /// With numbers in place of NaN and of the infinities: by default 0, and the type's greatest and least numbers.
  public func replacingNonFinite(
    nan: Double = 0, positiveInfinity: Double? = nil, negativeInfinity: Double? = nil
  ) -> Tensor {
    let greatest = dtype == .float64 ? Double.greatestFiniteMagnitude : Double(Float.greatestFiniteMagnitude)
    let x = Tensor.where(isNaN(), number(nan), self)
    let below = Tensor.where(x.isNegativeInfinity(), number(negativeInfinity ?? -greatest), x)
    return .where(below.isPositiveInfinity(), number(positiveInfinity ?? greatest), below)
  }

  /// Where it is +∞: bool.
  public func isPositiveInfinity() -> Tensor { isInfinite() .& greater(than: number(0)) }
  /// Where it is −∞: bool.
  public func isNegativeInfinity() -> Tensor { isInfinite() .& less(than: number(0)) }
  /// Where the sign is negative, of zeros too: bool.
  public func hasNegativeSign() -> Tensor {
    Tensor.fill(1, [], dtype).copySign(of: self).less(than: number(0))
  }

  /// The quotient rounded down, of real numbers. Operands broadcast; no gradient passes.
  public func floorDivided(by divisor: Tensor) -> Tensor { (self / divisor).floor() }

  /// x · 2ᵉ. Operands broadcast.
  public func scaled(byPowerOf2 exponent: Tensor) -> Tensor { self * exponent.cast(to: dtype).exp2() }

  /// The logarithm of the multivariate gamma function of this order, ln Γ_p(x) = p(p − 1)/4 · ln π + Σ ln Γ(x − i/2) for i
  /// in 0..<p.
  public func multivariateLgamma(_ order: Int, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard (1...1024).contains(order) else {
        throw TensorError("multivariateLgamma: the order must be from 1 to 1024, not \(order)")
      }
      let start = number(Double(order * (order - 1)) / 4 * .log(.pi))
      return (0..<order).reduce(start) { $0 + (self - number(Double($1) / 2)).lgamma() }
    }
  }

  /// Where two tensors are equal up to |a − b| ≤ absolute + relative · |b|: bool. Operands broadcast. Equal infinities are
  /// close; NaN is close to NaN only where `nanIsClose`.
  public func isClose(
    to other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, nanIsClose: Bool = false
  ) -> Tensor {
    let (a, b) = Tensor.matched(self, other)
    let near = (a - b).abs().lessOrEqual(to: b.number(absolute) + b.number(relative) * b.abs()) .& b.isFinite()
    let same = a.equal(to: b) .| near
    return nanIsClose ? same .| (a.isNaN() .& b.isNaN()) : same
  }

  /// Whether all elements are close: bool, []. See `isClose`.
  public func allClose(
    to other: Tensor, relative: Double = 1e-5, absolute: Double = 1e-8, nanIsClose: Bool = false
  ) -> Tensor { isClose(to: other, relative: relative, absolute: absolute, nanIsClose: nanIsClose).all() }
}

/// The greater of two elements, or the one that is a number. Operands broadcast.
public func maximumNumber(_ a: Tensor, _ b: Tensor) -> Tensor { number(maximum, a, b) }

/// The lesser of two elements, or the one that is a number. Operands broadcast.
public func minimumNumber(_ a: Tensor, _ b: Tensor) -> Tensor { number(minimum, a, b) }

private func number(_ choice: (Tensor, Tensor) -> Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
  let (a, b) = Tensor.matched(a, b)
  return choice(.where(a.isNaN(), b, a), .where(b.isNaN(), a, b))
}
