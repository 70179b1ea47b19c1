import Backprop

/// The plans of a workload: figures that do not depend on the machine's speed, for a file in which a change of the
/// compiler is visible.
struct PlanReport: Codable, Equatable {
  var workload: String
  /// How many steps were done.
  var steps: Int
  /// The plans in the order of their first run. All steps of a training share one; those without memory of their own
  /// prepare inputs.
  var plans: [Profile.PlanRecord]
  /// Allocations of one more step, where they are counted; of one more text, the median of its steps.
  var allocations: Int?
  /// Of one more text, how many steps allocate at all: those where the key–value caches have to grow.
  var allocatingSteps: Int?

  /// Prepares a workload and runs ten steps; three where they take long, and all of a text.
  init(_ workload: some Workload) throws {
    let job = try workload.prepare()
    let calls = job.steps > 1 ? 1 : workload.flopsPerStep > 20_000_000_000 ? 3 : 10
    let profile = Profile()
    try Profile.$current.withValue(profile) {
      for _ in 0..<calls { try job.call() }
    }
    // Not while profiling, which allocates itself.
    let step = try job.begin?() ?? job.call
    var counts: [Int] = []
    counts.reserveCapacity(job.steps)
    for _ in 0..<job.steps {
      let before = Allocations.count
      try step()
      if let before, let after = Allocations.count { counts.append(after - before) }
    }
    allocations = counts.isEmpty ? nil : counts.sorted()[counts.count / 2]
    allocatingSteps = counts.isEmpty || job.begin == nil ? nil : counts.count { $0 > 0 }
    self.workload = workload.name
    steps = calls * job.steps
    plans = profile.plans
  }

  /// The report as text.
  var text: String {
    let lines = plans.map {
      "\($0.runs) times \($0.steps) steps, an arena of \($0.arenaBytes.bytes), \($0.outputs) outputs"
    }
    var asked = allocations.map { ["one more asked for memory \($0.grouped) times"] } ?? []
    if let allocatingSteps { asked.append("\(allocatingSteps) of one more text asked for memory at all") }
    return (["\(workload): \(steps) steps"] + lines + asked).joined(separator: "\n  ")
  }
}
