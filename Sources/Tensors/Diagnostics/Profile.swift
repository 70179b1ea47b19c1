import Synchronization

/// What the runtime does while it is profiled: the plans that run, and the time of their steps.
///
/// ```swift
/// let profile = Profile()
/// try Profile.$current.withValue(profile) { try optimizer.update(along: gradients) }
/// ```
///
/// Costs two readings of the clock a step while profiling, nothing otherwise.
package final class Profile: Sendable {
  /// The profile of this task's evaluations.
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

  /// A plan that ran: the figures that a change of the compiler affects.
  package struct PlanRecord: Hashable, Sendable, Codable {
    package var steps: Int
    package var arenaBytes: Int
    /// Results, for each of which a run allocates memory.
    package var outputs: Int
    /// How often it ran.
    package var runs: Int
  }

  private struct State: Sendable {
    var lines: [String: Line] = [:]
    var plans: [PlanRecord] = []
    var numbers: [ObjectIdentifier: Int] = [:]
  }
  private let state = Mutex(State())

  package init() {}

  /// The steps that ran, those that took most first.
  package var lines: [Line] {
    state.withLock { $0.lines.values.sorted { ($1.seconds, $0.title) < ($0.seconds, $1.title) } }
  }

  /// The plans that ran, in the order of their first run.
  package var plans: [PlanRecord] { state.withLock { $0.plans } }

  func began(_ loaded: Executable) {
    let (id, plan) = (ObjectIdentifier(loaded), loaded.plan)
    let record = PlanRecord(
      steps: plan.steps.count, arenaBytes: plan.arenaBytes, outputs: plan.outputSizes.count, runs: 1)
    state.withLock { state in
      if let number = state.numbers[id] {
        state.plans[number].runs += 1
      } else {
        state.numbers[id] = state.plans.count
        state.plans.append(record)
      }
    }
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
