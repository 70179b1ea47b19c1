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
    let (n, k) = (b.shape[-1], a.shape[-1])
    let (count, covered) = (k / depth, k / depth * depth)
    let left = a[.ellipsis, ..<covered]  // [..., m, count · depth] -> [..., count, m, depth]
      .reshaped(to: Shape(a.shape.dropLast() + [count, depth])).transposed(-3, -2)
    let right = b[.ellipsis, ..<covered, 0...].reshaped(to: Shape(b.shape.dropLast(2) + [count, depth, n]))
    let sum = Tensor.record(Matmul(), [left, right], site).sum(axes: [-3])
    guard covered < k else { return sum }
    return sum + .record(Matmul(), [a[.ellipsis, covered...], b[.ellipsis, covered..., 0...]], site)
  }
}
