import Foundation

/// A file without a name that is gone when nobody holds it any more, even where the program is killed.
final class TemporaryFile {
  private let file: FileHandle

  /// An empty file in the folder for such files. Throws a `DataError` where there can be none.
  init() throws(DataError) {
    let folder = FileManager.default.temporaryDirectory
    let url = folder.appendingPathComponent("backprop-\(UUID().uuidString)")
    let descriptor = open(url.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw DataError("\(folder.path) should be a folder that can be written to; TMPDIR may name another")
    }
    unlink(url.path)
    file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
  }

  /// Writes `bytes` behind what was written before. Throws a `DataError` where there is no room.
  func append(_ bytes: [UInt8]) throws(DataError) {
    do {
      try file.write(contentsOf: Data(bytes))
    } catch {
      throw DataError(
        "\(FileManager.default.temporaryDirectory.path) should have room for the tokens of the text; TMPDIR may name "
          + "another folder")
    }
  }

  /// All that was written, as memory. `nil` where it cannot be mapped.
  func mapped() -> MappedFile? { MappedFile(descriptor: file.fileDescriptor) }
}
