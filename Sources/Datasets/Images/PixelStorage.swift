import Files
import Tensors

/// Where the pixels of a set's images are.
enum PixelStorage: Sendable {
  case memory([UInt8])
  case files(PictureFiles)

  /// An array with the pixels of these images, and their places in it.
  func pixels(of indices: ArraySlice<Int32>) throws(TensorError) -> (pixels: [UInt8], places: ArraySlice<Int32>) {
    switch self {
    case .memory(let pixels): return (pixels, indices)
    case .files(let files):
      do throws(DataError) {
        return (try files.pixels(of: indices), (0..<Int32(indices.count)).map { $0 }[...])
      } catch {
        throw TensorError(error.message)
      }
    }
  }

  /// These images, then those of `other`: in files where both are. Throws where a file cannot be read.
  func appending(_ other: PixelStorage) throws(DataError) -> PixelStorage {
    if case .files(let own) = self, case .files(let others) = other, own.fit == others.fit {
      return .files(PictureFiles(paths: own.paths + others.paths, imageShape: own.imageShape, fit: own.fit))
    }
    return .memory(try allPixels() + other.allPixels())
  }

  private func allPixels() throws(DataError) -> [UInt8] {
    switch self {
    case .memory(let pixels): pixels
    case .files(let files): try files.pixels(of: files.paths.indices.map { Int32($0) }[...])
    }
  }

  /// The pixels of one image, which have this size.
  func pixels(ofImage index: Int, size: Int) throws(DataError) -> ArraySlice<UInt8> {
    switch self {
    case .memory(let pixels): pixels.dropFirst(index * size).prefix(size)
    case .files(let files): try files.pixels(of: index)[...]
    }
  }
}

/// Pictures in files, and how they are prepared.
struct PictureFiles: Sendable {
  let paths: [String]
  let imageShape: Shape
  let fit: PictureFit

  /// The pixels of these pictures, one after the other. Throws where a file cannot be read; it could be when the set was
  /// made.
  func pixels(of indices: ArraySlice<Int32>) throws(DataError) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(indices.count * imageShape.elementCount)
    for index in indices { result += try pixels(of: Int(index)) }
    return result
  }

  func pixels(of index: Int) throws(DataError) -> [UInt8] {
    guard paths.indices.contains(index) else { throw DataError("there is no image \(index) among \(paths.count)") }
    return try DataError.naming(paths[index]) { () throws(FileFailure) in
      let bytes = try OpenFile(paths[index]).contents(limit: PictureDecoder.greatestFileSize)
      return try PictureDecoder(bytes: bytes, channels: imageShape[0])
        .picture(height: imageShape[1], width: imageShape[2], fit: fit).planes
    }
  }

  func subset(_ indices: [Int]) -> PictureFiles {
    PictureFiles(paths: indices.map { paths[$0] }, imageShape: imageShape, fit: fit)
  }
}
