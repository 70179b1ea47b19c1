import Files

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The arguments of the command, byte for byte: `CommandLine.arguments` replaces bytes that are not UTF-8, and a name
/// with such bytes would then denote another file.
enum CommandArguments {
  /// The arguments after the command's name, with bytes that are not UTF-8 as `FilePath` writes them.
  static var all: [String] {
    (1..<max(Int(CommandLine.argc), 1)).compactMap { index in
      CommandLine.unsafeArgv[index].map { FilePath.string(of: UnsafeRawBufferPointer(start: $0, count: strlen($0))) }
    }
  }
}
