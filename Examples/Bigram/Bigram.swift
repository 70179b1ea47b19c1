import Backprop
import Foundation

/// Learns a bigram model of the lines of a file and makes some up: `swift run -c release Bigram names.txt`.
@main struct Bigram {
  static func main() {
    do {
      guard CommandLine.arguments.count == 2 else { throw Failure("name one file with a word or a name a line") }
      try learn(from: CommandLine.arguments[1])
    } catch {
      FileHandle.standardError.write(Data("error: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func learn(from path: String) throws {
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw Failure("cannot read \(path) as text in UTF-8; name a file with a word or a name a line")
    }
    let model = try BigramModel(lines: text)
    print("\(model.pairs.inputs.count) pairs of \(model.tokenizer.vocabularySize) characters")
    let loss = try model.train(steps: 200) { step, loss in
      if step % 25 == 0 { print("step \(step): loss \(loss)") }
    }
    print("step 200: loss \(loss); by counting, no bigram model gets below \(model.optimum)")
    var generator = SeededGenerator(seed: 0)
    for _ in 0..<5 { print(try model.draw(using: &generator)) }
  }

  private struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
  }
}
