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

/// What the exit status of `backprop` says.
enum ExitStatus: Int32 {
  case done = 0
  case failed = 1
  case wrongRequest = 2
  case interrupted = 130
}

/// Results go to standard output, everything else to standard error.
enum Console {
  static let errorIsTerminal = isatty(2) == 1

  /// Writes a line of the result.
  static func result(_ line: String) { write(line + "\n", to: 1) }

  /// Writes a part of the result, without a line's end.
  static func write(_ text: String) { write(text, to: 1) }

  /// Writes one JSON value on a line of its own.
  static func json(_ value: some Encodable) throws { result(try JSON.line(value)) }

  /// Writes a line for the person who watches.
  static func log(_ line: String) { write(line + "\n", to: 2) }

  /// Writes over the line that the cursor is on; only for terminals.
  static func overwrite(_ line: String) { write("\r\u{1B}[K" + line, to: 2) }

  static func fail(_ sentence: String, status: ExitStatus) -> Never {
    log("error: " + sentence)
    exit(status)
  }

  static func exit(_ status: ExitStatus) -> Never {
    #if canImport(Glibc)
      Glibc.exit(status.rawValue)
    #elseif canImport(Musl)
      Musl.exit(status.rawValue)
    #else
      Darwin.exit(status.rawValue)
    #endif
  }

  /// Whole and unbuffered, so that lines of both outputs come in the order they were written.
  private static func write(_ text: String, to descriptor: Int32) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = posixWrite(descriptor, rest)
      guard count > 0 else { return }  // nobody reads any more
      rest = rest.dropFirst(count)
    }
  }

  private static func posixWrite(_ descriptor: Int32, _ bytes: ArraySlice<UInt8>) -> Int {
    let bytes = Array(bytes)
    #if canImport(Glibc)
      return Glibc.write(descriptor, bytes, bytes.count)
    #elseif canImport(Musl)
      return Musl.write(descriptor, bytes, bytes.count)
    #else
      return Darwin.write(descriptor, bytes, bytes.count)
    #endif
  }
}

/// JSON as scripts like it: one line, keys in a fixed order.
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
