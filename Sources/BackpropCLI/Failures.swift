import Backprop
import Files

/// The request was wrong: an unknown name, a number out of range, a file that cannot be read. Exit status 2.
struct RequestError: Error, CustomStringConvertible {
  var description: String

  /// Control characters of names and files stand in it as numbers.
  init(_ description: String) { self.description = description.printableLines }

  /// Does `body`; whatever it throws is the request's fault.
  static func whenFailing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw RequestError("\(error)") }
  }

  /// An error that lists the names there are.
  static func unknown(_ what: String, _ name: String, known: [String]) -> RequestError {
    RequestError("there is no \(what) '\(name)'; there is \(known.joined(separator: ", "))")
  }
}

/// The request was right, but the work could not be done. Exit status 1.
struct WorkError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description.printableLines }
}

/// Somebody pressed Ctrl-C; what there was has been saved. Exit status 130.
struct Interrupted: Error, CustomStringConvertible {
  var description: String
}
