import Files
import Tensors

/// Reads an image to classify: PNG, JPEG, PGM (P2, P5), PPM (P6), or one image of an IDX file, plain or compressed with
/// gzip.
public enum ImageFile {
  /// The image in the file at `path`, `[1, channels, height, width]` from 0 to 1, resized to `shape`.
  ///
  /// `index` chooses an image of a file that has several, by default the first one. `shape` is channels (1 for gray, 3
  /// for red, green and blue), height and width, `fit` how an image of another shape fills it. `standardization` is the
  /// one that the network was trained with, if any.
  ///
  /// Throws a `DataError` where the file is not an image in one of these formats, or `index` or `shape` does not fit.
  public static func load(
    _ path: String, index: Int? = nil, shape: Shape, fit: PictureFit = .stretch,
    standardization: Standardization? = nil, allowsPipe: Bool = true
  ) throws -> Tensor {
    let pixels = try pixels(path, index: index, shape: shape, fit: fit, allowsPipe: allowsPipe)
    let image = try ImageSet(pixels: pixels, labels: [0], imageShape: shape).standardized(by: standardization)
    return image.converter(standardizedBy: image.standardization).tensor(of: [0], in: image.pixels)
  }

  /// The images of several files, as `load` reads each, on all threads. `index` is that of the image in its
  /// file. A file that cannot be read does not end the others; nor does a pipe, unless `allowsPipe`: it may have no
  /// writer.
  public static func loadAll(
    _ files: [(path: String, index: Int?, allowsPipe: Bool)], shape: Shape, fit: PictureFit = .stretch,
    standardization: Standardization? = nil
  ) -> [Result<Tensor, any Error>] {
    concurrentMap(files.count) { place in
      Result {
        let file = files[place]
        return try load(
          file.path, index: file.index, shape: shape, fit: fit, standardization: standardization,
          allowsPipe: file.allowsPipe)
      }
    }
  }

  /// The paths of the pictures in the folder at `path` and below it, in natural order. Throws a `DataError` where a
  /// folder cannot be listed.
  public static func pictures(below path: String) throws(DataError) -> [String] {
    try PictureFolder.pictures(below: path)
  }

  /// The pixels of the image in the file at `path`, resized to `shape`: channel after channel, row after row.
  ///
  /// Read as `Picture` reads it, and resized as `Picture.resized` does. Throws as `load` does.
  public static func pixels(
    _ path: String, index: Int? = nil, shape: Shape, fit: PictureFit = .stretch, allowsPipe: Bool = true
  ) throws -> [UInt8] {
    let size = shape.dimensions
    guard size.count == 3, size[0] == 1 || size[0] == 3, size[1] > 0, size[2] > 0,
      size[1] <= Picture.greatestResizedCount / size[2]
    else {
      throw DataError("\(path) is read as [1 or 3 channels, height, width]; the model should not take \(shape)")
    }
    let bytes = try readBytes(of: path, accepting: allowsPipe ? .regularOrPipe : .regular)
    if Gzip.isGzip(bytes) || bytes.starts(with: [0, 0]) {
      let image = try idxImage(bytes, index ?? 0, path)
      return image.picture(channels: size[0]).resized(unchecked: size[1], size[2], fit).planes
    }
    return try DataError.naming(path) { () throws(FileFailure) in
      try PictureDecoder(bytes: bytes, channels: size[0], index: index ?? 0)
        .picture(height: size[1], width: size[2], fit: fit).planes
    }
  }

  private static func idxImage(_ bytes: [UInt8], _ index: Int, _ path: String) throws -> ImageRaster {
    let file = try IDXFile(bytes, rank: 3, name: path)
    let size = file.dimensions
    guard (0..<size[0]).contains(index) else {
      throw DataError("\(path) has \(size[0]) images, so the index should be from 0 to \(size[0] - 1), not \(index)")
    }
    return ImageRaster(
      height: size[1], width: size[2], channels: 1, bytes: file.values, start: index * size[1] * size[2])
  }
}
