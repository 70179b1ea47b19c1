import Files

/// Reads the files of a folder of pictures on all threads.
struct PictureReader {
  let folder: String
  let files: [PictureFolder.File]

  /// What came of a file.
  enum Outcome<Value: Sendable>: Sendable {
    case read(Value)
    /// It should be a picture and is not: the rest of a sentence.
    case unreadable(String)
    /// It is no picture.
    case ignored
  }

  func headers() -> [Outcome<PictureHeader>] {
    outcomes { bytes throws(FileFailure) in try PictureDecoder(bytes: bytes, channels: 3).header() }
  }

  /// A picture that was read.
  struct Read: Sendable {
    /// Channel after channel; none where they are not kept.
    var pixels: [UInt8]
    var digest: ContentDigest
  }

  /// Each picture, with its pixels where they are kept.
  func pixels(
    channels: Int, _ size: PicturePreparation.Size, _ fit: PictureFit, areKept: Bool
  ) -> [Outcome<Read>] {
    outcomes { bytes throws(FileFailure) in
      let picture = try PictureDecoder(bytes: bytes, channels: channels)
        .picture(height: size.height, width: size.width, fit: fit)
      return Read(pixels: areKept ? picture.planes : [], digest: ContentDigest(of: bytes))
    }
  }

  /// What `read` makes of each file, in the order of the files. As many threads read as compute, one file each, so that
  /// so many files and their pixels are in memory at once.
  private func outcomes<Value: Sendable>(
    _ read: @escaping @Sendable ([UInt8]) throws(FileFailure) -> Value
  ) -> [Outcome<Value>] {
    concurrentMap(files.count) { outcome(of: files[$0].path, read) }
  }

  private func outcome<Value>(
    of file: String, _ read: ([UInt8]) throws(FileFailure) -> Value
  ) -> Outcome<Value> {
    do throws(FileFailure) {
      let bytes = try OpenFile("\(folder)/\(file)").contents(limit: PictureDecoder.greatestFileSize)
      // A text may lie beside pictures; a file that is called one and is none is an error.
      guard PictureFormat(bytes) != nil || PictureFormat.isExpected(ofFile: file) else { return .ignored }
      return .read(try read(bytes))
    } catch {
      // It was listed: its name is there.
      return .unreadable(error.isMissing ? "is a link to a file that does not exist" : error.reason)
    }
  }
}
