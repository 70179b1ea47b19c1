/// A norm of matrices.
public enum MatrixNorm: String, Hashable, Sendable, Codable, CaseIterable {
  /// √Σ x²
  case frobenius
  /// The sum of the singular values.
  case nuclear
  /// The greatest singular value.
  case spectral
  /// The greatest sum of the magnitudes of a column.
  case columns
  /// The greatest sum of the magnitudes of a row.
  case rows
}

extension Tensor {
  /// A norm of matrices [..., m, n]: [...].
  public func matrixNorm(
    _ norm: MatrixNorm = .frobenius, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      guard shape.rank >= 2 else { throw TensorError("matrixNorm: needs matrices [..., m, n], not \(shape)") }
      return switch norm {
      case .frobenius: self.norm(axes: [-2, -1], file: file, line: line)
      case .nuclear: singularValues(file: file, line: line).sum(axes: [-1])
      case .spectral: singularValues(file: file, line: line).max(axes: [-1])
      case .columns: abs().sum(axes: [-2]).max(axes: [-1])
      case .rows: abs().sum(axes: [-1]).max(axes: [-1])
      }
    }
  }

  /// The products of the vectors along an axis, summed: the other axes remain and broadcast; a negative axis counts from
  /// the end.
  public func vecdot(
    _ other: Tensor, axis: Int = -1, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    (self * other).sum(axes: [axis], file: file, line: line)
  }

  /// The product of matrices [m, k] · [k, …] · … in the order of multiplications that costs least. The first may be a row [k] and the
  /// last a column [k]; the result then lacks that axis.
  ///
  /// Source of the order: Cormen et al., "Introduction to Algorithms", 3rd edition, section 15.2.
  public static func multiDot(_ factors: [Tensor], file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    if let failed = factors.first(where: { $0.failure != nil }) { return failed }
    return .checked(CallSite(file, line)) { () throws(TensorError) in
      guard factors.count >= 2, let first = factors.first, let last = factors.last,
        factors.indices.allSatisfy({
          factors[$0].shape.rank == 2 || factors[$0].shape.rank == 1 && ($0 == 0 || $0 == factors.count - 1)
        })
      else {
        throw TensorError(
          "multiDot: needs at least two matrices, of which the first and the last may be vectors, not "
            + factors.map { "\($0.shape)" }.joined(separator: " · "))
      }
      var matrices = factors
      if first.shape.rank == 1 { matrices[0] = first.unsqueezed(axis: 0) }
      if last.shape.rank == 1 { matrices[factors.count - 1] = last.unsqueezed(axis: 1) }
      let product = cheapestProduct(matrices)
      let axes: [Int] = (first.shape.rank == 1 ? [0] : []) + (last.shape.rank == 1 ? [1] : [])
      return axes.isEmpty ? product : product.failure != nil ? product : product.squeezed(axes: axes)
    }
  }

  private static func cheapestProduct(_ factors: [Tensor]) -> Tensor {
    let count = factors.count
    let sizes = factors.map { $0.shape[0] } + [factors[count - 1].shape[1]]
    // The least cost of the factors i ... j, and where they are cut for it.
    var cost = Array(repeating: Array(repeating: 0, count: count), count: count)
    var cuts = cost
    for length in 1..<count {
      for i in 0..<(count - length) {
        let j = i + length
        let all = (i..<j).map { cut in
          cost[i][cut].plus(cost[cut + 1][j]).plus(sizes[i].times(sizes[cut + 1]).times(sizes[j + 1]))
        }
        let best = all.indices.min { all[$0] < all[$1] } ?? 0
        (cost[i][j], cuts[i][j]) = (all[best], i + best)
      }
    }
    func product(_ i: Int, _ j: Int) -> Tensor {
      i == j ? factors[i] : product(i, cuts[i][j]).matmul(product(cuts[i][j] + 1, j))
    }
    return product(0, count - 1)
  }

  /// The powers 0, 1, …, columns − 1 of each element along a new last axis: [..., n] → [..., n, columns]; n columns by
  /// default.
  public func vandermonde(columns: Int? = nil, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let count = columns ?? shape[-1]
      guard shape.rank > 0, dtype.isDifferentiable, count >= 0 else {
        throw TensorError(
          "vandermonde: needs float32 or float64 [..., n] and at least 0 columns, not \(type) and \(count)")
      }
      guard count > 0 else { return .zeros(Shape(shape + [0]), dtype: dtype) }
      let ones = Tensor.ones(Shape(shape + [1]), dtype: dtype)
      let factors = unsqueezed(axis: -1).broadcast(to: Shape(shape + [count - 1]))
      return Tensor.concatenated([ones, factors], axis: -1).cumulativeProduct()
    }
  }

  /// x with tensordot(a, x) = b, for a tensor a whose axes after those of b have as many elements as b: a linear system
  /// whose unknowns have these axes.
  public func tensorSolve(_ b: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let failure = b.failure { throw failure }
      let count = b.shape.elementCount
      let rest = shape.dropFirst(b.shape.rank)
      guard shape.prefix(b.shape.rank).elementsEqual(b.shape), rest.reduce(1, { $0.times($1) }) == count else {
        throw TensorError(
          "tensorSolve: the first axes of \(shape) must be \(b.shape), and the others have as many elements, \(count)")
      }
      return reshaped(to: [count, count]).solve(b.flattened(), file: file, line: line).reshaped(
        to: Shape(rest.map { $0 }))
    }
  }

  /// The inverse of the map that tensordot with this tensor is: its first `count` axes and its others have as many elements, and
  /// change places.
  public func tensorInverse(count: Int = 2, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      let (first, rest) = (shape.prefix(Swift.max(count, 0)), shape.dropFirst(Swift.max(count, 0)))
      let size = first.reduce(1) { $0.times($1) }
      guard count > 0, size == rest.reduce(1, { $0.times($1) }) else {
        throw TensorError(
          "tensorInverse: the first \(count) axes of \(shape) and the others must have as many elements")
      }
      return reshaped(to: [size, size]).inverse(file: file, line: line).reshaped(to: Shape(Array(rest) + first))
    }
  }
}
