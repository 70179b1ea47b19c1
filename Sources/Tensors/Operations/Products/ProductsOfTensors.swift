// Products that are matrix products of other shapes.
extension Tensor {
  /// The sum of products over pairs of axes: the last `count` axes of this tensor with the first ones of the other. What is
  /// left are the other axes of this tensor, then those of the other: [a, b, c] and [b, c, d] over 2 is [a, d].
  public func tensordot(
    _ other: Tensor, count: Int = 2, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    guard 0...Swift.max(Swift.min(shape.rank, other.shape.rank), 0) ~= count else {
      let text = "tensordot: \(shape) and \(other.shape) do not both have \(count) axes"
      return failure != nil
        ? self : other.failure != nil ? other : .failed(TensorError(text, callSite: CallSite(file, line)))
    }
    return tensordot(
      other, axes: (Array((shape.rank - count)..<shape.rank), Array(0..<count)), file: file, line: line)
  }

  /// The same over these axes of both, in pairs; negative ones count from the end.
  public func tensordot(
    _ other: Tensor, axes: ([Int], [Int]), file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let failure = other.failure { throw failure }
      var (a, b): ([Int], [Int]) = ([], [])
      for axis in axes.0 { a.append(try shape.axis(axis, for: "tensordot")) }
      for axis in axes.1 { b.append(try other.shape.axis(axis, for: "tensordot")) }
      guard a.count == b.count, Set(a).count == a.count, Set(b).count == b.count,
        zip(a, b).allSatisfy({ shape[$0] == other.shape[$1] })
      else {
        throw TensorError(
          "tensordot: the axes \(axes.0) of \(shape) and \(axes.1) of \(other.shape) must be pairs of one size, each once"
        )
      }
      let (left, right) = (shape.indices.filter { !a.contains($0) }, other.shape.indices.filter { !b.contains($0) })
      let (m, n) = (left.map { shape[$0] }, right.map { other.shape[$0] })
      let k = a.reduce(1) { $0 * shape[$1] }
      let first = permuted(left + a).reshaped(to: [m.reduce(1, *), k])
      let second = other.permuted(b + right).reshaped(to: [k, n.reduce(1, *)])
      return first.matmul(second, file: file, line: line).reshaped(to: Shape(m + n))
    }
  }

  /// The sum of the products of two vectors [n]: a number.
  public func dot(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    vectors("dot", other, CallSite(file, line)) { () throws(TensorError) in
      guard shape == other.shape else {
        throw TensorError("dot: the vectors \(shape) and \(other.shape) differ in size")
      }
      return reshaped(to: [1, shape[0]]).matmul(other.reshaped(to: [shape[0], 1])).reshaped(to: [])
    }
  }

  /// The products of all pairs of elements of two vectors: [m] and [n] → [m, n].
  public func outer(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    vectors("outer", other, CallSite(file, line)) { () throws(TensorError) in
      reshaped(to: [shape[0], 1]) * other.reshaped(to: [1, other.shape[0]])
    }
  }

  private func vectors(
    _ name: String, _ other: Tensor, _ site: CallSite, _ body: () throws(TensorError) -> Tensor
  ) -> Tensor {
    checked(site) { () throws(TensorError) in
      if let failure = other.failure { throw failure }
      guard shape.rank == 1, other.shape.rank == 1 else {
        throw TensorError("\(name): needs two vectors, not \(shape) and \(other.shape)")
      }
      return try body()
    }
  }

  /// The vector that is perpendicular to two others, along an axis of size 3: the cross product. Other axes broadcast; a
  /// negative axis counts from the end.
  public func cross(_ other: Tensor, axis: Int = -1, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let failure = other.failure { throw failure }
      let (own, theirs) = (try shape.axis(axis, for: "cross"), try other.shape.axis(axis, for: "cross"))
      guard shape[own] == 3, other.shape[theirs] == 3, own - shape.rank == theirs - other.shape.rank else {
        throw TensorError("cross: needs vectors of 3 elements along axis \(axis), not \(shape) and \(other.shape)")
      }
      let (b, c) = (rolled(by: -1, axis: own), rolled(by: -2, axis: own))
      return b * other.rolled(by: -2, axis: theirs) - c * other.rolled(by: -1, axis: theirs)
    }
  }

  /// The Kronecker product: the other tensor times each element of this one, side by side: [a, b] and [c, d] → [a · c, b ·
  /// d]. Of tensors of fewer axes the front ones are 1.
  public func kronecker(_ other: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let failure = other.failure { throw failure }
      let rank = Swift.max(shape.rank, other.shape.rank)
      guard 2 * rank <= Shape.maximumRank else {
        throw TensorError("kronecker: \(shape) and \(other.shape) have more axes than \(Shape.maximumRank / 2)")
      }
      func padded(_ shape: Shape) -> [Int] { Array(repeating: 1, count: rank - shape.rank) + shape.dimensions }
      let (a, b) = (padded(shape), padded(other.shape))
      let product =
        reshaped(to: Shape(a.flatMap { [$0, 1] })) * other.reshaped(to: Shape(b.flatMap { [1, $0] }))
      return product.reshaped(to: Shape(zip(a, b).map { $0.times($1) }))
    }
  }

  /// The distances of all pairs of rows: [..., m, d] and [..., n, d] → [..., m, n], by the norm Σ|x|, the Euclidean one, or
  /// the greatest |x| for the orders 1, 2 and infinity. Leading axes broadcast.
  ///
  /// From the differences themselves, so that small distances are exact and have a gradient, 0 where a distance is 0; that
  /// takes memory for m · n · d numbers.
  public func distances(
    to other: Tensor, order: Double = 2, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    checked(CallSite(file, line)) { () throws(TensorError) in
      if let failure = other.failure { throw failure }
      guard shape.rank >= 2, other.shape.rank >= 2, shape[-1] == other.shape[-1] else {
        throw TensorError("distances: needs rows of one size, not \(shape) and \(other.shape)")
      }
      let differences = unsqueezed(axis: -2) - other.unsqueezed(axis: -3)
      switch order {
      case 1: return differences.abs().sum(axes: [-1], file: file, line: line)
      case 2: return differences.norm(axes: [-1], file: file, line: line)
      case .infinity: return differences.abs().max(axes: [-1], file: file, line: line)
      default: throw TensorError("distances: the order must be 1, 2 or infinity, not \(order)")
      }
    }
  }
}
