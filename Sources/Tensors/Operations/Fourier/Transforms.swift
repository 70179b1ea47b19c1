/// Which direction of a Fourier transform of n numbers is divided by n, as in NumPy.
public enum FourierNorm: String, Hashable, Sendable, Codable, CaseIterable {
  /// The inverse transform.
  case backward
  /// Both, by √n.
  case orthonormal
  /// The forward transform.
  case forward

  fileprivate func factor(_ n: Int, isInverse: Bool) -> Double? {
    switch self {
    case .backward: isInverse ? 1 / Double(n) : nil
    case .forward: isInverse ? nil : 1 / Double(n)
    case .orthonormal: 1 / Double(n).squareRoot()
    }
  }
}

/// Transforms of complex numbers, which are pairs of a real and an imaginary part along a last axis of size 2: there is no
/// type of complex elements. Axes count without that of the pairs, so that −1 is the one before it.
extension Tensor {
  /// The discrete Fourier transform yₖ = Σ xⱼ e^(−2πi jk / n) along an axis of complex numbers [..., n, ..., 2], of the
  /// same shape. float32 or float64.
  ///
  /// `count`: how many numbers are transformed, after cutting off or adding zeros at the end. `norm` as in NumPy. n log n
  /// operations a line for all n; fastest where n has no prime factors above 5. The gradient is a transform of the gradient.
  ///
  /// Source: Cooley & Tukey, "An Algorithm for the Machine Calculation of Complex Fourier Series", Mathematics of Computation
  /// 19 (1965).
  public func fft(
    count: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    complexTransform(count, axis, norm, isInverse: false, CallSite(file, line))
  }

  /// The inverse Fourier transform, e^(+2πi jk / n), of complex numbers; see `fft`.
  public func inverseFFT(
    count: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    complexTransform(count, axis, norm, isInverse: true, CallSite(file, line))
  }

  /// The first half of the Fourier transform along an axis of real numbers: [..., n, ...] → [..., n / 2 + 1, ..., 2]; the other half
  /// is its conjugate. See `fft`.
  public func realFFT(
    count: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let site = CallSite(file, line)
    return checked(site) { () throws(TensorError) in
      let axis = try shape.axis(axis, for: "realFFT")
      let lines = try resized(axis, to: count, for: "realFFT").transposed(axis, shape.rank - 1)
      let half = Tensor.record(RealFourier(), [lines], site)
      guard half.failure == nil else { return half }
      return half.scaled(norm.factor(lines.shape[-1], isInverse: false)).transposed(axis, shape.rank - 1)
    }
  }

  /// The real numbers with this first half of their Fourier transform: [..., n / 2 + 1, ..., 2] → [..., n, ...]. `count`: n, by default
  /// the even one, 2 · (size − 1). See `fft`.
  public func inverseRealFFT(
    count: Int? = nil, axis: Int = -1, norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    let site = CallSite(file, line)
    return checked(site) { () throws(TensorError) in
      let axis = try pairAxis(axis, for: "inverseRealFFT")
      let n = count ?? 2 * (shape[axis] - 1)
      guard n > 0 else {
        throw TensorError("inverseRealFFT: needs at least 1 number, not \(n), along axis \(axis) of \(shape)")
      }
      let lines = try resized(axis, to: n / 2 + 1, for: "inverseRealFFT").transposed(axis, shape.rank - 2)
      let real = Tensor.record(HermitianFourier(count: n), [lines], site)
      guard real.failure == nil else { return real }
      return real.scaled(norm.factor(n, isInverse: true)).transposed(axis, shape.rank - 2)
    }
  }

  /// The Fourier transform of complex numbers along each of these axes: of images, for instance, along the last two.
  public func fft(
    axes: [Int], norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    axes.reduce(self) { $0.fft(axis: $1, norm: norm, file: file, line: line) }
  }

  /// The inverse of `fft(axes:)`.
  public func inverseFFT(
    axes: [Int], norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    axes.reduce(self) { $0.inverseFFT(axis: $1, norm: norm, file: file, line: line) }
  }

  /// The Fourier transform of real numbers along each of these axes, the first half along the last of them.
  public func realFFT(
    axes: [Int], norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard let last = axes.last else { return self }
    return realFFT(axis: last, norm: norm, file: file, line: line)
      .fft(axes: axes.dropLast(), norm: norm, file: file, line: line)
  }

  /// The inverse of `realFFT(axes:)`; `count`: how many real numbers there are along the last of the axes.
  public func inverseRealFFT(
    axes: [Int], count: Int? = nil, norm: FourierNorm = .backward, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard let last = axes.last else { return self }
    return inverseFFT(axes: axes.dropLast(), norm: norm, file: file, line: line)
      .inverseRealFFT(count: count, axis: last, norm: norm, file: file, line: line)
  }

  private func complexTransform(
    _ count: Int?, _ axis: Int, _ norm: FourierNorm, isInverse: Bool, _ site: CallSite
  ) -> Tensor {
    checked(site) { () throws(TensorError) in
      let name = isInverse ? "inverseFFT" : "fft"
      let axis = try pairAxis(axis, for: name)
      let lines = try resized(axis, to: count, for: name).transposed(axis, shape.rank - 2)
      let result = Tensor.record(Fourier(isInverse: isInverse), [lines], site)
      guard result.failure == nil else { return result }
      return result.scaled(norm.factor(lines.shape[-2], isInverse: isInverse)).transposed(axis, shape.rank - 2)
    }
  }

  /// An axis of complex numbers, counted without that of the pairs.
  private func pairAxis(_ axis: Int, for name: String) throws(TensorError) -> Int {
    guard shape.rank >= 2, shape[-1] == 2 else {
      throw TensorError("\(name): needs complex numbers as pairs [..., 2], not \(shape); realFFT takes real ones")
    }
    return try Shape(shape.dropLast().map { $0 }).axis(axis, for: name)
  }

  /// Cut off, or with zeros, at the end of an axis.
  private func resized(_ axis: Int, to count: Int?, for name: String) throws(TensorError) -> Tensor {
    guard let count, count != shape[axis] else { return self }
    guard count > 0 else {
      throw TensorError("\(name): needs at least 1 number along axis \(axis) of \(shape), not \(count)")
    }
    let none = shape.map { _ in 0 }
    if count < shape[axis] {
      return sliced(starts: none, shape: Shape(shape.indices.map { $0 == axis ? count : shape[$0] }))
    }
    return padded(before: none, after: shape.indices.map { $0 == axis ? count - shape[axis] : 0 })
  }

  private func scaled(_ factor: Double?) -> Tensor { factor.map { self * .fill($0, [], dtype) } ?? self }

  /// The frequencies of the numbers of `fft` for samples at this distance: [count], negative ones in the second half.
  public static func fftFrequencies(
    count: Int, spacing: Double = 1, dtype: DType = .float32, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    frequencies(count, spacing, dtype, CallSite(file, line)) { (0..<count).map { 2 * $0 < count ? $0 : $0 - count } }
  }

  /// The frequencies of the numbers of `realFFT` for samples at this distance: [count / 2 + 1].
  public static func realFFTFrequencies(
    count: Int, spacing: Double = 1, dtype: DType = .float32, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    frequencies(count, spacing, dtype, CallSite(file, line)) { Array(0...(count / 2)) }
  }

  private static func frequencies(
    _ count: Int, _ spacing: Double, _ dtype: DType, _ site: CallSite, _ positions: () -> [Int]
  ) -> Tensor {
    checked(site) { () throws(TensorError) in
      guard count > 0, spacing > 0, spacing.isFinite, dtype.isFloatingPoint else {
        throw TensorError("frequencies: needs a count and a spacing above 0, not \(count) and \(spacing), as \(dtype)")
      }
      try Memory.check(count.times(8), for: "\(count) frequencies")
      let values = positions().map { Double($0) / (Double(count) * spacing) }
      return Tensor(values, shape: [values.count]).cast(to: dtype)
    }
  }

  /// Rolled so that frequency 0 is in the middle of these axes, which are those of the tensor; all of them by default.
  public func fftShifted(axes: [Int]? = nil, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    shifted(axes, CallSite(file, line)) { $0 / 2 }
  }

  /// The inverse of `fftShifted`.
  public func inverseFFTShifted(axes: [Int]? = nil, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    shifted(axes, CallSite(file, line)) { -($0 / 2) }
  }

  private func shifted(_ axes: [Int]?, _ site: CallSite, _ shift: (Int) -> Int) -> Tensor {
    checked(site) { () throws(TensorError) in
      try shape.axes(axes, for: "fftShifted").reduce(self) { $0.rolled(by: shift(shape[$1]), axis: $1) }
    }
  }
}
