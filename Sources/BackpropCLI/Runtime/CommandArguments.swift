import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the command was called with, byte for byte: `CommandLine.arguments` replaces bytes that are not UTF-8, and a name with
/// such bytes would then be that of another file.
enum CommandArguments {
  /// The arguments behind the command's name, with bytes that are not UTF-8 as `FilePath` writes them.
  static var all: [String] {
    (1..<max(Int(CommandLine.argc), 1)).compactMap { index in
      CommandLine.unsafeArgv[index].map { FilePath.string(of: UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }
  }

  #if os(Linux)
    /// Starts the command anew with the same arguments. Comes back only where that cannot be done.
    static func restart() { execv("/proc/self/exe", CommandLine.unsafeArgv) }
  #endif
}
