/// The pixels of an image and its class.
public struct LabeledImage: Hashable, Sendable {
  /// Channel after channel, row after row.
  public var pixels: [UInt8]
  /// The class, from 0.
  public var label: Int32

  /// An image of this class.
  public init(pixels: [UInt8], label: Int32) {
    self.pixels = pixels
    self.label = label
  }
}

extension ImageSet: Dataset {
  public func example(at index: Int) throws -> LabeledImage {
    try check(index)
    return LabeledImage(pixels: Array(try storage.pixels(ofImage: index, size: imageSize)), label: labels[index])
  }
}
