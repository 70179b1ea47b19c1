import Files

/// A lock on the folder of a run, held by one training as long as this object lives. The system releases it when the
/// process ends, however that happens.
final class RunLock {
  private let folder: FileDescriptor
  private let path: String

  /// Throws a `RequestError` where another training has locked the folder.
  init(_ path: String) throws(RequestError) {
    do { folder = try FileDescriptor.folder(path) } catch {
      throw RequestError("the folder \(path) cannot be opened: \(error)")
    }
    self.path = path
    let isHeld: Bool
    do { isHeld = try folder.lock() } catch {
      // Some network file systems do not support locks.
      Console.log("warning: \(path) cannot be locked (\(error)); start no other training there")
      return
    }
    guard isHeld else {
      throw RequestError("another training writes to \(path); wait until it ends or name another folder with --output")
    }
  }

  deinit { try? folder.close() }

  /// Throws a `WorkError` where the opened folder is not at its path any more: files written there would be lost, or
  /// end up in another folder.
  func check() throws(WorkError) {
    guard folder.stands(at: path) else {
      throw WorkError("the folder \(path) was removed or replaced while the training ran; its results cannot be saved")
    }
  }
}
