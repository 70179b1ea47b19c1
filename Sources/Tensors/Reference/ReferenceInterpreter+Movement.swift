import RealModule

// Movement of elements, sums over axes, matrix products, windows and random numbers.

/// The offset of each position of `shape`, in row-major order: start + Σ position · stride.
func offsets(_ shape: Shape, _ strides: [Int], from start: Int = 0) -> [Int] {
  var found = [start]
  for (size, stride) in zip(shape, strides) {
    found = found.flatMap { base in (0..<size).map { base + $0 * stride } }
  }
  return found
}

extension ReferenceInterpreter.HostArray {
  /// The elements at these positions.
  func gathering(_ positions: [Int]) -> Self {
    switch self {
    case .floats(let values): .floats(positions.map { values[$0] })
    case .ints(let values): .ints(positions.map { values[$0] })
    }
  }

  /// The same with the elements of `other` at these positions.
  func putting(_ other: Self, at positions: [Int]) -> Self {
    switch (self, other) {
    case (.ints(var values), .ints(let new)):
      for (position, value) in zip(positions, new) { values[position] = value }
      return .ints(values)
    default:
      var values = floats
      for (position, value) in zip(positions, other.floats) { values[position] = value }
      return .floats(values)
    }
  }
}

extension ReferenceInterpreter {
  /// Strides with which an array of shape `shape` is read as one of shape `target`: 0 along repeated axes.
  private func spreadStrides(_ shape: Shape, to target: Shape) -> [Int] {
    let (own, added) = (shape.rowMajorStrides, target.rank - shape.rank)
    return target.indices.map { $0 < added || shape[$0 - added] == 1 ? 0 : own[$0 - added] }
  }

  func broadcast(_ x: HostArray, _ shape: Shape, to target: Shape) -> HostArray {
    shape == target ? x : x.gathering(offsets(target, spreadStrides(shape, to: target)))
  }

  /// `count` times the same number, of the type of `x`.
  private func repeated(_ value: Double, like x: HostArray, count: Int) -> HostArray {
    let numbers = HostArray.floats(Array(repeating: Scalar(value), count: count))
    if case .ints = x { return .ints(numbers.ints) }
    return numbers
  }

  func pad(_ x: HostArray, _ shape: Shape, before: [Int], _ value: Double, to target: Shape) -> HostArray {
    let strides = target.rowMajorStrides
    let start = zip(before, strides).reduce(0) { $0 + $1.0 * $1.1 }
    return repeated(value, like: x, count: target.elementCount)
      .putting(x, at: offsets(shape, strides, from: start))
  }

  func concatenate(_ parts: [HostArray], _ shapes: [Shape], axis: Int, to target: Shape) -> HostArray {
    let strides = target.rowMajorStrides
    var whole = repeated(0, like: parts[0], count: target.elementCount)
    var start = 0
    for (part, shape) in zip(parts, shapes) {
      whole = whole.putting(part, at: offsets(shape, strides, from: start * strides[axis]))
      start += shape[axis]
    }
    return whole
  }

  func reduce(_ kind: Reduction, _ x: [Scalar], _ shape: Shape, axes: [Int], to target: Shape) -> [Scalar] {
    let first: Scalar =
      switch kind {
      case .sum, .mean, .norm: 0
      case .maximum: -.infinity
      case .minimum: .infinity
      }
    var y = [Scalar](repeating: first, count: target.elementCount)
    let strides = target.rowMajorStrides
    let places = offsets(shape, shape.indices.map { axes.contains($0) ? 0 : strides[$0] })
    for (place, value) in zip(places, x) {
      switch kind {
      case .sum, .mean: y[place] += value
      case .norm: y[place] += value * value
      case .maximum: if value > y[place] || value.isNaN { y[place] = value }
      case .minimum: if value < y[place] || value.isNaN { y[place] = value }
      }
    }
    switch kind {
    case .sum, .maximum, .minimum: return y
    case .mean: return y.map { $0 / (Scalar(x.count) / Scalar(y.count)) }
    case .norm: return y.map { $0.squareRoot() }
    }
  }

  func argmax(_ x: [Scalar], _ shape: Shape, axis: Int) -> [Int32] {
    let strides = shape.rowMajorStrides
    var rest = shape
    rest.dimensions[axis] = 1
    return offsets(rest, strides).map { start in
      var best = 0
      for index in 0..<shape[axis] {
        let (value, greatest) = (x[start + index * strides[axis]], x[start + best * strides[axis]])
        if value > greatest || (value.isNaN && !greatest.isNaN) { best = index }
      }
      return Int32(best)
    }
  }

  func matmul(_ a: [Scalar], _ aShape: Shape, _ b: [Scalar], _ bShape: Shape, to target: Shape) -> [Scalar] {
    let (m, k, n) = (aShape[-2], aShape[-1], bShape[-1])
    let batch = Shape(target.dropLast(2))
    // Where the matrices of each product begin.
    let aStarts = offsets(batch, spreadStrides(Shape(aShape.dropLast(2)), to: batch)).map { $0 * m * k }
    let bStarts = offsets(batch, spreadStrides(Shape(bShape.dropLast(2)), to: batch)).map { $0 * k * n }
    var c: [Scalar] = []
    for (aStart, bStart) in zip(aStarts, bStarts) {
      for i in 0..<m {
        for j in 0..<n {
          var sum: Scalar = 0
          for p in 0..<k { sum += a[aStart + i * k + p] * b[bStart + p * n + j] }
          c.append(sum)
        }
      }
    }
    return c
  }

  /// For each element of [n, c, oh, ow, kh, kw] its offset in the images [n, c, h, w]; `nil` outside.
  func windowSources(_ images: Shape, _ window: Window) -> [Int?] {
    let (height, width) = (images[2], images[3])
    let out = window.positions(height: height, width: width)
    var sources: [Int?] = []
    for image in 0..<(images[0] * images[1]) {
      for oh in 0..<out.height {
        for ow in 0..<out.width {
          for kh in 0..<window.kernel.height {
            for kw in 0..<window.kernel.width {
              let row = oh * window.stride.height - window.paddingBegin.height + kh * window.dilation.height
              let column = ow * window.stride.width - window.paddingBegin.width + kw * window.dilation.width
              let inside = 0..<height ~= row && 0..<width ~= column
              sources.append(inside ? (image * height + row) * width + column : nil)
            }
          }
        }
      }
    }
    return sources
  }

  /// Element i takes word i % 4 of block i / 4.
  func random(_ distribution: Distribution, count: Int, key: [UInt32]) -> [Scalar] {
    var numbers: [Scalar] = []
    for block in 0..<((count + 3) / 4) {
      let counter = [UInt32(truncatingIfNeeded: block), UInt32(truncatingIfNeeded: block >> 32), key[2], key[3]]
      let words = philox(counter, key: [key[0], key[1]])
      switch distribution {
      case .uniform: numbers += words.map { Scalar($0 >> 8) / 16_777_216 }
      case .normal:
        for pair in [0, 2] {
          let u = Scalar((words[pair] >> 8) + 1) / 16_777_216
          let v = Scalar(words[pair + 1] >> 8) / 16_777_216
          let radius = Scalar.sqrt(-2 * Scalar.log(u))
          numbers += [radius * Scalar.cos(2 * Scalar.pi * v), radius * Scalar.sin(2 * Scalar.pi * v)]
        }
      }
    }
    return Array(numbers.prefix(count))
  }
}

/// Philox4x32-10: Salmon et al., "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
func philox(_ counter: [UInt32], key: [UInt32]) -> [UInt32] {
  var (x, k) = (counter, key)
  for _ in 0..<10 {
    let first = x[0].multipliedFullWidth(by: 0xD251_1F53)
    let second = x[2].multipliedFullWidth(by: 0xCD9E_8D57)
    x = [second.high ^ x[1] ^ k[0], second.low, first.high ^ x[3] ^ k[1], first.low]
    k = [k[0] &+ 0x9E37_79B9, k[1] &+ 0xBB67_AE85]
  }
  return x
}
