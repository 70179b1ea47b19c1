import Tensors

// Initializers that depend on the shape of the parameter.

extension Initializer {
  /// 1 on the diagonal of a matrix and 0 elsewhere, so that the layer begins as the identity.
  public static let eye = shaped { shape, _, _ throws(TensorError) in
    guard shape.rank == 2 else { throw TensorError("initializer: eye is for matrices, not \(shape)") }
    var values = [Float](repeating: 0, count: shape.elementCount)
    for index in 0..<min(shape[0], shape[1]) { values[index * shape[1] + index] = 1 }
    return values
  }

  /// 1 in the middle of the kernels that lead from each channel to the output of the same number, and 0 elsewhere, so that the
  /// convolution begins as the identity, as far as there are channels: weights [outputs, inputs / groups, …].
  ///
  /// Source: Zagoruyko & Komodakis, "DiracNets", 2017.
  public static func dirac(groups: Int = 1) -> Initializer {
    shaped { shape, _, _ throws(TensorError) in
      guard shape.rank >= 3, groups > 0, shape[0] % groups == 0 else {
        throw TensorError(
          "initializer: dirac is for weights [outputs, inputs, size, …] in groups, not \(shape) in \(groups)")
      }
      let kernel = Shape(Array(shape.dropFirst(2)))
      let middle = kernel.indices.reduce(0) { $0 * kernel[$1] + kernel[$1] / 2 }
      let outputs = shape[0] / groups
      var values = [Float](repeating: 0, count: shape.elementCount)
      if values.isEmpty { return [] }
      for group in 0..<groups {
        for channel in 0..<min(outputs, shape[1]) {
          let row = (group * outputs + channel) * shape[1] + channel
          values[row * kernel.elementCount + middle] = 1
        }
      }
      return values
    }
  }

  /// A random matrix with orthonormal rows or columns, times a gain: the first axis by all others. Takes rows · columns · the
  /// lesser of the two operations.
  ///
  /// Source: Saxe, McClelland & Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
  /// networks", ICLR 2014.
  public static func orthogonal(gain: Float = 1) -> Initializer {
    shaped { shape, _, _ throws(TensorError) in
      guard shape.rank >= 2, gain.isFinite else {
        throw TensorError(
          "initializer: orthogonal is for parameters of at least 2 axes and a finite gain, not \(shape), \(gain)")
      }
      let (rows, columns) = (shape[0], Shape(Array(shape.dropFirst())).elementCount)
      let (count, length) = (min(rows, columns), max(rows, columns))
      let draws = try Random.current.normal(count: count.times(length)).map(Double.init)
      var vectors: [[Double]] = []
      for index in 0..<count {
        vectors.append(orthonormal(Array(draws[index * length..<(index + 1) * length]), to: vectors))
      }
      return (0..<rows * columns).map { index in
        let (row, column) = (index / columns, index % columns)
        return gain * Float(rows <= columns ? vectors[row][column] : vectors[column][row])
      }
    }
  }

  /// Normal with this standard deviation, but with zeros in the share `sparsity` of each column of a matrix, rounded up.
  ///
  /// Source: Martens, "Deep learning via Hessian-free optimization", ICML 2010, section 5.
  public static func sparse(_ sparsity: Double, deviation: Float = 0.01) -> Initializer {
    shaped { shape, _, _ throws(TensorError) in
      guard shape.rank == 2, 0...1 ~= sparsity, deviation.isFinite else {
        throw TensorError(
          "initializer: sparse is for matrices, a share of 0 to 1 and a finite deviation, not \(shape), \(sparsity), \(deviation)"
        )
      }
      let (rows, columns) = (shape[0], shape[1])
      let zeros = Int((sparsity * Double(rows)).rounded(.up))
      var values = try Random.current.normal(count: shape.elementCount).map { $0 * deviation }
      let order = try Random.current.uniform(count: shape.elementCount)
      for column in 0..<columns {
        let chosen = (0..<rows).sorted { order[$0 * columns + column] < order[$1 * columns + column] }.prefix(zeros)
        for row in chosen { values[row * columns + column] = 0 }
      }
      return values
    }
  }
}

/// The unit vector in the direction of what is left of one without its parts along others, which are orthonormal.
///
/// Gram–Schmidt twice: "twice is enough" (Giraud et al. 2005).
private func orthonormal(_ vector: [Double], to others: [[Double]]) -> [Double] {
  var vector = vector
  for _ in 0..<2 {
    for other in others {
      let part = zip(vector, other).reduce(0) { $0 + $1.0 * $1.1 }
      for index in vector.indices { vector[index] -= part * other[index] }
    }
  }
  let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
  return vector.map { $0 / norm }
}
