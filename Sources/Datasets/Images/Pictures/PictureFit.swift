/// How a picture fills a size of another shape.
public enum PictureFit: String, Codable, Hashable, Sendable, CaseIterable {
  /// Its shape is kept, and what is too much of the longer side is cut off on both ends. For photographs.
  case crop
  /// All of it is kept, and its shape is changed.
  case stretch

  /// The part of a picture of this size that is kept: where it begins and ends along each axis, in pixels and parts of
  /// them.
  func box(
    height: Int, width: Int, filling newHeight: Int, _ newWidth: Int
  ) -> (rows: ClosedRange<Double>, columns: ClosedRange<Double>) {
    var (rows, columns) = (0...Double(height), 0...Double(width))
    guard self == .crop else { return (rows, columns) }
    let shape = Double(newWidth) / Double(newHeight)
    if Double(width) > shape * Double(height) {
      let rest = (Double(width) - shape * Double(height)) / 2
      columns = rest...(Double(width) - rest)
    } else {
      let rest = (Double(height) - Double(width) / shape) / 2
      rows = rest...(Double(height) - rest)
    }
    return (rows, columns)
  }
}
