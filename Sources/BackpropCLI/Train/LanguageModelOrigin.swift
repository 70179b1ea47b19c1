import Backprop

/// `train text --from RUN`: the network, weights and tokenizer that a training begins with.
struct LanguageModelOrigin {
  private let run: Run
  let description: LanguageModelDescription
  let tokenizer: any Tokenizer

  /// Of this run. Throws a `RequestError` where it cannot be read.
  init(_ run: Run) throws {
    self.run = run
    description = try run.loadLanguageModel().description
    tokenizer = try run.loadTokenizer(for: description)
  }

  /// Throws a `RequestError` where the network or the tokenizer of the flags is another one.
  func check(_ requested: LanguageModelDescription, _ name: String) throws {
    // A recurrent network has no positions, so how many tokens it learns at once may change.
    let hasPositions = try RequestError.whenFailing {
      var other = description
      other.context += 1
      return try other.shapes().map(\.shape) != description.shapes().map(\.shape)
    }
    let flags: [(name: String, requested: String, own: String, matters: Bool)] = [
      ("model", requested.kind.rawValue, description.kind.rawValue, true),
      ("width", "\(requested.width)", "\(description.width)", true),
      ("layers", "\(requested.layers)", "\(description.layers)", true),
      ("heads", "\(requested.heads)", "\(description.heads)", description.kind == .transformer),
      ("context", "\(requested.context)", "\(description.context)", hasPositions),
      ("tokenizer", try RequestError.whenFailing { "\(try TokenizerName(name))" }, "\(tokenizer.name)", true),
    ]
    if let flag = flags.first(where: { $0.matters && $0.requested != $0.own }) {
      throw RequestError(
        "--\(flag.name) \(flag.requested) contradicts \(run.path), whose network has \(flag.own); leave it out, or train "
          + "anew without --from")
    }
  }

  /// Loads the weights into a network of the same sizes.
  func load(_ network: any Layer, isQuiet: Bool) throws {
    let report = try RequestError.whenFailing {
      try loadWeights(of: network, from: run.file("weights.safetensors"))
    }
    if !isQuiet { Console.log("from \(run.path): \(report)") }
  }
}
