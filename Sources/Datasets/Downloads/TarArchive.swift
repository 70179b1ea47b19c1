import Files

/// Reads tar archives: a header of 512 bytes before each file, whose bytes are filled up to a multiple of that.
///
/// Source: POSIX.1-2001, pax, "ustar Interchange Format".
enum TarArchive {
  private static let block = 512

  /// The files of these names, in whatever folder of the archive they are. Throws where the archive ends too early, or
  /// has no such file.
  static func files(_ names: [String], in archive: [UInt8]) throws(FileFailure) -> [(name: String, bytes: [UInt8])] {
    var found: [String: [UInt8]] = [:]
    var position = 0
    while archive.count - position >= block, archive[position] != 0 {
      let header = archive[position..<position + block]
      let path = text(header.prefix(100))
      guard let size = number(header.dropFirst(124).prefix(12)), size <= archive.count - position - block else {
        throw FileFailure("is an archive that ends in the middle of \(path) and should be whole")
      }
      let start = position + block
      // Types 0 and NUL are files; others are folders, links and such.
      if [0, UInt8(ascii: "0")].contains(header[position + 156]),
        let name = path.split(separator: "/").last.map(String.init), names.contains(name)
      {
        found[name] = Array(archive[start..<start + size])
      }
      position = start + (size + block - 1) / block * block
    }
    var files: [(name: String, bytes: [UInt8])] = []
    for name in names {
      guard let bytes = found[name] else { throw FileFailure("should have a file \(name) in it, and has none") }
      files.append((name, bytes))
    }
    return files
  }

  private static func text(_ field: some Sequence<UInt8>) -> String {
    String(decoding: field.prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits, up to a space or NUL.
  private static func number(_ field: some Sequence<UInt8>) -> Int? {
    Int(text(field).drop { $0 == " " }.prefix { $0 != " " }, radix: 8).flatMap { $0 >= 0 ? $0 : nil }
  }
}
