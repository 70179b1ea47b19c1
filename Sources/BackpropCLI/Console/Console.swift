import Backprop
import Files
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The exit statuses of `backprop`.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  case wrongRequest = 2
  case interrupted = 130
}

/// Results go to standard output, everything else to standard error. All output of the command goes through here.
enum Console {
  private static let output = FileDescriptor(1)
  private static let errors = FileDescriptor(2)

  static let errorIsTerminal = isTerminal(2)

  /// Whether nothing is written: in all processes of a training but one. Set before there are other threads.
  nonisolated(unsafe) static var isSilent = false

  /// Writes a line of the result.
  static func result(_ line: String) { write(line + "\n") }

  /// Writes a sentence of the result, on as many lines as the terminal needs.
  static func resultSentence(_ sentence: String) { result(Terminal.wrapped(sentence, for: 1)) }

  /// Writes a part of the result, without a line's end. A result that cannot be written ends the command as failed.
  ///
  /// Unbuffered, so that lines of both outputs appear in the order they were written.
  static func write(_ text: String) {
    guard !isSilent else { return }
    do { try output.write(Data(text.utf8)) } catch { failToWrite(error) }
  }

  /// Writes one JSON value on a line of its own.
  static func json(_ value: some Encodable) throws { result(try JSON.line(value)) }

  /// Writes a note to standard error.
  static func log(_ sentence: String) { note(Terminal.wrapped(sentence, for: 2) + "\n") }

  /// Writes a line to standard error as it is, such as one of a list.
  static func note(line: String) { note(line + "\n") }

  /// Whether standard error is a terminal whose user wants colors (no-color.org).
  static let errorHasColors =
    errorIsTerminal && ProcessInfo.processInfo.environment["NO_COLOR"].map(\.isEmpty) ?? true
    && ProcessInfo.processInfo.environment["TERM"] != "dumb"

  /// How many lines of a block are above the one that the cursor is on.
  private static let blockHeight = Mutex(0)

  /// Draws a block of lines in the place of the one before; the cursor stays at its end. None of them may be wider than
  /// the terminal. Does nothing where standard error is no terminal.
  static func redraw(_ block: [String]) {
    guard errorIsTerminal else { return }
    let before = blockHeight.withLock { height in
      defer { height = max(block.count - 1, 0) }
      return height
    }
    let start = before > 0 ? "\u{1B}[\(before)A\r" : "\r"
    note(start + "\u{1B}[J" + block.joined(separator: "\n"))
  }

  /// Removes the block, if there is one.
  static func erase() { redraw([]) }

  /// Where nobody reads the notes any more, the work continues.
  private static func note(_ text: String) { if !isSilent { try? errors.write(Data(text.utf8)) } }

  /// Waits, for another process to speak first.
  static func wait(seconds: UInt32) { _ = sleep(seconds) }

  static func fail(_ sentence: String, status: ExitStatus) -> Never {
    Processes.end(sentence, status)
    log("error: " + sentence)
    exit(status)
  }

  private static func failToWrite(_ reason: any Error) -> Never {
    fail("the result cannot be written to standard output: \(reason)", status: .failed)
  }

  /// Ends the process without destructors: threads may still use what these would free.
  static func exit(_ status: ExitStatus) -> Never {
    // Some file systems report only when a file is closed that there was no space for it.
    if status == .done { do { try output.close() } catch { failToWrite(error) } }
    fflush(nil)
    // One process that mpirun started leaves MPI in a handler of `exit`; several have left together.
    if !Distributed.library.isEmpty, (try? Distributed.world())?.size == 1 { endWithHandlers(status.rawValue) }
    _exit(status.rawValue)
  }
}

private func endWithHandlers(_ status: Int32) -> Never { exit(status) }

/// JSON for scripts: one line, keys in a fixed order.
enum JSON {
  static func line(_ value: some Encodable) throws -> String {
    String(decoding: try encoder().encode(value), as: UTF8.self)
  }

  static func pretty(_ value: some Encodable) throws -> Data {
    let encoder = encoder()
    encoder.outputFormatting.insert(.prettyPrinted)
    return try encoder.encode(value) + Data("\n".utf8)
  }

  private static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "Infinity", negativeInfinity: "-Infinity", nan: "NaN")
    return encoder
  }
}
