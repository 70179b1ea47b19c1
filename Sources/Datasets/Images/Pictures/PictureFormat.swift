/// The format of a picture file, which its first bytes tell: names may have any suffix.
enum PictureFormat: Hashable {
  case png, jpeg, portable
  /// A format that is known and not read.
  case other(String)

  /// The names of the formats that are read.
  static let names = "PNG, JPEG, PGM (P2, P5) or PPM (P6)"

  /// The format of a file that begins so; `nil` where it is no picture.
  init?(_ bytes: some Collection<UInt8>) {
    let begins = { (text: String) in bytes.starts(with: text.utf8) }
    let brand = { (at: Int, text: String) in bytes.dropFirst(at).starts(with: text.utf8) }
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      self = .png
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if begins("P2") || begins("P5") || begins("P6") {
      self = .portable
    } else if begins("GIF8") {
      self = .other("GIF")
    } else if begins("RIFF"), brand(8, "WEBP") {
      self = .other("WebP")
    } else if begins("II*\0") || begins("MM\0*") {
      self = .other("TIFF")
    } else if brand(4, "ftyphei") || brand(4, "ftypmif") {
      self = .other("HEIF")
    } else if brand(4, "ftypavi") {
      self = .other("AVIF")
    } else if begins("BM"), bytes.dropFirst(6).starts(with: [0, 0, 0, 0]) {
      self = .other("BMP")
    } else {
      return nil
    }
  }

  /// The suffixes that pictures have, in lower case: a file with one of them should be a picture.
  private static let suffixes: Set<String> = [
    "png", "jpg", "jpeg", "jpe", "jfif", "pgm", "ppm", "pnm", "pbm", "gif", "bmp", "tif", "tiff", "webp", "heic",
    "heif", "avif", "svg", "svgz",
  ]

  /// Whether a file of this name should be a picture.
  static func isExpected(ofFile name: String) -> Bool {
    guard let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return suffixes.contains(String(name[name.utf8.index(after: dot)...]).lowercased())
  }
}
