import Foundation
import Synchronization
import Testing

/// The lines that each test has printed.
private let printed = Mutex<[Test.ID: [String]]>([:])

/// Takes the place of the standard library's function in the listings, so that a test can check what they print.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
  guard let test = Test.current?.id else { return }
  let text = items.map { "\($0)" }.joined(separator: separator)
  printed.withLock { $0[test, default: []] += text.components(separatedBy: "\n") }
}

/// Expects these lines to be the last ones that this test has printed. `…` in one stands for anything.
func expectPrinted(_ expected: String..., sourceLocation: SourceLocation = #_sourceLocation) {
  let lines = Test.current.map { test in printed.withLock { $0[test.id] ?? [] } } ?? []
  let found = lines.suffix(expected.count)
  let isAsExpected = found.count == expected.count && zip(expected, found).allSatisfy { fits($0, $1) }
  #expect(
    isAsExpected, "a listing prints \(found.joined(separator: "\n")) and not \(expected.joined(separator: "\n"))",
    sourceLocation: sourceLocation)
}

/// Whether a line is what is expected.
private func fits(_ expected: String, _ line: String) -> Bool {
  let parts = expected.components(separatedBy: "…").map { NSRegularExpression.escapedPattern(for: $0) }
  return line.range(of: "^" + parts.joined(separator: ".*") + "$", options: .regularExpression) != nil
}
