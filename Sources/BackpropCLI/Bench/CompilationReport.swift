import Backprop

/// How the time to compile a graph grows with its nodes.
struct CompilationReport: Encodable {
  struct Line: Encodable {
    var graph: String
    var nodes: Int
    /// A miss in the plan cache, compilation and one run.
    var milliseconds: Double
    var microsecondsPerNode: Double
    /// Allocations per node, where they are counted. A measure of the work, since every visit of a step or an
    /// instruction makes a list of its operands.
    var allocationsPerNode: Double?
  }

  let workload = "compilation"
  var lines: [Line] = []
  let threads = Threads.count

  init() throws {
    for count in [10_000, 20_000, 50_000, 100_000] { try addChain(count) }
    for layers in [175, 350, 875, 1750] { try addDeep(layers) }
  }

  /// Elementwise operations one after the other.
  private mutating func addChain(_ count: Int) throws {
    try add("chain") {
      let x = Tensor(try Random.current.normal(count: 16), shape: [16])
      var y = x
      for number in 0..<count { y = number % 2 == 0 ? y * x : y + x }
      let result = y
      return { try evaluate([result]) }
    }
  }

  /// A deep network of little arithmetic with all gradients and Adam's update: each layer's result has many users, and
  /// every parameter is written.
  private mutating func addDeep(_ layers: Int) throws {
    let model = Sequential((0..<layers).map { _ in Dense(4, 4, activation: .tanh) })
    let optimizer = Adam(for: model, learningRate: 1e-4)
    let x = Tensor(try Random.current.normal(count: 8), shape: [2, 4])
    try add("deep network, gradients, Adam") {
      let gradients = valueAndGradient(of: model) { $0(x).square().sum() }.gradients
      return { try optimizer.update(along: gradients) }
    }
  }

  private mutating func add(_ graph: String, _ record: () throws -> () throws -> Void) throws {
    let clock = ContinuousClock()
    let first = recordingPosition
    let run = try record()
    let (start, before) = (clock.now, Allocations.count)
    try run()
    let (time, after) = (start.duration(to: clock.now).milliseconds, Allocations.count)
    let nodes = recordingPosition - first
    var line = Line(graph: graph, nodes: nodes, milliseconds: time, microsecondsPerNode: time * 1000 / Double(nodes))
    if let before, let after { line.allocationsPerNode = Double(after - before) / Double(nodes) }
    lines.append(line)
  }

  /// The report as text.
  var text: String {
    let rows = lines.map { line in
      [
        line.graph, line.nodes.grouped, line.milliseconds.fixed(1), line.microsecondsPerNode.fixed(2),
        line.allocationsPerNode?.fixed(2) ?? "",
      ]
    }
    return table([["graph", "nodes", "ms", "µs a node", "allocations a node"]] + rows, left: [0])
      .joined(separator: "\n")
  }
}
