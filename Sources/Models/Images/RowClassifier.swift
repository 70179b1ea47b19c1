import NeuralNetworks
import Tensors

/// A recurrent network that reads an image row by row and classifies it after the last one:
/// [batch, channels, height, width] → [batch, classes].
///
/// Source: Le, Jaitly & Hinton, "A Simple Way to Initialize Recurrent Networks of Rectified Linear Units", 2015, read
/// MNIST pixel by pixel; by rows is the common shorter form.
public struct RowClassifier: Layer {
  /// The recurrent layer, whose time steps are the rows of an image.
  public let recurrent: Recurrent
  /// The last layer: hidden → classes.
  public let classifier: Dense
  private let inputShape: Shape

  /// A classifier of images [channels, height, width], with one recurrent layer of `hidden` units.
  public init(_ cell: RecurrentCell, inputShape: Shape, classes: Int, hidden: Int) {
    self.inputShape = inputShape
    recurrent = Recurrent(cell, inputShape[0].times(inputShape[2]), hidden)
    classifier = Dense(hidden, classes)
  }

  /// The logits: [batch, channels, height, width] → [batch, classes].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let failure = imagesFailure(x, inputShape) { return .failed(failure) }
    let rows = x.permuted([0, 2, 1, 3]).flattened(from: 2)  // [batch, height, channels · width]
    return classifier(recurrent(rows, state: nil).state.hidden.last ?? rows)
  }
}
