import Testing

@testable import Datasets

@Suite struct NumberGrammarTests {
  @Test(
    arguments: [
      (0, "zero"), (7, "seven"), (10, "ten"), (13, "thirteen"), (20, "twenty"), (42, "forty-two"), (99, "ninety-nine"),
      (100, "one hundred"), (105, "one hundred five"), (219, "two hundred nineteen"),
      (1000, "one thousand"), (1042, "one thousand forty-two"), (8100, "eight thousand one hundred"),
      (12_000, "twelve thousand"), (100_001, "one hundred thousand one"),
      (999_999, "nine hundred ninety-nine thousand nine hundred ninety-nine"),
    ])
  func names(number: Int, name: String) throws {
    #expect(try NumberGrammar.name(of: number) == name)
    #expect(NumberGrammar.isRight("\(number) \(name)"))
  }

  @Test(arguments: [-1, 1_000_000, .min, .max])
  func refuses(number: Int) throws {
    let error = try #require(throws: DataError.self) { try NumberGrammar.name(of: number) }
    #expect(error.message.contains("from 0 to below 1000000 have a name here, not \(number)"))
  }

  @Test(
    arguments: [
      "", " ", "7", "7 ", "seven", "7 eight", "07 seven", "7  seven", "7 seven ", "7 Seven", "+7 seven", "-7 seven",
      "1000000 one million", "99999999999999999999 nine", "7 seven\n", "42 forty two", "７ seven", "7 seven\r",
    ])
  func isWrong(line: String) {
    #expect(!NumberGrammar.isRight(line))
  }

  @Test func makesEachNumberOnce() throws {
    let text = NumberGrammar.text(seed: 0)
    let lines = text.split(separator: "\n")
    #expect(lines.count == 12_000)
    #expect(lines.allSatisfy { NumberGrammar.isRight($0) })
    let numbers = Set(lines.compactMap { NumberGrammar.number(of: $0) })
    #expect(numbers.count == 12_000)
    #expect(numbers.isSuperset(of: 0..<10_000))
    #expect(numbers.count { $0 >= 100_000 } == 1000)
    #expect(NumberGrammar.text(seed: 0) == text)
    #expect(NumberGrammar.text(seed: 1) != text)
    #expect(NumberGrammar.score(text, startsWithLine: true) == .init(right: 12_000, total: 12_000))
  }

  @Test(
    arguments: [
      ("", true, nil, 0, 0), ("7 seven", true, nil, 0, 0), ("7 seven\n", true, nil, 1, 1),
      ("7 seven\n", false, nil, 0, 0),
      ("1 one\n2 two\n3 thr", false, nil, 1, 1), ("1 one\n2 two\n3 thr", true, nil, 2, 2),
      ("\n1 one\n2 too\n\n", false, nil, 1, 3), ("\n5 five\n10 wrong\n11 eleven\n12 twelve\n", false, 11, 1, 2),
      ("\nfive\n5 five\n", false, 1, 0, 1), ("\n5 five\r\n", false, nil, 0, 1),
    ] as [(String, Bool, Int?, Int, Int)])
  func scores(text: String, startsWithLine: Bool, bound: Int?, right: Int, total: Int) {
    let score = NumberGrammar.score(text, startsWithLine: startsWithLine, below: bound)
    #expect(score == .init(right: right, total: total))
    #expect(score.share == (total == 0 ? nil : Double(right) / Double(total)))
  }

  @Test func isADataset() throws {
    let data = try TextDataset.numbers()
    let named = try TextDataset.named("numbers", tokenizer: .character)
    #expect(data.tokenizer.vocabularySize == 32)  // ten digits, the 19 letters of the names, space, hyphen and line end
    #expect(data.train.ids(in: 0..<1000) == named.train.ids(in: 0..<1000))
    #expect(data.train.count + data.validation.count == NumberGrammar.text(seed: 0).utf8.count)
    let kept = try data.tokenizer.text(of: data.validation.ids(in: 0..<data.validation.count))
    let score = NumberGrammar.score(kept)
    #expect(score.share == 1)
    #expect(score.total > 1000)
    let other = try TextDataset.numbers(seed: 1)
    #expect(other.train.ids(in: 0..<1000) != named.train.ids(in: 0..<1000))
  }

  @Test func namesTextsThatAreNotThere() throws {
    let error = try #require(throws: DataError.self) { try TextDataset.named("numbrs", tokenizer: .byte) }
    #expect(error.message == "there is no text 'numbrs'; it should be numbers or the path of a text file")
  }
}
