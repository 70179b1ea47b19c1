import Synchronization

/// A request, from another thread or a signal, to stop training after the current step.
///
/// The trainer checks it between steps, so a model is never left half updated.
public final class StopRequest: Sendable {
  private let requested = Atomic(false)

  /// A request that is not made yet.
  public init() {}

  /// Whether a stop was requested.
  public var isRequested: Bool { requested.load(ordering: .relaxed) }

  /// Requests the stop. Further calls change nothing.
  public func request() { requested.store(true, ordering: .relaxed) }
}
