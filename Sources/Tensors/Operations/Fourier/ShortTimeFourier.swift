import RealModule

/// How a signal goes on before its beginning and after its end.
public enum SignalPadding: String, Hashable, Sendable, Codable, CaseIterable {
  /// Mirrored at the first and the last number, which are not repeated.
  case reflect
  /// With zeros.
  case zero
}

extension Tensor {
  /// Hann's window of these numbers, sin²(π j / n): [count]. `isPeriodic`: as if one more number followed, as transforms need it.
  public static func hannWindow(count: Int, isPeriodic: Bool = true, dtype: DType = .float32) -> Tensor {
    window(count, isPeriodic, dtype, [0.5, 0.5])
  }

  /// Hamming's window, 0.54 − 0.46 cos(2π j / n): [count]; see `hannWindow`.
  public static func hammingWindow(count: Int, isPeriodic: Bool = true, dtype: DType = .float32) -> Tensor {
    window(count, isPeriodic, dtype, [0.54, 0.46])
  }

  /// Blackman's window, 0.42 − 0.5 cos(2π j / n) + 0.08 cos(4π j / n): [count]; see `hannWindow`.
  public static func blackmanWindow(count: Int, isPeriodic: Bool = true, dtype: DType = .float32) -> Tensor {
    window(count, isPeriodic, dtype, [0.42, 0.5, 0.08])
  }

  /// Σ (−1)ᵏ aₖ cos(2π k j / n)
  private static func window(_ count: Int, _ isPeriodic: Bool, _ dtype: DType, _ terms: [Double]) -> Tensor {
    .checked { () throws(TensorError) in
      guard count >= 0, dtype.isDifferentiable else {
        throw TensorError("window: needs a count of at least 0, not \(count), and float32 or float64, not \(dtype)")
      }
      try Memory.check(count.times(8), for: "a window of \(count) numbers")
      let period = Double(isPeriodic ? count : count - 1)
      let values = (0..<count).map { j in
        count == 1
          ? 1
          : terms.enumerated().reduce(0) { sum, term in
            let sign: Double = term.offset % 2 == 0 ? 1 : -1
            return sum + sign * term.element * Double.cos(2 * Double.pi * Double(term.offset * j) / period)
          }
      }
      return Tensor(values, shape: [count]).cast(to: dtype)
    }
  }

  /// The short-time Fourier transform of real signals [..., time], as of PyTorch: the first halves of the transforms of frames of
  /// `frameSize` numbers, `hop` numbers apart: [..., frameSize / 2 + 1, frames, 2].
  ///
  /// - Parameters:
  ///   - hop: a quarter of a frame by default.
  ///   - window: what each frame is multiplied by: [frameSize], or fewer numbers, with zeros on both sides; ones by default.
  ///   - isCentered: whether frame i is that around number i · hop, for which the signal goes on at both ends.
  ///   - isOrthonormal: whether to divide by √frameSize.
  ///
  /// Source: Allen, "Short Term Spectral Analysis, Synthesis, and Modification by Discrete Fourier Transform", IEEE Transactions
  /// on Acoustics, Speech, and Signal Processing 25 (1977).
  public func shortTimeFFT(
    frameSize: Int, hop: Int? = nil, window: Tensor? = nil, isCentered: Bool = true, padding: SignalPadding = .reflect,
    isOrthonormal: Bool = false, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let frames = try Frames("shortTimeFFT", frameSize, hop, window, dtype)
      let time = shape[-1]
      let margin = isCentered ? frameSize / 2 : 0
      guard shape.rank >= 1, time.plus(2 * margin) >= frameSize else {
        throw TensorError("shortTimeFFT: a signal of \(time) numbers has no frame of \(frameSize): \(shape)")
      }
      guard margin == 0 || padding == .zero || margin < time else {
        throw TensorError(
          "shortTimeFFT: a signal of \(time) numbers cannot be mirrored for \(margin) more; use padding: .zero")
      }
      let count = (time + 2 * margin - frameSize) / frames.hop + 1
      let cut: Tensor
      if padding == .zero, margin > 0 {
        let more = shape.indices.map { $0 == shape.rank - 1 ? margin : 0 }
        cut = padded(before: more, after: more).take(try frames.positions(count) { $0 }, axis: -1)
      } else {
        cut = take(
          try frames.positions(count) { at in
            let place = Swift.abs(at - margin)
            return place < time ? place : 2 * (time - 1) - place
          }, axis: -1)
      }
      let spectrum = (cut * frames.window).realFFT(
        norm: isOrthonormal ? .orthonormal : .backward, file: file, line: line)
      return spectrum.failure == nil ? spectrum.transposed(-2, -3) : spectrum
    }
  }

  /// The real signals [..., time] whose short-time Fourier transform [..., frameSize / 2 + 1, frames, 2] is nearest to this one: frames are
  /// multiplied by the window once more, added up, and divided by the sum of the squares of the windows there.
  ///
  /// The parameters are those of `shortTimeFFT`; `count` is how many numbers the signals have, by default as many as the frames
  /// cover. Where no window reaches the result is NaN.
  ///
  /// Source: Griffin & Lim, "Signal estimation from modified short-time Fourier transform", IEEE Transactions on Acoustics, Speech,
  /// and Signal Processing 32 (1984), equation 6.
  public func inverseShortTimeFFT(
    frameSize: Int, hop: Int? = nil, window: Tensor? = nil, isCentered: Bool = true, isOrthonormal: Bool = false,
    count: Int? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let frames = try Frames("inverseShortTimeFFT", frameSize, hop, window, dtype)
      guard shape.rank >= 3, shape[-1] == 2, shape[-3] == frameSize / 2 + 1, shape[-2] > 0 else {
        throw TensorError(
          "inverseShortTimeFFT: needs [..., \(frameSize / 2 + 1), frames, 2] for frames of \(frameSize), not \(shape)")
      }
      let number = shape[-2]
      let whole = (number - 1).times(frames.hop).plus(frameSize)
      let norm: FourierNorm = isOrthonormal ? .orthonormal : .backward
      let cut = transposed(-2, -3).inverseRealFFT(count: frameSize, norm: norm, file: file, line: line)
      if let failure = cut.failure { throw failure }
      let batch = Shape(shape.dropLast(3).map { $0 })
      let places = try frames.positions(number) { $0 }.flattened()
      /// Frames [..., frames, frameSize] added up where they lie: [..., whole].
      func added(_ frames: Tensor, _ batch: Shape) -> Tensor {
        let flat = frames.reshaped(to: Shape(batch + [number * frameSize]))
        return Tensor.zeros(Shape(batch + [whole]), dtype: dtype).scatter(
          flat, at: places.broadcast(to: flat.shape), along: -1, mode: .add)
      }
      let squares = frames.window.square().broadcast(to: [number, frameSize])
      let signal = added(cut * frames.window, batch) / added(squares, [])
      let start = isCentered ? frameSize / 2 : 0
      let length = count ?? whole - 2 * start
      guard length > 0 else { throw TensorError("inverseShortTimeFFT: \(number) frames have no \(length) numbers") }
      let end = Swift.min(start.plus(length), whole)
      let found = signal[.ellipsis, start..<Swift.max(end, start)]
      let missing = length - found.shape[-1]
      return missing > 0
        ? found.padded(
          before: found.shape.map { _ in 0 },
          after: found.shape.indices.map { $0 == found.shape.rank - 1 ? missing : 0 })
        : found
    }
  }
}

/// What both directions check: frames of a size, their distance, and their window.
private struct Frames {
  let size: Int, hop: Int
  let window: Tensor

  init(_ name: String, _ size: Int, _ hop: Int?, _ window: Tensor?, _ dtype: DType) throws(TensorError) {
    (self.size, self.hop) = (size, hop ?? Swift.max(size / 4, 1))
    guard dtype.isDifferentiable, size > 0, self.hop > 0 else {
      throw TensorError(
        "\(name): needs float32 or float64, a frame size and a hop above 0, not \(dtype), \(size) and \(self.hop)")
    }
    guard let window else {
      self.window = .ones([size], dtype: dtype)
      if let failure = self.window.failure { throw failure }
      return
    }
    if let failure = window.failure { throw failure }
    guard window.shape.rank == 1, window.shape[0] <= size else {
      throw TensorError("\(name): the window must have at most \(size) numbers, not \(window.shape)")
    }
    let before = (size - window.shape[0]) / 2
    self.window = window.cast(to: dtype).padded(before: [before], after: [size - window.shape[0] - before])
  }

  /// Where each number of each frame comes from: int32 [count, size].
  func positions(_ count: Int, _ place: (Int) -> Int) throws(TensorError) -> Tensor {
    try Memory.check(count.times(size).times(8), for: "the positions of \(count) frames")
    guard count.times(hop).plus(size) <= Int(Int32.max) else {
      throw TensorError("frames: \(count) frames, \(hop) apart, are more than int32 counts")
    }
    return Tensor(
      (0..<count).flatMap { frame in (0..<size).map { Int32(place(frame * hop + $0)) } }, shape: [count, size])
  }
}
