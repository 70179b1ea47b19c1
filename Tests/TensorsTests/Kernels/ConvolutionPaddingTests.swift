import Testing

@testable import Tensors

/// Convolutions of many channels, which libraries have kernels of their own for, with padding wider than the kernel.
@Suite struct ConvolutionPaddingTests {
  @Test(arguments: [
    (channels: 16, outputs: 32, kernel: 1, padding: 2), (channels: 16, outputs: 16, kernel: 3, padding: 4),
    (channels: 32, outputs: 16, kernel: 2, padding: 3), (channels: 3, outputs: 16, kernel: 3, padding: 3),
  ])
  func matchesTheReference(channels: Int, outputs: Int, kernel: Int, padding: Int) throws {
    let images: Shape = [2, channels, 6, 5]
    let weights: Shape = [outputs, channels, kernel, kernel]
    let random = Random(seed: 5)
    let x = Tensor(try random.normal(count: images.elementCount), shape: images.dimensions)
    let w = Tensor(try random.normal(count: weights.elementCount), shape: weights.dimensions)
    let y = x.convolved(with: w, paddingBegin: SpatialSize(padding), paddingEnd: SpatialSize(padding - 1))
    let found = [y] + gradients(of: (y * y.sin()).sum(), withRespectTo: [x, w]).compactMap { $0 }
    let expected = try ReferenceInterpreter().evaluate(found)
    for (tensor, expected) in zip(found, expected) {
      let largest = expected.floats.reduce(0) { max($0, abs($1)) }
      for (value, right) in zip(try tensor.values(), expected.floats) {
        #expect(abs(Double(value) - right) <= 1e-4 * largest)
      }
    }
    #expect(found.count == 3)
  }
}
