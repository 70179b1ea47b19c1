/// Where in a user's program an operation was called.
public struct CallSite: Hashable, Sendable, CustomStringConvertible {
  /// The file as `#fileID` names it: module and file.
  public let file: String
  /// The line, from 1.
  public let line: Int

  /// A place in a program, as `#fileID` and `#line` give it. A function that records operations for its caller has
  /// these as default arguments and passes them on.
  public init(_ file: StaticString, _ line: UInt) {
    self.file = "\(file)"
    self.line = Int(clamping: line)
  }

  public var description: String { "\(file):\(line)" }
}

/// What went wrong with a tensor operation: a sentence, the layer it happened in and where it was called.
///
/// Operators cannot throw, so an invalid operation gives a failed tensor that carries this error; requesting a value, a
/// gradient or an update throws it.
public struct TensorError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What was wrong, with the shapes, and what would be right.
  public var message: String
  /// The layer's path and summary, such as `classifier.2 (Dense 512 → 10)`.
  public var layer: String?
  /// Where it was called.
  public var callSite: CallSite?

  /// An error with this sentence.
  public init(_ message: String, layer: String? = nil, callSite: CallSite? = nil) {
    self.message = message
    self.layer = layer
    self.callSite = callSite
  }

  /// The same with the location of a call, where it does not name one yet.
  func called(at site: @autoclosure () -> CallSite?) -> TensorError {
    TensorError(message, layer: layer, callSite: callSite ?? site())
  }

  public var description: String {
    var text = message
    if let layer { text += "\n  in layer  \(layer)" }
    if let callSite { text += "\n  called at \(callSite)" }
    return text
  }
}
