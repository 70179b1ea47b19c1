import ArgumentParser

// Checks of flags. Each throws a `RequestError` that names the flag, its valid values and the given one.

func require(_ value: Int?, _ flag: String, in range: ClosedRange<Int>) throws(RequestError) {
  guard let value, !range.contains(value) else { return }
  throw RequestError("\(flag) must be from \(range.lowerBound) to \(range.upperBound), not \(value)")
}

/// `rule` describes what `holds` tests. NaN never passes.
func require(
  _ value: Double?, _ flag: String, _ rule: String, _ holds: (Double) -> Bool
) throws(RequestError) {
  guard let value, !holds(value) else { return }
  throw RequestError("\(flag) must be \(rule), not \(value)")
}

/// For rates and norms: networks compute in float32, which has neither greater nor smaller numbers. `example` is a usual
/// one.
func requirePositive(_ value: Double?, _ flag: String, suchAs example: Double) throws(RequestError) {
  let (least, greatest) = (Double(Float.leastNonzeroMagnitude), Double(Float.greatestFiniteMagnitude))
  try require(
    value, flag,
    "above 0 and in the range of float32, from \(least.scientific(2)) to \(greatest.scientific(2)), such as \(example)"
  ) { Float($0) > 0 && Float($0).isFinite }
}

/// The longest path that Linux takes.
private let longestPath = 4095

/// For the names of files, folders and data.
func requirePath(_ path: String?, _ flag: String) throws(RequestError) {
  guard let path else { return }
  guard !path.isEmpty else { throw RequestError("\(flag) must have a name, not an empty text") }
  guard path.utf8.count <= longestPath else {
    throw RequestError(
      "\(flag) must have at most \(longestPath.grouped) bytes, not \(path.utf8.count.grouped): '\(path.shortened)'")
  }
}

extension RequestError {
  /// Runs `check` while flags are parsed, where only an error of the parser's own counts as a wrong request.
  static func validating(_ check: () throws -> Void) throws {
    do { try check() } catch let error as RequestError { throw ValidationError(error.description) }
  }
}

extension String {
  /// Its beginning, where it is too long for a sentence.
  var shortened: String { count <= 80 ? self : prefix(60) + "…" }
}
