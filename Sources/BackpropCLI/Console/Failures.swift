import ArgumentParser
import Backprop
import Files

/// The request was wrong: an unknown name, a number out of range, a file that cannot be read. Exit status 2.
struct RequestError: Error, CustomStringConvertible {
  var description: String

  /// Control characters of names and files are escaped in it.
  init(_ description: String) { self.description = description.printableLines }

  /// Runs `body`; any error it throws becomes a `RequestError`.
  static func whenFailing<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw RequestError("\(error)") }
  }

  /// An error that lists the known names.
  static func unknown(_ what: String, _ name: String, known: [String]) -> RequestError {
    RequestError("there is no \(what) '\(name.shortened)'; there is \(known.joined(separator: ", "))")
  }
}

/// The request was right, but the work could not be done. Exit status 1.
struct WorkError: Error, CustomStringConvertible {
  var description: String

  init(_ description: String) { self.description = description.printableLines }
}

/// The user pressed Ctrl-C; the state has been saved. Exit status 130.
struct Interrupted: Error, CustomStringConvertible {
  var description: String
}

/// The exit status and message of a thrown error.
enum Failure {
  case sentence(String, ExitStatus)
  case interrupted(String)
  /// No failure: help and the version are thrown as errors.
  case asked(String)

  init(_ error: any Error) {
    switch error {
    case let error as RequestError: self = .sentence(error.description, .wrongRequest)
    case let error as Interrupted: self = .interrupted(error.description)
    default:
      // Swift's own exit status for a wrong request is 64; the command promises 2.
      switch BackpropCommand.exitCode(for: error) {
      case .success: self = .asked(BackpropCommand.message(for: error))
      case .validationFailure:
        // An argument may be of any length.
        let message = ParserSentence.text(error).split(separator: " ", omittingEmptySubsequences: false)
          .map { $0.count <= 200 ? String($0) : $0.prefix(60) + "…" }.joined(separator: " ")
        self = .sentence(message, .wrongRequest)
      default: self = .sentence("\(error)", .failed)
      }
    }
  }
}
