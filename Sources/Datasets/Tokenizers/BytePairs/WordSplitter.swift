/// Splits text into words; byte pairs are never merged across them.
///
/// A hand-written implementation of GPT-2's pattern,
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`, with bytes that are not UTF-8 as
/// neither letter, number nor space. Source: Radford et al., "Language Models are Unsupervised Multitask Learners"
/// (2019), `encoder.py` of its code.
struct WordSplitter {
  private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.utf8) }
  private static let space = UInt8(ascii: " ")
  private static let apostrophe = UInt8(ascii: "'")

  let bytes: [UInt8]

  /// The end of the word that begins at `start`, in a text that ends at `end`.
  func endOfWord(from start: Int, in end: Int) -> Int {
    if bytes[start] == Self.apostrophe {
      for contraction in Self.contractions where start + contraction.count <= end {
        let after = start + contraction.count
        if bytes[start..<after].elementsEqual(contraction) { return after }
      }
    }
    let first = step(at: start, in: end)
    guard first.kind == .space else { return endOfRun(of: first.kind, from: start, in: end) }
    if bytes[start] == Self.space, start + 1 < end {
      let kind = step(at: start + 1, in: end).kind
      if kind != .space { return endOfRun(of: kind, from: start + 1, in: end) }
    }
    // The last space of several goes to the word that follows, if one does.
    var (position, last) = (start, start)
    while position < end {
      let step = step(at: position, in: end)
      guard step.kind == .space else { return last > start ? last : position }
      last = position
      position += step.length
    }
    return end
  }

  /// The last position before `end` where a space follows a word: both sides can be split independently.
  ///
  /// With `onlyBlanks`, the space must be the ASCII one.
  func lastCut(onlyBlanks: Bool) -> Int? {
    var cut: Int?
    var position = 0
    var previous = UnicodeClass.space
    let end = UTF8Cut.last(in: bytes)
    while position < end {
      let step = step(at: position, in: end)
      if step.kind == .space, previous != .space, !onlyBlanks || bytes[position] == Self.space { cut = position }
      previous = step.kind
      position += step.length
    }
    return cut
  }

  /// The last position that is certainly inside of a word and where `isRight` holds, among the last 64 KiB.
  ///
  /// Three letters or three digits precede it and one more follows: no contraction ends or begins there.
  func lastPlaceInWord(where isRight: (Int) -> Bool) -> Int? {
    var place = UTF8Cut.last(in: bytes) - 1
    let end = bytes.count
    let first = max(place - 1 << 16, 0)
    while place > first {
      defer { place -= 1 }
      guard bytes[place] & 0xC0 != 0x80, isRight(place) else { continue }
      let kind = step(at: place, in: end).kind
      guard kind == .letter || kind == .number else { continue }
      var before = place
      let isInside = (0..<3).allSatisfy { _ in
        repeat { before -= 1 } while before > 0 && bytes[before] & 0xC0 == 0x80
        return before >= 0 && step(at: before, in: end).kind == kind
      }
      if isInside { return place }
    }
    return nil
  }

  private func endOfRun(of kind: UnicodeClass, from start: Int, in end: Int) -> Int {
    var position = start
    while position < end {
      let step = step(at: position, in: end)
      guard step.kind == kind else { break }
      position += step.length
    }
    return position
  }

  @inline(__always)
  private func step(at position: Int, in end: Int) -> (kind: UnicodeClass, length: Int) {
    switch UTF8Step(bytes, at: position) {
    case .scalar(let scalar, let length): (UnicodeClass(scalar), length)
    case .invalid(let length): (.other, length)
    case .incomplete: (.other, end - position)
    }
  }
}
