import ArgumentParser

/// The argument parser's messages as sentences that name the flag and say what would be right.
enum ParserSentence {
  /// The sentence for an error of parsing; `arguments` are those that were parsed. Messages of checks of our own, which
  /// are sentences, stay as they are.
  static func text(_ error: any Error, arguments: [String] = CommandArguments.all) -> String {
    let message = BackpropCommand.message(for: error)
    let full = BackpropCommand.fullMessage(for: error)
    guard let sentence = sentence(message, hint(full), arguments) else { return message }
    let help = between("See '", "' for more information", in: full) ?? "backprop --help"
    return "\(sentence); '\(help)' lists what there is"
  }

  private static func sentence(_ message: String, _ hint: String?, _ arguments: [String]) -> String? {
    let about = hint.map { ": \($0)" } ?? ""
    let first = String(message.split(separator: "\n").first ?? "")
    if let (value, name) = pair("The value '", "' is invalid for '", in: message) {
      // After the name: its value's name, then what the type says.
      let rest = between(name + "'", nil, in: message) ?? ""
      let isList = rest.contains("Please provide one of ")
      let expected = isList ? between("Please provide one of ", nil, in: rest) : between(": ", nil, in: rest)
      guard var expected else { return "'\(value)' is no value of \(flag(name))" }
      if isList {
        if expected.hasSuffix(".") { expected.removeLast() }
        // Of two values it says "one of 'yes' and 'no'".
        expected = expected.replacing("' and '", with: "' or '")
      }
      return "\(flag(name)) must be \(expected), not '\(value)'"
    }
    if let name = between("Missing value for '", "'", in: first) { return "\(flag(name)) needs a value\(about)" }
    if let name = between("Missing expected argument '", "'", in: first) {
      return "\(name) is missing\(about)" + (fileHint(arguments) ?? "")
    }
    if let name = between("Unknown option '", "'. Did", in: first) ?? between("Unknown option '", "'", in: first) {
      guard name.hasPrefix("--") else { return "there is no flag \(name)" + (fileHint(arguments) ?? "") }
      let near = between("Did you mean '", "'", in: first).flatMap { isNear(name, $0) ? $0 : nil }
      return "there is no flag \(name)" + (near.map { "; \($0) is near" } ?? "")
    }
    if let value = between("Unexpected argument '", "'", in: message) { return "'\(value)' has no meaning here" }
    if let values = between(" unexpected arguments: ", nil, in: message) { return "\(values) have no meaning here" }
    if let (name, value) = pair("The option '", "' does not take any value, but '", in: message) {
      return "\(name) takes no value, but has '\(value)'"
    }
    return nil
  }

  /// Whether a flag may be a slip of the other: at most one letter in four is missing, superfluous or another one. The
  /// parser also suggests names that have nothing in common.
  static func isNear(_ name: String, _ other: String) -> Bool {
    let (own, others) = (Array(name.drop { $0 == "-" }), Array(other.drop { $0 == "-" }))
    // The distances of the beginnings of one to all beginnings of the other.
    // Source: Wagner & Fischer, "The String-to-String Correction Problem", J. ACM 21 (1974).
    var distances = Array(0...others.count)
    for (row, letter) in own.enumerated() {
      var diagonal = row
      distances[0] = row + 1
      for (column, otherLetter) in others.enumerated() {
        let replaced = diagonal + (letter == otherLetter ? 0 : 1)
        diagonal = distances[column + 1]
        distances[column + 1] = min(replaced, diagonal + 1, distances[column] + 1)
      }
    }
    return distances[others.count] <= max(max(own.count, others.count) / 4, 1)
  }

  /// How to name a file whose name begins as a flag does, where there is such an argument.
  static func fileHint(_ arguments: [String] = CommandArguments.all) -> String? {
    let name = arguments.first { $0.hasPrefix("-") && !$0.hasPrefix("--") && $0.count > 2 && Double($0) == nil }
    return name.map { "; a file whose name begins with '-' is given as ./\($0)" }
  }

  /// The flag without the name of its value: `--size` of `--size <size>`.
  private static func flag(_ name: String) -> String { String(name.prefix { $0 != " " }) }

  /// What the help says of the flag or argument, as the rest of a sentence.
  private static func hint(_ full: String) -> String? {
    guard let line = full.split(separator: "\n").first(where: { $0.hasPrefix("Help:  ") }),
      let abstract = between("  ", nil, in: String(line.dropFirst(7)))
    else { return nil }
    let sentence = abstract.split(separator: ".", maxSplits: 1).first.map(String.init) ?? abstract
    // A name or an abbreviation at the beginning stays as it is.
    let isWord = sentence.dropFirst().first?.isLowercase == true || sentence.hasPrefix("A ")
    return isWord ? sentence.prefix(1).lowercased() + sentence.dropFirst() : sentence
  }

  /// The text between two others, up to the last `end`; to the text's end where there is none to look for.
  private static func between(_ start: String, _ end: String?, in text: String) -> String? {
    guard let from = text.firstRange(of: start) else { return nil }
    let rest = text[from.upperBound...]
    guard let end else { return String(rest) }
    return rest.ranges(of: end).last.map { String(rest[..<$0.lowerBound]) }
  }

  /// The texts on both sides of `middle`, the first after `start` and the second up to the next quotation mark.
  private static func pair(_ start: String, _ middle: String, in text: String) -> (String, String)? {
    guard text.hasPrefix(start), let range = text.ranges(of: middle).last else { return nil }
    let first = text[..<range.lowerBound].dropFirst(start.count)
    return (String(first), String(text[range.upperBound...].prefix { $0 != "'" }))
  }
}
