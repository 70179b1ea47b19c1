import NeuralNetworks
import Tensors

/// A small convolutional network: [batch, channels, height, width] → [batch, classes].
///
/// 421,642 parameters for 28×28 gray images and ten classes. The architecture is that of LeNet-5, with ReLU and
/// max-pooling.
///
/// Source: LeCun, Bottou, Bengio & Haffner, "Gradient-Based Learning Applied to Document Recognition", 1998.
public func makeConvolutionalNetwork(inputShape: Shape, classes: Int, hidden: Int = 128) -> Sequential {
  Sequential {
    Conv2D(inputShape[0], 32, kernelSize: 3, padding: .same, activation: .relu)
    MaxPool2D(2)
    Conv2D(32, 64, kernelSize: 3, padding: .same, activation: .relu)
    MaxPool2D(2)
    Flatten()
    Dense((inputShape[1] / 4).times(inputShape[2] / 4).times(64), hidden, activation: .relu)
    Dense(hidden, classes)
  }
}
