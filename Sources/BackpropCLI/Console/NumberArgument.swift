import ArgumentParser

/// A number as the value of a flag. With the initializers below, which are chosen before the parser's more general ones,
/// an error says which number would be right.
protocol NumberArgument: ExpressibleByArgument, LosslessStringConvertible, Sendable {
  /// As in "must be a whole number".
  static var expected: String { get }
  /// The greatest one, where digits alone may be too many.
  static var greatest: String? { get }
}

extension Int: NumberArgument {
  static var expected: String { "a whole number" }
  static var greatest: String? { max.grouped }
}

extension UInt64: NumberArgument {
  static var expected: String { "a whole number of at least 0" }
  static var greatest: String? { max.grouped }
}

extension Double: NumberArgument {
  static var expected: String { "a number" }
  static var greatest: String? { nil }
}

/// What a value should be, as the rest of a sentence.
struct ExpectedValue: Error, CustomStringConvertible {
  var description: String
}

extension NumberArgument {
  @Sendable static func read(_ text: String) throws(ExpectedValue) -> Self {
    if let value = Self(text) { return value }
    let isTooLarge = !text.isEmpty && text.allSatisfy(\.isNumber)
    throw ExpectedValue(description: isTooLarge ? greatest.map { "at most \($0)" } ?? expected : expected)
  }
}

extension Option {
  init<Number: NumberArgument>(
    name: NameSpecification = .long, parsing strategy: SingleValueParsingStrategy = .next, help: ArgumentHelp? = nil
  ) where Value == Number? {
    self.init(name: name, parsing: strategy, help: help, completion: nil, transform: Number.read)
  }

  init(
    wrappedValue: Value, name: NameSpecification = .long, parsing strategy: SingleValueParsingStrategy = .next,
    help: ArgumentHelp? = nil
  ) where Value: NumberArgument {
    // The parser names the defaults of values that it reads itself.
    var help = help ?? ""
    help.abstract += " (default: \(wrappedValue))"
    self.init(
      wrappedValue: wrappedValue, name: name, parsing: strategy, help: help, completion: nil, transform: Value.read)
  }

  init<Number: NumberArgument>(
    wrappedValue: [Number], name: NameSpecification = .long, parsing strategy: ArrayParsingStrategy = .singleValue,
    help: ArgumentHelp? = nil
  ) where Value == [Number] {
    self.init(
      wrappedValue: wrappedValue, name: name, parsing: strategy, help: help, completion: nil, transform: Number.read)
  }
}
