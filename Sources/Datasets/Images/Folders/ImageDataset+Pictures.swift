import Files
import Tensors

extension ImageDataset {
  /// The most bytes of resized pixels that are kept in memory: 512 MiB.
  static let greatestPictureBytes = 1 << 29

  /// The pictures in the folder at `path`, which has a subfolder for each class, or `train/`, `val/` and `test/` with
  /// such subfolders. PNG, JPEG, PGM and PPM are read, as ``Picture`` describes.
  ///
  /// Classes are the subfolders in natural order; pictures may lie in folders below them. Without `test/`,
  /// `testFraction` of each class is chosen by `seed` for testing. Files that cannot be read, classes without a picture
  /// and what is no picture are left out and listed in ``survey``; with `isStrict`, files that cannot be read are an
  /// error.
  ///
  /// Every picture is decoded and resized now, on all threads. The resized pixels are kept where they take at most
  /// 512 MiB; otherwise batches are decoded in the background, a few ahead of the one that is asked for. Throws a
  /// `DataError` where there are no pictures, or a part has a class that `train/` has not.
  public static func pictures(
    _ path: String, preparedBy preparation: PicturePreparation = PicturePreparation(), testFraction: Double = 0.2,
    seed: UInt64 = 0, isStrict: Bool = false
  ) throws(DataError) -> ImageDataset {
    try pictures(
      path, preparedBy: preparation, testFraction: testFraction, seed: seed, isStrict: isStrict,
      memory: greatestPictureBytes)
  }

  /// The same, with at most `memory` bytes of pixels in memory.
  static func pictures(
    _ path: String, preparedBy preparation: PicturePreparation, testFraction: Double, seed: UInt64, isStrict: Bool,
    memory: Int
  ) throws(DataError) -> ImageDataset {
    try preparation.check()
    guard testFraction >= 0, testFraction <= 1 else {
      throw DataError("the fraction of pictures for testing should be from 0 to 1, not \(testFraction)")
    }
    let folder = try PictureFolder(path)
    let reader = PictureReader(folder: path, files: folder.files)
    let (channels, size) = try resolve(preparation, reader)
    let isKept = folder.files.count <= memory / (channels * size.height * size.width)
    let outcomes = reader.pixels(channels: channels, size, preparation.fit, areKept: isKept)
    return try PictureCollection(
      folder, outcomes, shape: [channels, size.height, size.width], preparation.fit, isInMemory: isKept
    ).dataset(testFraction: testFraction, seed: seed, isStrict: isStrict)
  }

  /// Channels and size, found from the headers of the pictures where they are not given.
  private static func resolve(
    _ preparation: PicturePreparation, _ reader: PictureReader
  ) throws(DataError) -> (channels: Int, size: PicturePreparation.Size) {
    if let channels = preparation.channels, let size = preparation.size { return (channels, size) }
    let headers = reader.headers().compactMap { outcome in
      if case .read(let header) = outcome { header } else { nil }
    }
    guard let first = headers.first else { throw DataError("\(reader.folder) has no picture that can be read") }
    let areEqual = headers.allSatisfy { $0.height == first.height && $0.width == first.width }
    let own = PicturePreparation.Size(height: first.height, width: first.width)
    let keepsSize = areEqual && first.height * first.width <= PicturePreparation.greatestOwnSize
    return (
      preparation.channels ?? (headers.allSatisfy(\.isGray) ? 1 : 3),
      preparation.size ?? (keepsSize ? own : PicturePreparation.defaultSize)
    )
  }
}
