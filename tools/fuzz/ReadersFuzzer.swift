import Files
import Foundation

/// The reader that `BACKPROP_FUZZ` names, which libFuzzer gives any bytes: each has to return or throw.
private enum Reader: String {
  case png, jpeg, portable, exif, idx, gzip, table

  static let chosen: Reader = {
    let name = ProcessInfo.processInfo.environment["BACKPROP_FUZZ"] ?? ""
    guard let reader = Reader(rawValue: name) else { fatalError("BACKPROP_FUZZ should name a reader, not '\(name)'") }
    return reader
  }()

  /// The first bytes that make a reader take the rest for its own.
  private var beginning: [UInt8] {
    switch self {
    case .png: [0x89, 0x50, 0x4E, 0x47]
    case .jpeg, .exif: [0xFF, 0xD8, 0xFF]
    case .portable: [0x50]
    case .idx, .gzip, .table: []
    }
  }

  func read(_ input: [UInt8]) {
    // What begins otherwise would only test the first comparison.
    var bytes = input
    bytes.replaceSubrange(0..<min(beginning.count, input.count), with: beginning)
    switch self {
    case .png, .jpeg, .portable:
      // Of 1 or 3 channels, whole or in a size that the input determines.
      let channels = (input.last ?? 0) & 1 == 0 ? 1 : 3
      let decoder = PictureDecoder(bytes: bytes, channels: channels, greatestPixelCount: 1 << 16)
      _ = try? decoder.header()
      if let picture = try? decoder.picture() { check(picture.pixels.count, picture.height * picture.width * channels) }
      let (height, width) = (Int(input.first ?? 0) % 40 + 1, Int(input.last ?? 0) % 40 + 1)
      if let small = try? decoder.picture(height: height, width: width, fit: input.count % 2 == 0 ? .crop : .stretch) {
        check(small.pixels.count, height * width * channels)
      }
    case .exif:
      _ = EXIFReader.orientation(ofJPEG: bytes)
      _ = EXIFReader.orientation(ofPNG: bytes)
    case .idx:
      for rank in [1, 3] {
        if let file = try? IDXFile(bytes, rank: rank, name: "file") {
          check(file.values.count, file.dimensions.reduce(1, *))
        }
      }
    case .table: readTable(bytes)
    case .gzip:
      if let unpacked = try? Gzip.inflate(bytes, limit: 1 << 16) { check(min(unpacked.count, 1 << 16), unpacked.count) }
    }
  }

  /// A table, and all that is made of it where each of its columns is the target.
  private func readTable(_ bytes: [UInt8]) {
    guard let table = try? Table(csv: bytes, name: "table") else { return }
    for target in table.columns.prefix(8) {
      for goal in [nil] + TableGoal.allCases {
        guard let plan = try? TablePlan(table, target: target, goal: goal),
          let rows = try? plan.split(validationFraction: 0.3, seed: 1),
          let preparation = try? plan.preparation(from: rows.train)
        else { continue }
        check(rows.train.count + rows.validation.count, plan.rows.count)
        guard let saved = try? JSONEncoder().encode(preparation),
          let restored = try? JSONDecoder().decode(TablePreparation.self, from: saved)
        else { fatalError("a preparation cannot be read again") }
        check(restored == preparation ? 1 : 0, 1)
        // All cells are of their column's kind, as that was found from them.
        guard let examples = try? restored.examples(of: table) else { fatalError("a table does not fit itself") }
        check(examples.features.count, examples.count * (restored.numberCount + restored.codeCounts.count))
        check(examples.features.allSatisfy(\.isFinite) ? 1 : 0, 1)
        check(examples.count, plan.rows.count)
      }
    }
  }

  private func check(_ found: Int, _ expected: Int) {
    guard found != expected else { return }
    fatalError("\(self) returned \(found) values and should have returned \(expected)")
  }
}

/// Called by libFuzzer.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  Reader.chosen.read(Array(UnsafeBufferPointer(start: data, count: count)))
  return 0
}
