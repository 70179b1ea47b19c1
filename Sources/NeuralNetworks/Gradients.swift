import Tensors

/// The gradient of a loss for each trainable parameter of a model, not yet computed.
public struct Gradients: Sendable {
  /// The loss that was differentiated. An update computes and remembers it.
  public let loss: Tensor
  /// By parameter; one that the loss does not depend on is missing.
  private var byParameter: [ObjectIdentifier: Tensor]
  /// Values that buffers take over with the update.
  let bufferAssignments: [(Variable, Tensor)]

  init(loss: Tensor, byParameter: [ObjectIdentifier: Tensor], bufferAssignments: [(Variable, Tensor)]) {
    self.loss = loss
    self.byParameter = byParameter
    self.bufferAssignments = bufferAssignments
  }

  /// The gradient for a parameter; `nil` where the loss does not depend on it or it is not trainable. Setting it is how
  /// gradients are changed before an update.
  public subscript(parameter: Parameter) -> Tensor? {
    get { byParameter[ObjectIdentifier(parameter)] }
    set { byParameter[ObjectIdentifier(parameter)] = newValue }
  }
}

/// The loss that `loss` gives for `model`, and its gradient for each trainable parameter.
///
/// ```swift
/// let (loss, gradients) = valueAndGradient(of: model) { crossEntropy(logits: $0(images), labels: labels) }
/// try optimizer.update(along: gradients)
/// ```
///
/// Nothing is computed here; what went wrong is thrown by the update. The loss must be one number.
///
/// Source: Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986).
public func valueAndGradient<Model: Layer>(
  of model: Model, file: StaticString = #fileID, line: UInt = #line, _ loss: (Model) throws -> Tensor
) rethrows -> (loss: Tensor, gradients: Gradients) {
  let parts = parts(of: model)
  let parameters = parts.parameters.map(\.parameter).filter(\.isTrainable)
  let variables = parts.buffers.compactMap { try? $0.buffer.variable() }
  // What an earlier pass without an update left behind belongs to values that may be gone.
  for variable in variables { _ = variable.takePendingAssignment() }
  // Held from here on, so that the loss and the gradients meet the same leaves.
  let leaves = parameters.map(\.tensor)
  let value = try loss(model).called(at: CallSite(file, line))
  let assignments = variables.compactMap { variable in variable.takePendingAssignment().map { (variable, $0) } }
  var byParameter: [ObjectIdentifier: Tensor] = [:]
  for (parameter, gradient) in zip(
    parameters, gradients(of: value, withRespectTo: leaves, file: file, line: line))
  {
    byParameter[ObjectIdentifier(parameter)] = gradient
  }
  return (value, Gradients(loss: value, byParameter: byParameter, bufferAssignments: assignments))
}
