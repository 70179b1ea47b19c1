import NeuralNetworks
import Tensors

extension NetworkDescription {
  /// The layers of the network in the order of execution, for one image or one window of a text.
  ///
  /// Records a pass and computes nothing. Throws what is wrong with the network.
  public func summary() throws -> [LayerTrace] {
    try summarize(layer(try makeModel()), example: example)
  }
}

/// The layers of `model` in the order of execution, with output shapes, parameters and floating-point operations
/// for this input. Bytes are four a parameter. Layers that are called twice are listed twice.
public func summarize(_ model: any Layer, example: Tensor) throws -> [LayerTrace] {
  _ = model.parameters  // Sets the layers' paths.
  let (output, layers) = tracingLayers { inference { model(example) } }
  if let failure = output.failure { throw failure }
  return layers
}
