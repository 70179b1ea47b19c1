import Tensors

/// The gradient of a loss for each trainable parameter of a model, not yet computed.
public struct Gradients: Sendable {
  /// The loss that was differentiated. An update computes and caches it.
  public let loss: Tensor
  /// The trainable parameters in the model's order.
  let parameters: [Parameter]
  /// By parameter; one that the loss does not depend on is missing.
  private var byParameter: [ObjectIdentifier: Tensor]
  /// Values that an update must assign to buffers and other variables, beside the parameters.
  public private(set) var assignments: [(Variable, Tensor)]

  init(
    loss: Tensor, parameters: [Parameter], byParameter: [ObjectIdentifier: Tensor],
    assignments: [(Variable, Tensor)]
  ) {
    self.loss = loss
    self.parameters = parameters
    self.byParameter = byParameter
    self.assignments = assignments
  }

  /// The gradient for a parameter; `nil` where the loss does not depend on it or it is not trainable. Set it to change
  /// a gradient before an update.
  public subscript(parameter: Parameter) -> Tensor? {
    get { byParameter[ObjectIdentifier(parameter)] }
    set { byParameter[ObjectIdentifier(parameter)] = newValue }
  }

  /// Assigns `value` to `variable` with the update, in the same plan: the state of a recurrent network that continues
  /// with the next step.
  public mutating func assign(_ value: Tensor, to variable: Variable) {
    assignments.append((variable, value.stoppingGradient()))
  }

  /// The Euclidean norm of all gradients together, before any clipping: [].
  ///
  /// Evaluated together with the update it costs one pass over the gradients, and nothing where the optimizer clips.
  public var norm: Tensor { norm(over: parameters) }

  /// The norm of the gradients of these parameters; 0 where there are none.
  func norm(over parameters: [Parameter]) -> Tensor {
    let norms = parameters.compactMap { norm(of: $0) }
    return norms.count > 1 ? vector(of: norms).norm() : norms.first ?? .zeros([])
  }

  private func norm(of parameter: Parameter) -> Tensor? {
    (usedRows(of: parameter)?.values ?? self[parameter])?.norm()
  }

  /// The gradient of a parameter by its used rows, where updates touch those alone; see
  /// ``Parameter/updatesOnlyUsedRows``.
  func usedRows(of parameter: Parameter) -> (numbers: Tensor, values: Tensor)? {
    parameter.updatesOnlyUsedRows ? self[parameter]?.usedRows : nil
  }

  /// The norm of each trainable parameter's gradient, before any clipping, in the model's order: [parameters]. 0 where
  /// the loss does not depend on one. Evaluated together with `norm` it costs nothing.
  package var norms: Tensor {
    parameters.isEmpty ? .zeros([0]) : vector(of: parameters.map { norm(of: $0) ?? .zeros([]) })
  }
}

/// Scalars as a vector: of float64 where one of them is, of float32 otherwise.
func vector(of scalars: [Tensor]) -> Tensor {
  let type: DType = scalars.contains { $0.dtype == .float64 } ? .float64 : .float32
  return Tensor.concatenated(scalars.map { $0.cast(to: type).reshaped(to: [1]) }, axis: 0)
}

/// The loss that `loss` gives for `model`, and its gradient for each trainable parameter.
///
/// ```swift
/// let (loss, gradients) = valueAndGradient(of: model) { crossEntropy(logits: $0(images), labels: labels) }
/// try optimizer.update(along: gradients)
/// ```
///
/// Records for training (`Mode`). Nothing is computed here; errors are thrown by the update. The loss must be a scalar.
///
/// Source: Rumelhart, Hinton & Williams, "Learning representations by back-propagating errors", Nature 323 (1986).
public func valueAndGradient<Model: Layer>(
  of model: Model, file: StaticString = #fileID, line: UInt = #line, _ loss: (Model) throws -> Tensor
) rethrows -> (loss: Tensor, gradients: Gradients) {
  let parameters = parts(of: model).parameters.map(\.parameter).filter(\.isTrainable)
  // The loss and the gradients use the same leaves, whatever another thread assigns meanwhile.
  let leaves = parameters.map(\.tensor)
  let recording = Recording(parameters: parameters, leaves: leaves)
  let value = try Recording.$current.withValue(recording) {
    try Mode.$stated.withValue(Mode.stated ?? true) { try loss(model) }
  }.called(at: CallSite(file, line))
  var byParameter: [ObjectIdentifier: Tensor] = [:]
  for (parameter, gradient) in zip(
    parameters, gradients(of: value, withRespectTo: leaves, file: file, line: line))
  {
    byParameter[ObjectIdentifier(parameter)] = gradient
  }
  return (
    value,
    Gradients(
      loss: value, parameters: parameters, byParameter: byParameter, assignments: recording.assignments)
  )
}
