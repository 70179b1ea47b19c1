import Synchronization

/// What the runtime does while somebody looks: plans made and found again, and the time of each step.
///
/// ```swift
/// let profile = Profile()
/// try Profile.$current.withValue(profile) { try optimizer.update(along: gradients) }
/// ```
///
/// Costs two readings of the clock a step while it looks, nothing otherwise.
package final class Profile: Sendable {
  /// Who looks at what this task evaluates.
  @TaskLocal package static var current: Profile?

  /// Steps of the same operation on the same sizes.
  package struct Line: Sendable {
    package var title: String
    /// How often such a step ran.
    package var count = 0
    package var seconds = 0.0
    package var flops = 0
    package var bytes = 0
  }

  /// The numbers of a plan that a change of the compiler changes.
  package struct PlanStatistics: Hashable, Sendable, Codable {
    package var steps: Int
    package var arenaBytes: Int
    /// Results and other memory that each run allocates.
    package var outputs: Int
  }

  private struct State: Sendable {
    var lines: [String: Line] = [:]
    var made: [PlanStatistics] = []
    var hits = 0
  }
  private let state = Mutex(State())

  package init() {}

  /// The steps that ran, those that took most first.
  package var lines: [Line] {
    state.withLock { $0.lines.values.sorted { ($1.seconds, $0.title) < ($0.seconds, $1.title) } }
  }

  /// The plans that were made, in this order.
  package var made: [PlanStatistics] { state.withLock { $0.made } }

  /// How often a plan was found again.
  package var hits: Int { state.withLock { $0.hits } }

  func found() { state.withLock { $0.hits += 1 } }

  func compiled(_ plan: Plan) {
    let statistics = PlanStatistics(
      steps: plan.steps.count, arenaBytes: plan.arenaBytes, outputs: plan.outputSizes.count)
    state.withLock { $0.made.append(statistics) }
  }

  func ran(_ step: StepDescription, for duration: Duration) {
    let seconds = Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    state.withLock { state in
      var line = state.lines[step.title] ?? Line(title: step.title)
      line.count += 1
      line.seconds += seconds
      line.flops += step.cost.flops
      line.bytes += step.cost.bytes
      state.lines[step.title] = line
    }
  }
}
