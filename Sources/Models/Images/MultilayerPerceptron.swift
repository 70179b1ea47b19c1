import NeuralNetworks
import Tensors

/// The multilayer perceptron with one hidden layer: [batch, channels, height, width] → [batch, classes].
///
/// Source: Rumelhart, Hinton & Williams, Nature 323 (1986), with ReLU in place of the sigmoid.
public func makePerceptron(inputShape: Shape, classes: Int, hidden: Int = 128) -> Sequential {
  Sequential {
    Flatten()
    Dense(inputShape.elementCount, hidden, activation: .relu)
    Dense(hidden, classes)
  }
}
