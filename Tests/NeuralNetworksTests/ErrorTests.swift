import NeuralNetworks
import Tensors
import Testing

/// Users' mistakes end in a sentence with shapes and the layer's path; nothing traps.
@Suite struct ErrorTests {
  struct Classifier: Layer {
    let classifier: Sequential
    func callAsFunction(_ x: Tensor) -> Tensor { classifier(x) }
  }

  @Test func wrongShapesNameTheLayer() throws {
    let model = Classifier(
      classifier: Sequential {
        Flatten()
        Dense(784, 512, activation: .relu)
        Dense(500, 10)
      })
    let (loss, gradients) = valueAndGradient(of: model) {
      crossEntropy(
        logits: $0(Tensor.zeros([64, 1, 28, 28])), labels: Tensor([Int32](repeating: 0, count: 64), shape: [64]))
    }
    let optimizer = GradientDescent(for: model, learningRate: 0.1)
    let error = try #require(throws: (any Error).self) { try optimizer.update(along: gradients) }
    let text = "\(error)"
    #expect(text.contains("[64, 512] · [500, 10]"), "\(text)")
    #expect(text.contains("classifier.layers.2 (Dense 500 → 10"), "\(text)")
    #expect(text.contains("ErrorTests.swift"), "\(text)")
    #expect(throws: TensorError.self) { try loss.scalar() }
  }

  @Test func impossibleLayersFailWithAValue() {
    #expect(Dense(0, 3)(Tensor.zeros([1, 0])).failure != nil)
    #expect(Dropout(1.5)(Tensor.zeros([1, 2])).failure != nil)
    #expect(Conv2D(1, 2, kernelSize: 9)(Tensor.zeros([1, 1, 4, 4])).failure != nil)
  }
}
