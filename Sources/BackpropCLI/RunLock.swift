import Backprop

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The folder of a run, held by one training as long as this lives. The system lets go of it when the process ends,
/// however that happens.
final class RunLock {
  private let folder: FileDescriptor
  private let path: String

  /// Throws a `RequestError` where another training holds the folder.
  init(_ path: String) throws(RequestError) {
    do { folder = try FileDescriptor.folder(path) } catch {
      throw RequestError("the folder \(path) cannot be opened: \(error)")
    }
    self.path = path
    guard flock(folder.number, LOCK_EX | LOCK_NB) != 0 else { return }
    let reason = SystemError()
    if reason.code == EWOULDBLOCK {
      try? folder.close()
      throw RequestError("another training writes to \(path); wait until it ends or name another folder with --output")
    }
    // Some network file systems cannot.
    Console.log("warning: \(path) cannot be locked (\(reason)); start no other training there")
  }

  deinit { try? folder.close() }

  /// Throws a `WorkError` where the folder that was opened is not at its path any more: what is written there would be
  /// lost, or land in another folder.
  func check() throws(WorkError) {
    var (opened, named) = (stat(), stat())
    guard fstat(folder.number, &opened) == 0, stat(path, &named) == 0, opened.st_dev == named.st_dev,
      opened.st_ino == named.st_ino
    else {
      throw WorkError("the folder \(path) was removed or replaced while the training ran; its results cannot be saved")
    }
  }
}
