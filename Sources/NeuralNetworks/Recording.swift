import Synchronization
import Tensors

/// What a forward pass gives beside its result: new values of buffers, in order. It belongs to the recording in which it
/// happened, so two threads that record with the same model do not meet.
final class Recording: Sendable {
  /// That of this task, within `valueAndGradient`.
  @TaskLocal static var current: Recording?

  private struct State {
    var order: [Variable] = []
    var values: [ObjectIdentifier: Tensor] = [:]
  }

  private let state = Mutex(State())

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
