import Backprop
import Foundation

/// A sequence-to-sequence network with attention that reads dates in several notations and writes them in one:
/// `march 3, 1998` and `3/3/1998` become `1998-03-03`.
///
/// The encoder reads the text in both directions. For each character to write, the decoder looks at all positions of the
/// text, weighted by how well they match its state, and at the character before.
///
/// Source: Bahdanau, Cho & Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate", ICLR 2015.
///
/// Result: of 1,000 new dates 100.0 % without an error; 2.4 s of one core.
struct Translator: Layer, Program {
  static let name = "seq2seq"
  private static let tokenizer = CharacterTokenizer(text: " abcdefghijklmnopqrstuvwxyz0123456789/,-")
  private static let (width, length) = (48, 10)

  let characters = Embedding(tokenizer.vocabularySize, width)
  let encoder = Recurrent.gru(width, width, bidirectional: true)
  let start = Dense(width, width, activation: .tanh)
  let query = Dense(width, width, bias: false), key = Dense(2 * width, width, bias: false)
  let score = Dense(width, 1, bias: false)
  let decoder = GRUCell(3 * width, width)
  let output = Dense(3 * width, tokenizer.vocabularySize)

  /// The characters of the translation, each the likeliest after those before it: int32 [batch, time] → [batch, 10].
  func callAsFunction(_ texts: Tensor) -> Tensor { logits(of: texts).argmax(axis: 1) }

  /// The logits of each character, which is given those of `targets` before it, or else its own.
  func logits(of texts: Tensor, targets: Tensor? = nil) -> Tensor {
    let (notes, state) = encoder(characters(texts), state: nil)  // [batch, time, 2 · width]
    let keys = key(notes)
    var hidden = start(state.hidden[1])  // the backward direction, which ends at the beginning
    var previous = Tensor.zeros([texts.shape[0], Self.width])
    var all: [Tensor] = []
    for position in 0..<Self.length {
      let weights = score((query(hidden)[0..., .newAxis] + keys).tanh()).softmax(axis: 1)  // [batch, time, 1]
      let context = (weights * notes).sum(axes: [1])
      hidden = decoder(.concatenated([previous, context], axis: 1), hidden)
      all.append(output(.concatenated([hidden, context], axis: 1)))
      previous = characters(targets?[0..., position] ?? all[position].argmax())
    }
    return .stacked(all, axis: 2)  // [batch, characters, 10]
  }

  /// So many dates in any notation, filled up with spaces, and in the one to learn.
  private static func dates(_ count: Int, _ random: inout SeededGenerator) throws -> (texts: Tensor, targets: Tensor) {
    let months = [
      "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
      "december",
    ]
    func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
    var (texts, targets): ([Int32], [Int32]) = ([], [])
    for _ in 0..<count {
      let year = Int.random(in: 1900...2099, using: &random)
      let (month, day) = (Int.random(in: 1...12, using: &random), Int.random(in: 1...28, using: &random))
      let name = months[month - 1]
      let text = [
        "\(name) \(day), \(year)", "\(day) \(name) \(year)", "\(day) \(name.prefix(3)) \(year)",
        "\(month)/\(day)/\(year)",
      ][Int.random(in: 0..<4, using: &random)]
      texts += try tokenizer.encode(text.padding(toLength: 18, withPad: " ", startingAt: 0))
      targets += try tokenizer.encode("\(year)-\(two(month))-\(two(day))")
    }
    return (Tensor(texts, shape: [count, 18]), Tensor(targets, shape: [count, length]))
  }

  static func run(quick: Bool) throws -> Finding {
    let model = Translator()
    let step = CompiledStep(with: Adam(for: model, learningRate: 3e-3, clipNorm: 1), for: model) { model, inputs in
      crossEntropy(logits: model.logits(of: inputs[0], targets: inputs[1]), labels: inputs[1])
    }
    var random = SeededGenerator(seed: 0)
    for _ in 0..<(quick ? 120 : 300) {
      let batch = try dates(64, &random)
      try step([batch.texts, batch.targets])
    }
    let test = try dates(1000, &random)
    let isRight = model(test.texts).equal(to: test.targets).all(axes: [1])
    let share = Double(try isRight.cast(to: .float32).mean().scalar())
    return Finding(value: share, text: "\(share.percent) of 1,000 dates are written without an error")
  }
}
