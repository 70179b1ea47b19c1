import NeuralNetworks
import Tensors

extension ModelDescription {
  /// The layers of the network in the order in which they work, for one image.
  ///
  /// Records a pass and computes nothing. Throws what is wrong with the network.
  public func summary() throws -> [LayerTrace] {
    try summarize(try makeModel(), inputShape: inputShape)
  }
}

/// The layers of `model` in the order in which they work, with output shapes, parameters and floating-point operations
/// for one input of this shape (without the batch). Bytes are four a parameter. Layers that are called twice are listed
/// twice.
public func summarize(_ model: any Layer, inputShape: Shape) throws -> [LayerTrace] {
  _ = model.parameters  // Gives layers their paths.
  let input = Tensor.zeros(Shape([1] + inputShape.dimensions))
  let (output, layers) = tracingLayers { inference { model(input) } }
  if let failure = output.failure { throw failure }
  return layers
}
