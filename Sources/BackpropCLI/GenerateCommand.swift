import ArgumentParser
import Backprop

struct GenerateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Writes text with a trained language model.",
    discussion: """
      backprop generate runs/numbers
      backprop generate runs/shakespeare --prompt 'ROMEO:' --temperature 0.8 --top-k 40 --seed 1
      """)

  @Argument(help: ArgumentHelp("The folder of a run.", valueName: "run"))
  var folder: String

  @Option(help: "What the text goes on from. Default: a line's end, which is not shown.")
  var prompt = ""

  @Option(parsing: .unconditional, help: "How many tokens to write.")
  var tokens = 300

  @Option(parsing: .unconditional, help: "0 takes the most probable token; the higher, the more is dared.")
  var temperature = 1.0

  @Option(parsing: .unconditional, help: "Draw from this many of the most probable tokens.")
  var topK: Int?

  @Option(parsing: .unconditional, help: "Draw from the fewest tokens that come to this probability.")
  var topP: Double?

  @Option(parsing: .unconditional, help: "Draw from tokens at least this share as probable as the most probable one.")
  var minP: Double?

  @Option(parsing: .unconditional, help: "Above 1, tokens that were there lately become less probable.")
  var repetitionPenalty = 1.0

  @Option(parsing: .unconditional, help: "Keep this many texts and give the most probable one; draws nothing.")
  var beams = 1

  @Option(help: "End before this text.")
  var stop: String?

  @Option(help: "Makes the text repeatable.")
  var seed: UInt64?

  @OptionGroup var common: CommonOptions

  func run() throws {
    try check()
    try common.apply()
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
      if !common.json { Console.write(piece) }
    }

    if beams > 1 {
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
    Sampling(temperature: temperature, topK: topK, topP: topP, minP: minP, repetitionPenalty: repetitionPenalty)
  }

  private func check() throws {
    try requireAtLeastOne(topK, "--top-k")
    try requireAtLeastOne(beams, "--beams")
    guard tokens >= 0, tokens <= 1 << 30 else {
      throw RequestError("--tokens must be at least 0 and below 2³⁰, not \(tokens)")
    }
    guard beams <= 1024 else { throw RequestError("--beams must be at most 1024, not \(beams)") }
    guard temperature >= 0, temperature.isFinite else {
      throw RequestError("--temperature must be a number of at least 0, not \(temperature)")
    }
    for (flag, value) in [("--top-p", topP), ("--min-p", minP)] {
      if let value, !(value > 0 && value <= 1) {
        throw RequestError("\(flag) must be above 0 and at most 1, not \(value)")
      }
    }
    guard repetitionPenalty > 0, repetitionPenalty.isFinite else {
      throw RequestError("--repetition-penalty must be a number above 0, not \(repetitionPenalty)")
    }
    if beams > 1, topK != nil || topP != nil || minP != nil || repetitionPenalty != 1 || temperature != 1 {
      throw RequestError(
        "--beams searches for the most probable text; leave --temperature and other ways of drawing away")
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
