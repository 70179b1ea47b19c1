import Backprop

/// Where the time of a workload's step goes: an operation a line.
struct ProfileReport: Encodable {
  struct Operation: Encodable {
    var operation: String
    /// Of the whole step.
    var share: Double
    var milliseconds: Double
    /// How often in a step.
    var calls: Double
    var gflopsPerSecond: Double
    var gigabytesPerSecond: Double
  }

  var workload: String
  var millisecondsPerStep: Double
  var threads: Int
  /// Sorted by time. The last is the time outside of the plans' steps.
  var operations: [Operation]

  /// Profiles the steps of a workload for about `seconds`, after a few to warm up.
  init(_ workload: some Workload, _ job: Job, seconds: Double) throws {
    for _ in 0..<(job.steps == 1 ? 4 : 1) { try job.call() }
    let clock = ContinuousClock()
    let profile = Profile()
    let start = clock.now
    var steps = 0.0
    repeat {
      try Profile.$current.withValue(profile) { try job.call() }
      steps += Double(job.steps)
    } while start.duration(to: clock.now).milliseconds < seconds * 1000
    let whole = start.duration(to: clock.now).milliseconds / steps

    operations = profile.lines.map { line in
      let time = max(line.seconds, 1e-9)
      return Operation(
        operation: line.title, share: line.seconds * 1000 / steps / whole, milliseconds: line.seconds * 1000 / steps,
        calls: Double(line.count) / steps, gflopsPerSecond: Double(line.flops) / time / 1e9,
        gigabytesPerSecond: Double(line.bytes) / time / 1e9)
    }
    let rest = whole - operations.reduce(0) { $0 + $1.milliseconds }
    operations.append(
      Operation(
        operation: "recording and finding the plan", share: rest / whole, milliseconds: rest, calls: 1,
        gflopsPerSecond: 0, gigabytesPerSecond: 0))
    self.workload = workload.name
    millisecondsPerStep = whole
    threads = Threads.count
  }

  /// The report as text: what takes less than a thousandth of the step is one line.
  var text: String {
    let (shown, hidden) = (operations.filter { $0.share >= 0.001 }, operations.filter { $0.share < 0.001 })
    var rows = [["share", "ms", "calls", "GFLOP/s", "GB/s", "operation"]]
    for line in shown {
      rows.append([
        line.share.percent, line.milliseconds.fixed(3), line.calls.fixed(line.calls < 10 ? 1 : 0),
        line.gflopsPerSecond.fixed(1), line.gigabytesPerSecond.fixed(1), line.operation,
      ])
    }
    if !hidden.isEmpty {
      let (share, time) = hidden.reduce((0, 0)) { ($0.0 + $1.share, $0.1 + $1.milliseconds) }
      rows.append([share.percent, time.fixed(3), "", "", "", "\(hidden.count) others"])
    }
    let head = "\(workload): \(millisecondsPerStep.fixed(3)) ms a step, \(threads) threads"
    return ([head] + table(rows, left: [5])).joined(separator: "\n")
  }
}
