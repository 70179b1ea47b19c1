import ArgumentParser
import Backprop
import Files

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Writes text with a trained language model.",
    discussion: """
      backprop generate runs/numbers
      backprop generate runs/shakespeare --prompt ROMEO: --temperature 0.8 --seed 1
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String

  @Option(parsing: .unconditional, help: "The text to continue (default: a line's end, which is not shown).")
  var prompt = ""

  @Option(parsing: .unconditional, help: "How many tokens to write.")
  var tokens = 300

  @Option(parsing: .unconditional, help: "0 takes the most probable token; the higher, the more random.")
  var temperature = 1.0

  @Option(parsing: .unconditional, help: "Draw from this many of the most probable tokens (default: all).")
  var topK: Int?

  @Option(parsing: .unconditional, help: "Draw from the fewest tokens that come to this probability (default: 1).")
  var topP: Double?

  @Option(
    parsing: .unconditional,
    help: "Draw from tokens at least this share as probable as the most probable one (default: 0).")
  var minP: Double?

  @Option(parsing: .unconditional, help: "Above 1, recent tokens become less probable.")
  var repetitionPenalty = 1.0

  @Option(
    parsing: .unconditional,
    help: "Beam search over this many texts; 1 is the greedy text (default: samples one).")
  var beams: Int?

  @Option(parsing: .unconditional, help: "End before this text (default: at --tokens).")
  var stop: String?

  @Option(parsing: .unconditional, help: "Makes the text repeatable (default: drawn).")
  var seed: UInt64?

  @OptionGroup var common: CommonOptions

  mutating func validate() throws { try RequestError.validating(check) }

  func run() throws {
    try common.apply()
    // Texts, not paths.
    let (prompt, stop) = (FilePath.text(of: prompt), stop.map(FilePath.text))
    let run = try Run.open(folder, for: .text)
    let (description, model) = try run.loadLanguageModel()
    let tokenizer = try run.loadTokenizer(for: description)
    let ids = try RequestError.whenFailing { try tokenizer.encode(prompt) }
    if let context = model.context, ids.count > context {
      Console.log(
        "the prompt has \(ids.count.grouped) tokens, but the network looks back over \(context.grouped): "
          + "what stands before the last ones counts for nothing")
    }
    let clock = ContinuousClock()
    let start = clock.now
    var written = ""
    if !common.json { Console.write(prompt) }
    var count = 0
    var stream = TextStream(tokenizer, stop: stop)
    func emit(_ piece: String) {
      written += piece
      // Generated text may contain escapes; in a file they are not changed.
      if !common.json { Console.write(isTerminal(1) ? piece.printableLines : piece) }
    }

    if let beams, beams > 1 {
      for id in try beamSearch(model, tokenizer, prompt: prompt, tokens: tokens, beams: beams).ids {
        if stream.isStopped { break }
        emit(try stream.add(id))
        count += 1
      }
    } else {
      let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
      let generator = try TextGenerator(model, tokenizer, prompt: prompt, sampling: sampling, seed: seed)
      while count < tokens, !stream.isStopped {
        emit(try stream.add(try generator.next()))
        count += 1
      }
    }
    emit(stream.finish())
    let seconds = start.duration(to: clock.now).milliseconds / 1000
    guard common.json else { return Console.write("\n") }
    try Console.json(
      Report(
        prompt: prompt, text: written, tokens: count, seconds: seconds,
        tokensPerSecond: Double(count) / max(seconds, 1e-9)))
  }

  private var sampling: Sampling {
    // One beam is the most probable token each time.
    Sampling(
      temperature: beams == 1 ? 0 : temperature, topK: topK, topP: topP, minP: minP,
      repetitionPenalty: repetitionPenalty)
  }

  private func check() throws {
    try requirePath(folder, "the run")
    try require(tokens, "--tokens", in: 0...1 << 30)
    try require(topK, "--top-k", in: 1...1 << 30)
    try require(beams, "--beams", in: 1...1024)
    try require(temperature, "--temperature", "from 0 to 1,000,000") { $0 >= 0 && $0 <= 1e6 }
    for (flag, value) in [("--top-p", topP), ("--min-p", minP)] {
      try require(value, flag, "above 0 and at most 1") { $0 > 0 && $0 <= 1 }
    }
    try require(repetitionPenalty, "--repetition-penalty", "from 0.000001 to 1,000,000") { $0 >= 1e-6 && $0 <= 1e6 }
    if stop?.isEmpty == true { throw RequestError("--stop must have at least one character") }
    if beams != nil, topK != nil || topP != nil || minP != nil || repetitionPenalty != 1 || temperature != 1 {
      throw RequestError(
        "--beams searches for the most probable text; leave out --temperature and other settings of drawing")
    }
  }

  private struct Report: Encodable {
    var prompt: String
    var text: String
    var tokens: Int
    var seconds: Double
    var tokensPerSecond: Double
  }
}
