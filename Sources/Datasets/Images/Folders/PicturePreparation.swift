/// How pictures become the input of a network: in training, evaluation and prediction the same.
public struct PicturePreparation: Hashable, Sendable {
  /// 1 for gray, 3 for colors. `nil`: gray where all pictures are.
  public var channels: Int?
  /// The size of each picture. `nil`: their own where all have the same and it is small, otherwise 64 × 64.
  public var size: Size?
  /// How a picture of another shape fills it.
  public var fit: PictureFit

  /// Rows and columns.
  public struct Size: Hashable, Sendable {
    /// How many rows.
    public var height: Int
    /// How many columns.
    public var width: Int

    /// So many rows and columns.
    public init(height: Int, width: Int) {
      self.height = height
      self.width = width
    }
  }

  /// A preparation, by default found from the pictures. Nothing is checked here.
  public init(channels: Int? = nil, size: Size? = nil, fit: PictureFit = .crop) {
    self.channels = channels
    self.size = size
    self.fit = fit
  }

  /// The size where pictures have several.
  static let defaultSize = Size(height: 64, width: 64)
  /// The most pixels of a picture that keeps its size unasked.
  static let greatestOwnSize = 128 * 128

  /// Throws a `DataError` where pictures cannot be so prepared.
  func check() throws(DataError) {
    if let channels, channels != 1, channels != 3 {
      throw DataError("pictures should be read with 1 or 3 channels, not \(channels)")
    }
    if let size {
      guard size.height > 0, size.width > 0, size.height <= Picture.greatestResizedCount / size.width else {
        throw DataError(
          "pictures should be resized to 1 to \(Picture.greatestResizedCount) pixels, not to \(size.height) × \(size.width)"
        )
      }
    }
  }
}
