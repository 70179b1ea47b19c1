import NeuralNetworks
import Tensors
import Testing

@testable import Models

@Suite struct ImageNetworkTests {
  /// The numbers of parameters in torchvision's documentation of resnet18 and mobilenet_v2, and of WRN-16-4 for CIFAR-10
  /// in the authors' table.
  @Test(
    arguments: [
      (ModelDescription.Kind.resnet18, [3, 224, 224], 1000, 11_689_512),
      (.mobilenet, [3, 224, 224], 1000, 3_504_872), (.wideResNet, [3, 32, 32], 10, 2_748_890),
    ] as [(ModelDescription.Kind, [Int], Int, Int)])
  func haveTheParametersOfTheirPapers(kind: ModelDescription.Kind, shape: [Int], classes: Int, count: Int) throws {
    let shapes = try ModelDescription(kind: kind, inputShape: Shape(shape), classes: classes).shapes()
    let parameters = shapes.filter { !$0.name.hasSuffix("runningMean") && !$0.name.hasSuffix("runningVariance") }
    #expect(parameters.reduce(0) { $0 + $1.shape.elementCount } == count)
  }

  /// Page's network has 6,573,120, and no bias in the last layer.
  @Test func resnet9HasTheParametersOfItsSource() {
    let parameters = ResNet9(inputChannels: 3, classes: 10, width: 64).parameters
    #expect(parameters.reduce(0) { $0 + $1.parameter.count } == 6_573_120 + 10)
  }

  /// One step of each, on images below and from 64 pixels on, with shapes along the way.
  @Test(
    arguments: [ModelDescription.Kind.resnet9, .resnet18, .mobilenet, .wideResNet],
    [[1, 8, 8], [3, 20, 13], [3, 64, 64]])
  func takeAStep(kind: ModelDescription.Kind, shape: [Int]) throws {
    let model = try Random.$current.withValue(Random(seed: 3)) {
      try ModelDescription(kind: kind, inputShape: Shape(shape), classes: 5).makeModel()
    }
    let images = try Tensor(Random(seed: 4).uniform(count: 4 * shape.reduce(1, *)), shape: [4] + shape)
    #expect(try inference { model(images) }.values().count == 20)
    func losses<Model: Layer>(_ model: Model) throws -> [Float] {
      let optimizer = GradientDescent(for: model, learningRate: 1e-3)
      return try (0..<3).map { _ in
        let (loss, gradients) = valueAndGradient(of: model) {
          crossEntropy(logits: $0(images), labels: Tensor([1, 4, 0, 2] as [Int32], shape: [4]))
        }
        try optimizer.update(along: gradients)
        return try loss.scalar()
      }
    }
    let losses = try Random.$current.withValue(Random(seed: 5)) { try losses(model) }
    #expect(losses.allSatisfy(\.isFinite) && losses[2] != losses[0], "\(losses)")
  }

  @Test(arguments: [0, -1, 1025, Int.max, Int.min]) func absurdSizesAreErrors(n: Int) {
    let images = Tensor.ones([1, 3, 8, 8])
    #expect(WideResNet(inputChannels: 3, classes: 2, blocksPerGroup: n)(images).failure != nil)
    #expect(WideResNet(inputChannels: 3, classes: 2, width: n)(images).failure != nil)
    #expect(MobileNet(inputShape: [3, 8, 8], classes: 2, width: Double(n))(images).failure != nil)
    #expect(InvertedResidualBlock(3, 3, expansion: n)(images).failure != nil || n == 1025)
    #expect(MobileNet(inputShape: [n], classes: 2)(images).failure != nil)
    #expect(ResNet9(inputChannels: 3, classes: 2, width: n)(images).failure != nil)
    #expect(ResNet18(inputShape: [n], classes: 2)(images).failure != nil)
  }
}
