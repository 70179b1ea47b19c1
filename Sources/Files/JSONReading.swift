#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Reads JSON that may be corrupt or written by others: all files of this format are read through here.
package enum JSONReading {
  /// The most bytes of a file of this format.
  package static let greatestSize = 1 << 26

  /// The file at `path` as JSON.
  package static func file<Value: Decodable>(_ type: Value.Type, at path: String) throws(FileFailure) -> Value {
    try value(type, from: OpenFile(path).contents(limit: greatestSize))
  }

  /// A value of JSON. The failure names the key and what is expected there.
  package static func value<Value: Decodable>(
    _ type: Value.Type, from bytes: [UInt8], _ decoder: JSONDecoder = JSONDecoder()
  ) throws(FileFailure) -> Value {
    do {
      return try decoder.decode(type, from: Data(bytes))
    } catch DecodingError.dataCorrupted(let context) where context.codingPath.isEmpty {
      throw invalid(type, bytes, decoder)
    } catch {
      throw failure(error)
    }
  }

  /// Where the decoder only says that the data are not valid: broken syntax, or a number that does not fit its type.
  private static func invalid<Value: Decodable>(
    _ type: Value.Type, _ bytes: [UInt8], _ decoder: JSONDecoder
  ) -> FileFailure {
    guard String(validating: bytes, as: UTF8.self) != nil else {
      return FileFailure("should be JSON, which is text in UTF-8, but has bytes that are not")
    }
    let outline = JSONOutline(of: bytes)
    if let problem = outline.problem { return FileFailure("should be JSON, but \(problem)") }
    // With a string instead, the decoder reports the key and the expected type.
    for range in outline.unusualNumbers.prefix(32) {
      let changed = bytes[..<range.lowerBound] + Array("\"\"".utf8) + bytes[range.upperBound...]
      do { _ = try decoder.decode(type, from: Data(changed)) } catch DecodingError.typeMismatch(let type, let context) {
        let number = String(decoding: bytes[range].prefix(40), as: UTF8.self)
        if type is any FixedWidthInteger.Type || Float(number)?.isFinite != true {
          return FileFailure("should have \(name(of: type)) \(place(context)), not \(number)")
        }
      } catch { continue }
    }
    return FileFailure("should be JSON with numbers and text that fit their places")
  }

  private static func failure(_ error: any Error) -> FileFailure {
    switch error {
    case DecodingError.keyNotFound(let key, let context):
      return FileFailure("lacks '\(path(context.codingPath + [key]))'")
    case DecodingError.typeMismatch(let type, let context):
      return FileFailure("should have \(name(of: type)) \(place(context))")
    case DecodingError.valueNotFound(let type, let context):
      return FileFailure("should have \(name(of: type)) \(place(context)), not null")
    case DecodingError.dataCorrupted(let context):
      // The first is what the standard library says of an enumeration, with the name of its type; others are our own.
      let text = context.debugDescription
      if let value = text.split(separator: "from invalid String value ", maxSplits: 1).dropFirst().first {
        return FileFailure("has an unknown value \(place(context)): \(value.prefix(100).printable)")
      }
      return FileFailure("is wrong \(place(context)): \(text.printable)")
    default:
      // Errors thrown by the types themselves are sentences.
      return FileFailure("is wrong: \("\(error)".printable)")
    }
  }

  private static func place(_ context: DecodingError.Context) -> String {
    context.codingPath.isEmpty ? "at its top" : "as '\(path(context.codingPath))'"
  }

  /// `model.merges[3]`.
  private static func path(_ keys: [any CodingKey]) -> String {
    let parts = keys.enumerated().map { index, key in
      key.intValue.map { "[\($0)]" } ?? (index == 0 ? "" : ".") + key.stringValue.prefix(100).printable
    }
    return parts.joined()
  }

  private static func name(of type: Any.Type) -> String {
    switch type {
    case is any FixedWidthInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is String.Type: "text"
    case is Bool.Type: "true or false"
    case is [String: Any].Type, is any KeyedContainer.Type: "an object"
    case is [Any].Type, is any ListContainer.Type: "a list"
    default: "something else"
    }
  }
}

/// Marks dictionaries and arrays of any element, which have no common type.
private protocol KeyedContainer {}
private protocol ListContainer {}
extension Dictionary: KeyedContainer {}
extension Array: ListContainer {}
