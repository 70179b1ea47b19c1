import Backprop

/// Greedy generation of one text from a prompt of one token by the network of `gpt-medium`, with key–value caches: a
/// step is a token.
struct GenerationWorkload: Workload {
  let name = "generate"
  /// As many as the network has positions.
  static let tokens = 256

  private static let network = LanguageModelDescription(
    kind: .transformer, vocabulary: 65, context: tokens, width: 384, layers: 6, heads: 6)

  /// Two operations a weight, and attention over half the context on average.
  var flopsPerStep: Int {
    let network = Self.network
    let weights = network.layers * 12 * network.width * network.width + network.width * network.vocabulary
    return 2 * (weights + network.layers * (Self.tokens + 1) * network.width)
  }

  /// Every weight once, and half the keys and values on average: the bytes to read for a single token. With speculative
  /// decoding it is less.
  var bytesPerStep: Int? { 2 * flopsPerStep }

  func prepare() throws -> Job {
    let model = try Self.network.makeModel()
    func begin() throws -> () throws -> Void {
      // The prompt is a line's end; the other characters do not matter.
      let characters = "\n .0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
      let text = try TextGenerator(
        model, CharacterTokenizer(text: characters), prompt: "\n", sampling: Sampling(temperature: 0), seed: 0)
      return { _ = try text.next() }
    }
    func write(_ count: Int) throws {
      let writeNext = try begin()
      for _ in 0..<count { try writeNext() }
    }
    return Job(
      parameters: parameterCount(of: model), steps: Self.tokens, makesTokens: true, first: { try write(1) },
      begin: begin, call: { try write(Self.tokens) })
  }
}
