import Backprop

/// What the compiler makes of a workload: numbers that do not depend on the machine's speed, for a file that a change of
/// the compiler changes visibly.
struct PlanReport: Codable, Equatable {
  var workload: String
  /// How many steps were done.
  var steps: Int
  /// The plans in the order of their first run. All steps of a training share one; those without memory of their own
  /// bring inputs into place.
  var plans: [Profile.PlanRecord]

  /// Prepares a workload and does ten steps; three where they take long, and all of a text.
  init(_ workload: some Workload) throws {
    let job = try workload.prepare()
    let calls = job.steps > 1 ? 1 : workload.flopsPerStep > 20_000_000_000 ? 3 : 10
    let profile = Profile()
    try Profile.$current.withValue(profile) {
      for _ in 0..<calls { try job.call() }
    }
    self.workload = workload.name
    steps = calls * job.steps
    plans = profile.plans
  }

  /// For people.
  var text: String {
    let lines = plans.map {
      "\($0.runs) times \($0.steps) steps, an arena of \($0.arenaBytes.bytes), \($0.outputs) outputs"
    }
    return (["\(workload): \(steps) steps"] + lines).joined(separator: "\n  ")
  }
}
