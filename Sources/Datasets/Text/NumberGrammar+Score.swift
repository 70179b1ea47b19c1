extension NumberGrammar {
  /// The share of correct lines in a text.
  public struct Score: Hashable, Sendable {
    /// The number of correct lines.
    public var right: Int
    /// The number of lines.
    public var total: Int

    /// The share of correct lines, from 0 to 1; `nil` where no line was counted.
    public var share: Double? { total > 0 ? Double(right) / Double(total) : nil }
  }

  /// Counts the correct lines of a generated text.
  ///
  /// Only complete lines count: text after the last end of a line does not, nor text before the first one
  /// unless `startsWithLine`, because the text may begin in the middle of a line. With a `bound`, lines that begin with
  /// a number of at least that do not count; lines that begin with no number always do.
  public static func score(_ text: String, startsWithLine: Bool = false, below bound: Int? = nil) -> Score {
    var score = Score(right: 0, total: 0)
    let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
    for line in lines.dropLast().dropFirst(startsWithLine ? 0 : 1) {
      let line = Substring(line)
      if let bound, let number = number(of: line), number >= bound { continue }
      score.total += 1
      if isRight(line) { score.right += 1 }
    }
    return score
  }
}
