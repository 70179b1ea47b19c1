extension NumberGrammar {
  /// How many lines of a text are right.
  public struct Score: Hashable, Sendable {
    /// The lines that are right.
    public var right: Int
    /// The lines that were counted.
    public var total: Int

    /// The share of right lines, from 0 to 1; `nil` where no line was counted.
    public var share: Double? { total > 0 ? Double(right) / Double(total) : nil }
  }

  /// Counts the right lines of a text that a model has made.
  ///
  /// Only whole lines count: what stands after the last end of a line does not, nor what stands before the first one
  /// unless `startsWithLine`, because the text may begin in the middle of a line. With a `bound`, lines that begin with a
  /// number of at least that do not count; lines that begin with no number always do.
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
