import Backprop

/// `--from RUN`: what the weights of a run become in a new network.
enum FineTuning {
  /// Loads what fits of the run's weights; a head whose classes differ stays new. Logs what was not loaded, and returns
  /// its names.
  static func load(
    _ network: any Layer, _ description: ModelDescription, from run: Run, isQuiet: Bool
  ) throws -> Set<String> {
    let (old, _) = try run.loadModel()
    var head: Set<String> = []
    if old.classNames != description.classNames || old.classes != description.classes {
      // The arrays whose shape depends on the number of classes.
      var other = old
      (other.classes, other.classNames) = (old.classes + 1, [])
      head = Set(zip(try old.shapes(), try other.shapes()).filter { $0.shape != $1.shape }.map(\.0.name))
    }
    let report = try RequestError.whenFailing {
      try loadWeights(of: network, from: run.file("weights.safetensors"), strict: false) { name in
        head.contains(name) ? nil : name
      }
    }
    guard !report.loaded.isEmpty else {
      throw RequestError("nothing of \(run.path) fits the network: \(report)")
    }
    if !isQuiet {
      if !head.isEmpty { Console.log("the classes differ from those of \(run.path), so the last layer is new") }
      Console.log("from \(run.path): \(report)")
    }
    return Set(report.missing + report.mismatched.map(\.name))
  }

  /// Freezes the parameters that `--freeze` names. Those in `new` have random values beside others that do not, and
  /// would keep them, so they are refused.
  static func freeze(_ network: any Layer, _ patterns: String?, new: Set<String> = [], isQuiet: Bool) throws {
    guard let patterns else { return }
    let frozen: [String]
    do { frozen = try network.freezeParameters(matching: patterns) } catch {
      throw RequestError("--freeze: \(error.message)")
    }
    if let first = frozen.first(where: new.contains) {
      throw RequestError(
        "--freeze \(patterns) would keep the random values of \(first), which is new; name layers that --from loads")
    }
    let total = network.parameters.count
    guard frozen.count < total else { throw RequestError("--freeze \(patterns) leaves no parameter to train") }
    if !isQuiet { Console.log("frozen: \(frozen.count) of \(total) parameters") }
  }
}
