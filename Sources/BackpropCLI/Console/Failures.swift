import ArgumentParser
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
    RequestError("there is no \(what) '\(name.shortened)'; there is \(known.joined(separator: ", "))")
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

/// What a thrown error means for the command's end.
enum Failure {
  case sentence(String, ExitStatus)
  case interrupted(String)
  /// No failure: help and the version come as errors.
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
        // What was given may be of any length.
        let message = BackpropCommand.message(for: error).split(separator: " ", omittingEmptySubsequences: false)
          .map { $0.count <= 200 ? String($0) : $0.prefix(60) + "…" }.joined(separator: " ")
        self = .sentence("\(message)\nSee 'backprop --help' and 'backprop help <subcommand>'.", .wrongRequest)
      default: self = .sentence("\(error)", .failed)
      }
    }
  }
}
