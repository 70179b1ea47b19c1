import Models
import Tensors
import Testing

@testable import NeuralNetworks

struct LayerDecayTests {
  @Test func ratesFallFromTheOutputDown() throws {
    let cnn = try ModelDescription.image("cnn", inputShape: [1, 28, 28], classes: 10).makeModel()
    #expect(
      LayerDecay.factors(of: cnn, 0.5) == [
        "layers.0.weight": 0.125, "layers.0.bias": 0.125, "layers.2.weight": 0.25, "layers.2.bias": 0.25,
        "layers.5.weight": 0.5, "layers.5.bias": 0.5, "layers.6.weight": 1, "layers.6.bias": 1,
      ])
    // A block is a layer, whatever it has in it.
    let resnet = LayerDecay.factors(
      of: try ModelDescription.image("resnet20", inputShape: [3, 32, 32], classes: 10).makeModel(), 0.5)
    #expect(resnet["classifier.weight"] == 1)
    #expect(resnet["blocks.8.first.convolution.weight"] == 0.5 && resnet["blocks.8.second.convolution.weight"] == 0.5)
    #expect(resnet["blocks.0.first.convolution.weight"] == 1 / 512.0)
    #expect(resnet["stem.convolution.weight"] == 1 / 1024.0)
  }

  private struct Two: Layer {
    let first = Parameter([1], shape: [1])
    let last = Parameter([1], shape: [1])
    func callAsFunction(_ x: Tensor) -> Tensor { x * first.tensor + last.tensor }
  }

  /// Both gradients are 1, so a step of 0.5 is one of 0.1 below.
  @Test func aStepBelowIsShorter() throws {
    let model = Two()
    let optimizer = GradientDescent(for: model, learningRate: 0.5)
    optimizer.multiplyLearningRates(by: LayerDecay.factors(of: model, 0.2))
    let (_, gradients) = valueAndGradient(of: model) { $0(Tensor([1], shape: [1])).sum() }
    try optimizer.update(along: gradients)
    #expect(abs(try model.first.tensor.values()[0] - 0.9) < 1e-6)
    #expect(abs(try model.last.tensor.values()[0] - 0.5) < 1e-6)
  }
}
