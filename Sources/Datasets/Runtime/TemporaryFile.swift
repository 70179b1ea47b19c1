import Foundation

/// An unlinked file, removed when it is closed, even where the program is killed.
final class TemporaryFile {
  private let file: FileHandle

  /// An empty file in the folder for temporary files. Throws a `DataError` where none can be created.
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

  /// Appends `bytes`. Throws a `DataError` where there is no space.
  func append(_ bytes: [UInt8]) throws(DataError) {
    do {
      try file.write(contentsOf: Data(bytes))
    } catch {
      throw DataError(
        "\(FileManager.default.temporaryDirectory.path) should have room for the tokens of the text; TMPDIR may name "
          + "another folder")
    }
  }

  /// The contents, mapped into memory. `nil` where that fails.
  func mapped() -> MappedFile? { MappedFile(descriptor: file.fileDescriptor) }
}
