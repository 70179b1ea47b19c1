import NeuralNetworks
import Tensors
import Testing

/// Padding of convolutions and pooling layers. The numbers are PyTorch's (`torch.nn.functional.conv2d` of a padded image).
@Suite struct PaddingTests {
  private static func image() -> Tensor { Tensor([1, 2, 3, 4], shape: [1, 1, 2, 2]) }

  /// A kernel of 1×1 sees nothing but padding around the image, so the bias is left.
  @Test func paddingMayBeWiderThanTheKernel() throws {
    let layer = Conv2D(1, 1, kernelSize: 1, padding: .explicit(1), initializer: .constant(2))
    try layer.bias?.variable().set([5])
    let (loss, gradients) = valueAndGradient(of: layer) { $0(Self.image()).square().sum() }
    #expect(
      try layer(Self.image()).values() == [5, 5, 5, 5, 5, 7, 9, 5, 5, 11, 13, 5, 5, 5, 5, 5])
    #expect(try loss.scalar() == 720)  // 12 · 25 + 49 + 81 + 121 + 169
    #expect(try gradients[layer.weight]?.values() == [220])  // 2 · (7 · 1 + 9 · 2 + 11 · 3 + 13 · 4)
    let bias = try #require(layer.bias)
    #expect(try gradients[bias]?.values() == [200])  // 2 · (12 · 5 + 7 + 9 + 11 + 13)
  }

  @Test func eachSideHasItsOwnPadding() throws {
    let padding = Padding.asymmetric(begin: [1, 0], end: [0, 2])
    let layer = Conv2D(1, 1, kernelSize: 1, padding: padding, bias: false, initializer: .constant(1))
    #expect(try layer(Self.image()).values() == [0, 0, 0, 0, 1, 2, 0, 0, 3, 4, 0, 0])
    #expect(
      try MaxPool2D(2, stride: 1, padding: .asymmetric(begin: [1, 0], end: [0, 1]))(Self.image()).values() == [
        2, 2, 4, 4,
      ])
    #expect(
      try AveragePool2D(2, stride: 1, padding: .asymmetric(begin: [0, 0], end: [1, 0]))(Self.image()).values() == [
        2.5, 1.75,
      ])
    #expect(Conv2D(1, 1, kernelSize: 1, padding: .asymmetric(begin: -1, end: 0))(Self.image()).failure != nil)
    #expect(MaxPool2D(2, padding: .asymmetric(begin: 0, end: 2))(Self.image()).failure != nil)
  }
}
