import Tensors

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// How a self-attention network encodes the position of a token.
public enum PositionalEncoding: String, Hashable, Sendable, Codable, CaseIterable {
  /// A learned vector a position, added to the token's (Gehring et al. 2017; GPT).
  case learned
  /// Sines and cosines of wavelengths from 2π to 10000 · 2π, added (Vaswani et al. 2017, section 3.5).
  case sinusoidal
  /// Queries and keys are rotated by angles that grow with the position (Su et al., "RoFormer", 2021).
  case rotary
}

/// The table of `PositionalEncoding.sinusoidal`, [positions, width]: sines in even columns, cosines in odd ones.
public func sinusoidalPositions(_ positions: Int, width: Int) -> Tensor {
  let limit = 0...(1 << 31)
  guard limit.contains(positions), limit.contains(width), limit.contains(positions * width) else {
    return .failed(
      TensorError(
        "sinusoidal positions: positions and width must be at least 0 and 2³¹ numbers at most, not \(positions) and \(width)"
      ))
  }
  do { try Memory.check(4 * positions * width, for: "a table of \(positions) positions") } catch {
    return .failed(error)
  }
  var values: [Float] = []
  values.reserveCapacity(positions * width)
  for position in 0..<positions {
    for column in 0..<width {
      let angle = Double(position) / pow(10_000, Double(column / 2 * 2) / Double(width))
      values.append(Float(column % 2 == 0 ? sin(angle) : cos(angle)))
    }
  }
  return Tensor(values, shape: [positions, width])
}

extension Tensor {
  /// Rotates pairs (column i, column i + d/2) of [batch, heads, time, d] by position · 10000^(−2i/d); `positions` is
  /// int32 [time]. d must be even.
  ///
  /// Source: Su et al., "RoFormer: Enhanced Transformer with Rotary Position Embedding", 2021, in the halves' layout.
  public func rotated(by positions: Tensor) -> Tensor {
    if failure != nil { return self }
    guard shape.rank == 4, positions.failure != nil || positions.shape == [shape[2]] else {
      return .failed(
        TensorError(
          "rotary positions turn [batch, heads, time, d] by positions [time], not \(shape) by \(positions.shape)"))
    }
    let (time, width) = (shape[2], shape[3])
    guard width % 2 == 0 else {
      return .failed(TensorError("rotary positions need an even head width, not \(width)"))
    }
    guard width <= 1 << 20 else {
      return .failed(TensorError("rotary positions need a head width of at most 2²⁰, not \(width)"))
    }
    let half = width / 2
    let powers = (0..<half).map { pow(10_000, -2 * Double($0) / Double(width)) }
    let frequencies =
      dtype == .float64 ? Tensor(powers, shape: [1, half]) : Tensor(powers.map { Float($0) }, shape: [1, half])
    let angles = positions.cast(to: frequencies.dtype).reshaped(to: [time, 1]) * frequencies
    let (sine, cosine) = (angles.sin(), angles.cos())
    func part(_ start: Int) -> Tensor {
      sliced(starts: [0, 0, 0, start], shape: [shape[0], shape[1], time, half])
    }
    let (a, b) = (part(0), part(half))
    return .concatenated([a * cosine - b * sine, a * sine + b * cosine], axis: 3)
  }
}
