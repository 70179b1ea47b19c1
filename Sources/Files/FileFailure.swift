/// Why a file cannot be used, as the rest of a sentence that begins with its path.
package struct FileFailure: Error {
  /// Such as `is a folder and should be a file`.
  package let reason: String
  /// Whether the file does not exist.
  package let isMissing: Bool

  package init(_ reason: String, isMissing: Bool = false) {
    self.reason = reason
    self.isMissing = isMissing
  }
}
