// Rounding, by `floor`; of integers nothing. Constant almost everywhere, so no gradient passes.
extension Tensor {
  /// The nearest whole number, of two equally near ones the even one.
  public func rounded() -> Tensor {
    whole { x in
      let low = x.floor()
      let (rest, half) = (x - low, Tensor.fill(0.5, [], x.dtype))
      let isOdd = .!(low * half).equal(to: (low * half).floor())
      let isUp = rest.greater(than: half) .| (rest.equal(to: half) .& isOdd)
      // What an infinity leaves is NaN, which is not above a half.
      return .where(isUp, low + .fill(1, [], x.dtype), low)
    }
  }

  /// The least whole number that is not below.
  public func ceil() -> Tensor { whole { -(-$0).floor() } }

  /// The whole number toward 0.
  public func truncated() -> Tensor {
    whole { .where($0.less(than: .fill(0, [], $0.dtype)), -(-$0).floor(), $0.floor()) }
  }

  private func whole(_ body: (Tensor) -> Tensor) -> Tensor {
    if failure != nil || dtype.isInteger { return self }
    return body(self)
  }
}
