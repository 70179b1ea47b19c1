import Tensors
import Testing

/// Sequences, images and volumes with invalid arguments: as `HostileArgumentTests`.
@Suite struct ImageArgumentTests {
  private static var matrix: Tensor { Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3]) }
  private static var images: Tensor { .ones([1, 2, 5, 5]) }
  private static var volumes: Tensor { .ones([1, 2, 3, 4, 5]) }
  private static var weights: Tensor { .ones([2, 2, 3, 3]) }
  private static var places: Tensor { images.cast(to: .int32) }
  private static let numbers = [Int.min, -(1 << 42), -7, -1, 0, 1, 2, 3, 1 << 42, Int.max / 2 + 1, Int.max]

  private static let calls: [HostileCall] = [
    HostileCall("stride of three axes") { images.convolved(with: weights, stride: [1, 2, 3]) },
    HostileCall("padding of no axes") { images.convolved(with: weights, paddingBegin: []) },
    HostileCall("transposed, other channels") { images.transposeConvolved(with: .ones([3, 2, 2, 2])) },
    HostileCall("transposed, stride of 2³⁰") { images.transposeConvolved(with: weights, stride: SpatialSize(1 << 30)) },
    HostileCall("transposed, all cut off") { images.transposeConvolved(with: weights, paddingBegin: 9) },
    HostileCall("transposed, padding of Int.max") {
      images.transposeConvolved(with: weights, outputPadding: SpatialSize(.max))
    },
    HostileCall("transposed nothing") { Tensor.zeros([1, 2, 0, 0]).transposeConvolved(with: weights) },
    HostileCall("reflected as often as there are elements") {
      matrix.padded(before: [2, 0], after: [0, 0], mode: .reflect)
    },
    HostileCall("around nothing") { Tensor.zeros([0]).padded(before: [1], after: [0], mode: .replicate) },
    HostileCall("padding of one axis") { matrix.padded(before: [1], after: [1], mode: .circular) },
    HostileCall("Int.max copies") { matrix.padded(before: [.max, 0], after: [.max, 0], mode: .replicate) },
    HostileCall("power of NaN") { images.lpPooled(power: .nan, kernel: 1) },
    HostileCall("unpooled to nothing") { images.maxUnpooled(to: 0, positions: places) },
    HostileCall("unpooled at other positions") {
      images.maxUnpooled(to: 4, positions: Tensor([0, 1] as [Int32], shape: [2]))
    },
    HostileCall("unpooled at floats") { images.maxUnpooled(to: 4, positions: images) },
    HostileCall("positions of integers") { images.cast(to: .int32).maxPooledWithPositions(kernel: 2).positions },
    HostileCall("resized to nothing") { images.resized(to: 0) },
    HostileCall("resized to Int.max") { images.resized(to: SpatialSize(.max), mode: .cubic) },
    HostileCall("resized to three sizes") { images.resized(to: [1, 2, 3]) },
    HostileCall("resized nothing") { Tensor.zeros([1, 2, 0, 3]).resized(to: 2) },
    HostileCall("resized a matrix") { matrix.resized(to: 2) },
    HostileCall("nearest with corners") { images.resized(to: 2, mode: .nearest, alignsCorners: true) },
    HostileCall("means of areas") { images.resized(to: 2, mode: .area, antialiases: true) },
    HostileCall("pooled to nothing") { images.adaptiveAveragePooled(to: [0, 1]) },
    HostileCall("greatest to nothing") { images.adaptiveMaxPooled(to: -1) },
    HostileCall("fractions that do not fit") { images.fractionalMaxPooled(kernel: 3, to: 4).values },
    HostileCall("fractions of nothing") { images.fractionalMaxPooled(kernel: 0, to: 2).values },
    HostileCall("fractions by other samples") { images.fractionalMaxPooled(kernel: 2, to: 2, samples: matrix).values },
    HostileCall("unfolded volumes") { volumes.unfolded(kernel: 2) },
    HostileCall("folded images") { images.folded(to: 4, kernel: 2) },
    HostileCall("folded other columns") { Tensor.ones([1, 8, 5]).folded(to: 3, kernel: 2) },
    HostileCall("folded to Int.max") { Tensor.ones([1, 8, 5]).folded(to: SpatialSize(.max), kernel: 2) },
    HostileCall("grid of other points") { images.gridSampled(at: .ones([1, 2, 2, 3])) },
    HostileCall("grid of other images") { images.gridSampled(at: .ones([2, 2, 2, 2])) },
    HostileCall("circular grid") { images.gridSampled(at: .ones([1, 2, 2, 2]), paddingMode: .circular) },
    HostileCall("cubic grid of volumes") { volumes.gridSampled(at: .ones([1, 1, 1, 1, 3]), mode: .cubic) },
    HostileCall("affine grid of a matrix") { matrix.affineGrid(size: 2) },
    HostileCall("affine grid of Int.max") { Tensor.ones([1, 2, 3]).affineGrid(size: SpatialSize(.max)) },
    HostileCall("affine grid of 2⁴⁴") { Tensor.ones([1, 2, 3]).affineGrid(size: SpatialSize(1 << 22)) },
  ]

  @Test(arguments: calls) func endsInASentence(call: HostileCall) throws {
    let outcome = try #require(call.outcome(), "no error")
    #expect(isSentence(outcome), "\(outcome)")
  }

  /// Calls with one integer, some of which are valid.
  private static let numbered: [(String, @Sendable (SpatialSize) throws -> [Tensor])] = [
    ("convolution", { [volumes.convolved(with: .ones([2, 2, 1, 2, 1]), stride: $0, paddingEnd: $0, dilation: $0)] }),
    ("transposed", { [images.transposeConvolved(with: weights, stride: $0, outputPadding: $0, dilation: $0)] }),
    ("max", { [volumes.maxPooled(kernel: $0, dilation: $0, roundsUp: true)] }),
    (
      "average",
      { [images.averagePooled(kernel: 3, stride: $0, paddingBegin: $0, roundsUp: true, countsPadding: false)] }
    ),
    ("positions", { [images.maxPooledWithPositions(kernel: 2, stride: $0, dilation: $0).positions] }),
    ("unpooled", { [images.maxUnpooled(to: $0, positions: places)] }),
    ("resized", { [images.resized(to: $0), volumes.adaptiveMaxPooled(to: $0)] }),
    ("fractional", { [images.fractionalMaxPooled(kernel: $0, to: $0).positions] }),
    (
      "unfolded",
      { [images.unfolded(kernel: 2, stride: $0, paddingBegin: $0), images.unfolded(kernel: $0, dilation: $0)] }
    ),
    ("folded", { [Tensor.ones([1, 8, 4]).folded(to: $0, kernel: 2, stride: $0, paddingEnd: $0)] }),
  ]

  @Test(arguments: numbered.indices) func nothingTraps(index: Int) {
    let (name, make) = Self.numbered[index]
    for number in Self.numbers {
      let outcome = HostileCall(name) { try make(SpatialSize(number)) }.outcome()
      #expect(outcome.map(isSentence) ?? true, "\(name) \(number): \(outcome ?? "")")
    }
  }
}
