import Backprop

/// Something `bench` measures in steps: a training step, a token, an optimizer's update.
protocol Workload: Sendable {
  var name: String { get }
  /// Operations of products and convolutions in a step, two a multiply-add; 0 where there are none.
  var flopsPerStep: Int { get }
  /// The least that a step must read and write in memory, where memory bounds it.
  var bytesPerStep: Int? { get }
  /// Creates network, optimizer and data. Draws from `Random.current`.
  func prepare() throws -> Job
}

extension Workload {
  var bytesPerStep: Int? { nil }
}

/// A prepared workload.
struct Job {
  var parameters: Int
  /// How many steps a call runs.
  var steps = 1
  /// Whether a step is a token.
  var makesTokens = false
  /// Runs the first step alone; `nil`: a call does.
  var first: (() throws -> Void)?
  /// Where a call runs many steps: starts again and returns a function that runs one at a time.
  var begin: (() throws -> () throws -> Void)?
  let call: () throws -> Void
}

/// The workloads by name.
enum Workloads {
  static let all: [any Workload] =
    [TrainingWorkload.mlp, .cnn, .resnet20, .lstm, .gptSmall, .gptMedium] + [GenerationWorkload()]
    + OptimizerWorkload.Rule.allCases.map(OptimizerWorkload.init)

  /// Measured only by name.
  private static let parts = PartWorkload.Part.allCases.map(PartWorkload.init)

  static var names: [String] { (all + parts).map(\.name) }

  /// The workloads of these names. Throws a sentence that lists the known names.
  static func named(_ names: [String]) throws -> [any Workload] {
    try names.map { name in
      guard let workload = (all + parts).first(where: { $0.name == name }) else {
        throw RequestError.unknown("workload", name, known: self.names + BenchCommand.others)
      }
      return workload
    }
  }
}
