/// What a quantile between two elements is.
public enum QuantileInterpolation: Hashable, Sendable {
  /// On the straight line between them.
  case linear
  /// The lower one, the higher one, or the nearest, of two equally near ones that with the even index.
  case lower, higher, nearest
  /// Their mean.
  case midpoint
}

extension Tensor {
  /// The element in the middle of the order along an axis, or of all elements; of an even number the lower of the two in
  /// the middle, as in PyTorch. NaN where any is. The axis is removed unless it is kept with size 1.
  ///
  /// The gradient passes to the element that is the median. Costs a sort.
  public func median(
    axis: Int? = nil, keepingAxis: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    ranked("median", 0.5, axis, keepingAxis, .lower, CallSite(file, line))
  }

  /// The number below which this share of the elements along an axis lies, or of all elements: that with the index q (n −
  /// 1) in ascending order, interpolated where this is not a whole number. NaN where any is.
  ///
  /// `share` is from 0 to 1 and part of the plan. The axis is removed unless it is kept with size 1. The gradient passes to
  /// the elements that it was interpolated from. Costs a sort.
  public func quantile(
    _ share: Double, axis: Int? = nil, interpolation: QuantileInterpolation = .linear, keepingAxis: Bool = false,
    file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let site = CallSite(file, line)
    guard failure != nil || dtype.isDifferentiable else {
      return .failed(
        TensorError("quantile: needs float32 or float64, not \(type); use cast(to: .float32) first", callSite: site))
    }
    return ranked("quantile", share, axis, keepingAxis, interpolation, site)
  }

  private func ranked(
    _ name: String, _ share: Double, _ requested: Int?, _ keepingAxis: Bool, _ interpolation: QuantileInterpolation,
    _ site: CallSite
  ) -> Tensor {
    checked(site) { () throws(TensorError) in
      guard 0...1 ~= share else { throw TensorError("\(name): the share must be from 0 to 1, not \(share)") }
      guard let requested else {
        let result = flattened().ranked(name, share, 0, false, interpolation, site)
        return keepingAxis ? result.reshaped(to: Shape(shape.map { _ in 1 })) : result
      }
      let (axis, count) = (try shape.axis(requested, for: name), shape[requested])
      guard count > 0 else { throw TensorError("\(name): axis \(axis) of \(shape) is empty and has no \(name)") }
      let sorted = sorted(axis: axis)
      func element(_ index: Int) -> Tensor {
        sorted.sliced(
          starts: shape.indices.map { $0 == axis ? index : 0 },
          shape: Shape(shape.indices.map { $0 == axis ? 1 : shape[$0] }))
      }
      let result = between(element, share * Double(count - 1), interpolation)
      let greatest = element(count - 1)  // NaN where any is
      let found = dtype.isFloatingPoint ? Tensor.where(greatest.equal(to: greatest), result, greatest) : result
      return keepingAxis ? found : found.squeezed(axes: [axis])
    }
  }

  /// The element at an index with a fraction.
  private func between(_ element: (Int) -> Tensor, _ index: Double, _ how: QuantileInterpolation) -> Tensor {
    let (low, high) = (Int(index.rounded(.down)), Int(index.rounded(.up)))
    if low == high { return element(low) }
    func weighted(_ weight: Double) -> Tensor {
      element(low) + .fill(weight, [], dtype) * (element(high) - element(low))
    }
    switch how {
    case .lower: return element(low)
    case .higher: return element(high)
    case .nearest: return element(Int(index.rounded(.toNearestOrEven)))
    case .midpoint: return weighted(0.5)
    case .linear: return weighted(index - Double(low))
    }
  }
}
