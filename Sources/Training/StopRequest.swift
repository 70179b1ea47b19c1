import Synchronization

/// A wish, from another thread or a signal, that training end after the step it is in.
///
/// The trainer looks at it between steps, so a model is never left half updated.
public final class StopRequest: Sendable {
  private let requested = Atomic(false)

  public init() {}

  /// Whether somebody asked.
  public var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Asks for the end. Asking again changes nothing.
  public func request() { requested.store(true, ordering: .relaxed) }
}
