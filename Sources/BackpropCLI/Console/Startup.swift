#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The setup before anything is read or written.
enum Startup {
  static func prepare() {
    openMissingDescriptors()
    // Writing then fails with an error instead of ending the process.
    for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_IGN) }
  }

  /// Where standard input, output or error are closed, a file of a run would get their descriptor, and progress would
  /// be written into it.
  private static func openMissingDescriptors() {
    for number in 0...2 as ClosedRange<Int32> where fcntl(number, F_GETFD) == -1 {
      // The lowest free descriptor, so this one.
      _ = open("/dev/null", O_RDWR)
    }
  }
}
