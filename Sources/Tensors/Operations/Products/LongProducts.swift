// Matrix products that are summed over very many elements.

extension Tensor {
  /// Sums of more elements than this are cut into parts that a kernel sums in float.
  private static let longestSum = 1 << 15

  /// [..., m, k] · [..., k, n], where both have these axes. A long sum is one of shorter products, added up in double,
  /// so that its error does not grow with k. Kernels for small results add one element after the other, others block by
  /// block, so the parts of small results are shorter. That computes k / 8192 matrices [m, n], or k / 1024 where they
  /// are small.
  static func product(_ a: Tensor, _ b: Tensor, _ site: CallSite?) -> Tensor {
    guard a.failure == nil, b.failure == nil, a.shape.rank >= 2, b.shape.rank >= 2, a.shape[-1] == b.shape[-2],
      a.shape[-1] > longestSum, a.dtype == .float32
    else { return .record(Matmul(), [a, b], site) }
    let depth = a.shape[-2] * b.shape[-1] <= 4096 ? 1024 : 8192
    let count = a.shape[-1] / depth
    let covered = count * depth
    func part(_ x: Tensor, axis: Int, from start: Int, to end: Int) -> Tensor {
      let starts = x.shape.indices.map { $0 == axis ? start : 0 }
      return x.sliced(starts: starts, shape: Shape(x.shape.indices.map { $0 == axis ? end - start : x.shape[$0] }))
    }
    let (alongA, alongB) = (a.shape.rank - 1, b.shape.rank - 2)
    let (m, n, k) = (a.shape[-2], b.shape[-1], a.shape[-1])
    let left = part(a, axis: alongA, from: 0, to: covered)  // [..., m, count · depth] -> [..., count, m, depth]
      .reshaped(to: Shape(a.shape.dropLast(2) + [m, count, depth])).permuted(
        Array(0..<alongA - 1) + [alongA, alongA - 1, alongA + 1])
    let right = part(b, axis: alongB, from: 0, to: covered).reshaped(
      to: Shape(b.shape.dropLast(2) + [count, depth, n]))
    let products = Tensor.record(Matmul(), [left, right], site)  // [..., count, m, n]
    guard products.failure == nil else { return products }
    let sum = products.sum(axes: [products.shape.rank - 3])
    guard covered < k else { return sum }
    let rest = (part(a, axis: alongA, from: covered, to: k), part(b, axis: alongB, from: covered, to: k))
    return sum + .record(Matmul(), [rest.0, rest.1], site)
  }
}
