#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Candidate sentences of a batch, each with the references that would be right: as words or as token ids.
public struct TranslationBatch<Token: Hashable & Sendable>: Sendable {
  /// The candidate sentences.
  public let candidates: [[Token]]
  /// The references of each, at least one.
  public let references: [[[Token]]]

  /// These candidates. Throws a `TrainingError` where a candidate has no reference, or their counts differ.
  public init(candidates: [[Token]], references: [[[Token]]]) throws(TrainingError) {
    guard candidates.count == references.count else {
      throw TrainingError("\(candidates.count) candidates need as many lists of references, not \(references.count)")
    }
    if let index = references.firstIndex(where: \.isEmpty) {
      throw TrainingError("candidate \(index) needs at least one reference")
    }
    self.candidates = candidates
    self.references = references
  }
}

/// Corpus BLEU: how many of the candidates' sequences of 1 to 4 tokens are in a reference. From 0 to 1; others print it
/// times 100.
///
/// The geometric mean of the clipped precisions, without smoothing, times the brevity penalty, in which the reference of
/// the nearest length counts (the shorter of two). 0 where there is no match of some order. What a token is, tokenizers
/// decide: values compare only where they are the same. Memory: ten numbers.
///
/// Source: Papineni, Roukos, Ward & Zhu, "BLEU: a Method for Automatic Evaluation of Machine Translation", ACL 2002.
public struct BLEU<Token: Hashable & Sendable>: Metric, Hashable {
  public var name: String { "BLEU" }
  public var direction: MetricDirection { .higherIsBetter }
  private static var longest: Int { 4 }
  private var matches = [Int](repeating: 0, count: 4)
  private var totals = [Int](repeating: 0, count: 4)
  private var candidateLength = 0
  private var referenceLength = 0

  /// A BLEU over no sentences yet.
  public init() {}

  public mutating func update(_ batch: TranslationBatch<Token>) throws(TrainingError) {
    for (candidate, references) in zip(batch.candidates, batch.references) {
      candidateLength += candidate.count
      let lengths = references.map(\.count)
      referenceLength +=
        lengths.min { (abs($0 - candidate.count), $0) < (abs($1 - candidate.count), $1) } ?? 0
      for length in 1...Self.longest {
        let found = Self.counts(candidate, length)
        var allowed: [ArraySlice<Token>: Int] = [:]
        for reference in references { allowed.merge(Self.counts(reference, length)) { max($0, $1) } }
        totals[length - 1] += max(candidate.count - length + 1, 0)
        matches[length - 1] += found.reduce(0) { $0 + min($1.value, allowed[$1.key] ?? 0) }
      }
    }
  }

  /// How often each sequence of `length` tokens is in the sentence.
  private static func counts(_ sentence: [Token], _ length: Int) -> [ArraySlice<Token>: Int] {
    guard sentence.count >= length else { return [:] }
    var result: [ArraySlice<Token>: Int] = [:]
    for start in 0...sentence.count - length { result[sentence[start..<start + length], default: 0] += 1 }
    return result
  }

  public var value: Double {
    get throws(TrainingError) {
      guard referenceLength > 0 || candidateLength > 0 else {
        throw TrainingError("BLEU is not defined without a token")
      }
      guard matches.allSatisfy({ $0 > 0 }) else { return 0 }
      let logarithms = zip(matches, totals).reduce(0) { $0 + log(Double($1.0) / Double($1.1)) }
      let penalty = min(1 - Double(referenceLength) / Double(candidateLength), 0)
      return exp(logarithms / Double(Self.longest) + penalty)
    }
  }
}
