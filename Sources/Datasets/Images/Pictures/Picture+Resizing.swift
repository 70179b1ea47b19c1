extension Picture {
  /// The most pixels of a resized picture.
  static let greatestResizedCount = 1 << 24

  /// The picture in another size, each of its pixels a mean of those around it (a triangle filter as wide as two pixels
  /// of the coarser picture).
  ///
  /// By default its shape is kept and what is too much of its longer side is cut off. Throws a `DataError` where a size
  /// is below 1 or there would be more than 2²⁴ pixels.
  public func resized(height newHeight: Int, width newWidth: Int, fit: PictureFit = .crop) throws(DataError) -> Picture
  {
    guard newHeight > 0, newWidth > 0, newHeight <= Self.greatestResizedCount / newWidth else {
      throw DataError(
        "a picture should be resized to 1 to \(Self.greatestResizedCount) pixels, not to \(newHeight) × \(newWidth)")
    }
    return resized(unchecked: newHeight, newWidth, fit)
  }

  /// The same, where the size is known to be valid.
  func resized(unchecked newHeight: Int, _ newWidth: Int, _ fit: PictureFit) -> Picture {
    guard (newHeight, newWidth) != (height, width) else { return self }
    let box = fit.box(height: height, width: width, filling: newHeight, newWidth)
    return resampled(
      rows: ResizeWeights(input: height, output: newHeight, box: box.rows),
      columns: ResizeWeights(input: width, output: newWidth, box: box.columns), height: newHeight, width: newWidth)
  }
}
