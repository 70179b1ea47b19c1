/// Numbers and their English names, a line each: `1042 one thousand forty-two`.
///
/// A language with one correct continuation after each number, so what a model has learned of it can be counted.
public enum NumberGrammar {
  /// The numbers that have a name here.
  public static let numbers = 0..<1_000_000

  private static let small = [
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
  ]
  private static let tens = [
    "", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
  ]

  /// The American English name of a number: `forty-two`, `one hundred five`, `twelve thousand`.
  ///
  /// Throws a `DataError` for a number that is not in `numbers`.
  public static func name(of number: Int) throws(DataError) -> String {
    guard numbers.contains(number) else {
      throw DataError("only numbers from 0 to below \(numbers.upperBound) have a name here, not \(number)")
    }
    return words(number)
  }

  /// The line of a number, without its end. Throws a `DataError` for a number that is not in `numbers`.
  public static func line(of number: Int) throws(DataError) -> String { try "\(number) \(name(of: number))" }

  private static func words(_ number: Int) -> String {
    func joined(_ head: String, _ rest: Int, by separator: String) -> String {
      rest == 0 ? head : head + separator + words(rest)
    }
    switch number {
    case ..<20: return small[number]
    case ..<100: return joined(tens[number / 10], number % 10, by: "-")
    case ..<1000: return joined(small[number / 100] + " hundred", number % 100, by: " ")
    default: return joined(words(number / 1000) + " thousand", number % 1000, by: " ")
    }
  }

  /// Whether a line, without its end, is the line of a number.
  public static func isRight(_ line: some StringProtocol) -> Bool {
    guard let number = number(of: line), let right = try? self.line(of: number) else { return false }
    return line == right
  }

  /// The number that a line begins with, if it does.
  static func number(of line: some StringProtocol) -> Int? {
    let digits = line.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return Int(String(decoding: digits, as: UTF8.self))
  }

  /// 12,000 lines in an order that `seed` determines: all numbers below 10,000, and 1,000 each of five and six digits.
  ///
  /// No number is repeated, so a model that predicts the validation set has learned the language and not the lines.
  /// Most are below 10,000, the part that a small network learns first.
  public static func text(seed: UInt64) -> String {
    var generator = SeededGenerator(seed: seed)
    var chosen = Array(0..<10_000)
    for digits in [10_000..<100_000, 100_000..<1_000_000] {
      chosen += generator.permutation(of: digits.count).prefix(1000).map { digits.lowerBound + Int($0) }
    }
    return generator.permutation(of: chosen.count).map { place in
      let number = chosen[Int(place)]
      return "\(number) \(words(number))\n"
    }.joined()
  }
}
