import Backprop

/// A line of `bench`.
struct Measurement: Encodable {
  var workload: String
  /// The median.
  var millisecondsPerStep: Double
  var minimum: Double
  /// The first step alone, which compiles the plans.
  var firstStepMilliseconds: Double
  /// What stood before it: network, optimizer, data.
  var setupMilliseconds: Double
  var parameters: Int
  var flopsPerStep: Int
  var gflopsPerSecond: Double
  /// The least traffic of a step, where memory bounds it.
  var bytesPerStep: Int?
  var gigabytesPerSecond: Double?
  /// Where a step is a token.
  var tokensPerSecond: Double?
  /// The most memory the process held.
  var peakBytes: Int
  /// What it held before the workload.
  var bytesBefore: Int
  var threads: Int
}

extension Measurement {
  /// Prepares a workload and repeats it for about `seconds`.
  init(_ workload: some Workload, seconds: Double) throws {
    let clock = ContinuousClock()
    func milliseconds(_ work: () throws -> Void) rethrows -> Double {
      let start = clock.now
      try work()
      return start.duration(to: clock.now).milliseconds
    }

    Memory.resetPeak()
    let before = Memory.residentBytes
    let begin = clock.now
    let job = try workload.prepare()
    let setup = begin.duration(to: clock.now).milliseconds
    let first = try milliseconds(job.first ?? job.call)
    for _ in 0..<(job.steps == 1 ? 3 : 1) { try job.call() }

    let least = job.steps == 1 ? 5 : 1
    var times: [Double] = []
    let start = clock.now
    while times.count < least || start.duration(to: clock.now).milliseconds < seconds * 1000 {
      times.append(try milliseconds(job.call) / Double(job.steps))
    }
    times.sort()
    let median = times[times.count / 2]
    self.init(
      workload: workload.name, millisecondsPerStep: median, minimum: times[0], firstStepMilliseconds: first,
      setupMilliseconds: setup, parameters: job.parameters, flopsPerStep: workload.flopsPerStep,
      gflopsPerSecond: Double(workload.flopsPerStep) / (median * 1e6), bytesPerStep: workload.bytesPerStep,
      gigabytesPerSecond: workload.bytesPerStep.map { Double($0) / (median * 1e6) },
      tokensPerSecond: job.makesTokens ? 1000 / median : nil, peakBytes: Memory.peakBytes, bytesBefore: before,
      threads: Threads.count)
  }

  /// For people.
  var text: String {
    let rate = tokensPerSecond.map { ", \($0.fixed(1)) tokens/s" } ?? ""
    let work = flopsPerStep > 0 ? ", \(gflopsPerSecond.fixed(1)) GFLOP/s" : ""
    let traffic = gigabytesPerSecond.map { ", \($0.fixed(1)) GB/s" } ?? ""
    return "\(workload): \(millisecondsPerStep.fixed(3)) ms a step (least \(minimum.fixed(3)), "
      + "first \(firstStepMilliseconds.fixed(1)))\(rate)\(work)\(traffic), "
      + "\(parameters.grouped) parameters, \(peakBytes.bytes), \(threads) threads"
  }
}
