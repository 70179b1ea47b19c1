import Backprop

/// How long sums over all processes take, by size: the latency and the bandwidth of the network.
struct CommunicationReport: Encodable {
  struct Line: Encodable {
    /// What each process adds.
    var bytes: Int
    /// The median of a sum that nothing else goes on beside.
    var milliseconds: Double
    /// Bytes a second.
    var megabytesPerSecond: Double
  }

  let workload = "communication"
  let processes: Int
  let library = Distributed.library
  var lines: [Line] = []

  init() throws {
    let processes = try Distributed.world()
    guard processes.size > 1 else {
      throw RequestError(
        "communication is measured between several processes; start them with 'mpirun -n 2 backprop bench communication'"
      )
    }
    self.processes = processes.size
    let clock = ContinuousClock()
    for (count, repetitions) in [(1, 201), (1 << 14, 51), (1 << 18, 21), (1 << 20, 11), (1 << 24, 5)] {
      let numbers = try Variable(Array(repeating: Float(processes.rank), count: count), shape: [count], name: "numbers")
      var times: [Double] = []
      // Once more, as the first connects and compiles.
      for _ in 0...repetitions {
        try processes.barrier()
        let start = clock.now
        try evaluate([processes.sum(numbers.tensor)])
        times.append(start.duration(to: clock.now).milliseconds)
      }
      let median = times.dropFirst().sorted()[repetitions / 2]
      lines.append(
        Line(bytes: 4 * count, milliseconds: median, megabytesPerSecond: Double(4 * count) / 1000 / median))
    }
  }

  /// The report as text.
  var text: String {
    let rows = lines.map { [$0.bytes.bytes, $0.milliseconds.fixed(3), $0.megabytesPerSecond.fixed(1)] }
    return table([["sum of", "ms", "MB/s"]] + rows, left: []).joined(separator: "\n")
  }
}
