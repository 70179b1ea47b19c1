import Testing

@testable import Tensors

/// Pooling and its gradients against the reference: ties, NaN, infinities, padding, gaps between windows, few and odd
/// channels, one image and many, row-major images.
@Suite struct PoolingTests {
  private struct Case: CustomStringConvertible {
    let images: Shape
    let window: Window
    /// Whether the channels are not contiguous, as in input images.
    let isRowMajor: Bool

    init(seed: UInt64) {
      var numbers = TestNumbers(state: seed)
      func pick(_ values: Int...) -> Int { values.randomElement(using: &numbers) ?? 1 }
      isRowMajor = Bool.random(using: &numbers)
      let size = Pair(pick(1, 2, 4, 6, 7, 12), pick(1, 2, 4, 6, 7, 12))
      images = [pick(1, 1, 2, 9), pick(1, 2, 3, 15, 16, 17, 32, 50), size.height, size.width]
      if pick(0, 1, 2) == 0 {  // windows that share no pixel
        let side = Pair(min(size.height, 2), min(size.width, 2))
        window = Window(kernel: side, stride: side)
      } else {
        let kernel = Pair(pick(1, 2, 2, 3, 4), pick(1, 2, 2, 3, 4))
        window = Window(
          kernel: kernel, stride: Pair(pick(1, 2, 3, 5), pick(1, 2, 3, 5)),
          paddingBegin: Pair(
            .random(in: 0..<kernel.height, using: &numbers), .random(in: 0..<kernel.width, using: &numbers)),
          paddingEnd: Pair(
            .random(in: 0..<kernel.height, using: &numbers), .random(in: 0..<kernel.width, using: &numbers)),
          dilation: pick(0, 0, 0, 1) == 0 ? 1 : Pair(pick(1, 2), pick(1, 2, 3)))
      }
    }
    var isPossible: Bool {
      let out = window.positions(height: images[2], width: images[3])
      return out.height > 0 && out.width > 0
    }

    var description: String { "\(images), \(isRowMajor ? "row-major" : "channels last"), \(window)" }
    /// A tensor in the layout of the case.
    func tensor(_ values: [Float], _ shape: Shape) -> Tensor {
      isRowMajor
        ? Tensor(values, shape: shape.dimensions)
        : Tensor(values, shape: [shape[0], shape[2], shape[3], shape[1]]).permuted([0, 3, 1, 2])
    }
  }

  private static let kinds = ["maximum", "maximum's gradient", "mean", "mean's gradient"]

  @Test(arguments: 1...150 as ClosedRange<UInt64>) func randomShapesMatchTheReference(seed: UInt64) throws {
    let pooling = Case(seed: seed)
    guard pooling.isPossible else { return }
    // Few different values, so that there are ties; some are NaN or infinite.
    let special: [Float] = seed % 3 == 0 ? [.nan, -.infinity, .infinity, -.infinity] : [0, 1]
    let x = pooling.tensor(
      try Random(seed: seed).uniform(count: pooling.images.elementCount).map { number in
        number < 0.2 ? special[Int(number * 20) % special.count] : (number * 7).rounded()
      }, pooling.images)
    let out = pooling.window.positions(height: pooling.images[2], width: pooling.images[3])
    let results: Shape = [pooling.images[0], pooling.images[1], out.height, out.width]
    let upstream = pooling.tensor(try Random(seed: seed + 1000).normal(count: results.elementCount), results)
    let (maximum, average) = (
      Pool(kind: .maximum, window: pooling.window), Pool(kind: .average, window: pooling.window)
    )
    let tensors: [Tensor] = [
      .record(maximum, [x]),
      .record(PoolGradient(forward: maximum, shape: pooling.images), [x, upstream]),
      .record(average, [x]),
      .record(PoolGradient(forward: average, shape: pooling.images), [upstream]),
    ]
    for (kind, tensor) in zip(Self.kinds, tensors) {
      let different = try difference(tensor, seed: seed)
      #expect(different == nil, "\(kind), \(pooling)")
    }
  }

  /// One image is split into bands for several threads, many are not: the bits are the same.
  @Test func anImageGivesTheSameBitsAloneAndAmongOthers() throws {
    let (window, batch) = (Window(kernel: 3, stride: 2, paddingBegin: 1, paddingEnd: 1), 40)
    let (images, results): (Shape, Shape) = ([batch, 48, 30, 29], [batch, 48, 15, 15])
    let values = try Random(seed: 1).normal(count: images.elementCount).map { ($0 * 4).rounded() }
    let x = Tensor(values, shape: images.dimensions)
    let upstream = Tensor(try Random(seed: 2).normal(count: results.elementCount), shape: results.dimensions)
    func pooled(_ x: Tensor, _ upstream: Tensor) throws -> [[Float]] {
      let (maximum, average) = (Pool(kind: .maximum, window: window), Pool(kind: .average, window: window))
      return try [
        Tensor.record(maximum, [x]).values(),
        Tensor.record(PoolGradient(forward: maximum, shape: x.shape), [x, upstream]).values(),
        Tensor.record(PoolGradient(forward: average, shape: x.shape), [upstream]).values(),
      ]
    }

    func first(_ x: Tensor) -> Tensor {
      x.sliced(starts: [0, 0, 0, 0], shape: [1, x.shape[1], x.shape[2], x.shape[3]])
    }
    let alone = try pooled(first(x), first(upstream))
    for (one, all) in zip(alone, try pooled(x, upstream)) {
      let same = one == Array(all.prefix(one.count))
      #expect(same)
    }
  }
}
