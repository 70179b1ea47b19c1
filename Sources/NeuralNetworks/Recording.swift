import Synchronization
import Tensors

/// What a forward pass reads and gives beside its result: the parameters' values, and new values of buffers, in order.
/// They belong to the recording in which they happened, so two threads that record with the same model, or one that
/// updates it meanwhile, do not meet.
final class Recording: Sendable {
  /// That of this task, within `valueAndGradient`.
  @TaskLocal static var current: Recording?

  private struct State {
    var order: [Variable] = []
    var values: [ObjectIdentifier: Tensor] = [:]
  }

  private let state = Mutex(State())
  /// The leaves that stand for parameters, of this recording and those around it.
  private let leaves: [ObjectIdentifier: Tensor]

  init(parameters: [Parameter], leaves: [Tensor]) {
    self.leaves = zip(parameters, leaves).reduce(into: Recording.current?.leaves ?? [:]) {
      $0[ObjectIdentifier($1.0)] = $1.1
    }
  }

  func leaf(of parameter: Parameter) -> Tensor? { leaves[ObjectIdentifier(parameter)] }

  func assign(_ value: Tensor, to variable: Variable) {
    state.withLock { state in
      if state.values.updateValue(value, forKey: ObjectIdentifier(variable)) == nil { state.order.append(variable) }
    }
  }

  /// The value that was assigned last.
  func value(of variable: Variable) -> Tensor? { state.withLock { $0.values[ObjectIdentifier(variable)] } }

  /// The last value of each variable.
  var assignments: [(Variable, Tensor)] {
    state.withLock { state in
      state.order.compactMap { variable in
        state.values[ObjectIdentifier(variable)].map { (variable, $0) }
      }
    }
  }
}
