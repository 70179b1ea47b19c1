import Foundation

/// Numbers as little-endian bytes.
enum LittleEndian {
  static func append(_ values: [Float], to data: inout Data) {
    if 1.littleEndian == 1 { copy(values, to: &data) } else { append(values.map(\.bitPattern), to: &data) }
  }

  static func append(_ values: [Int32], to data: inout Data) {
    append(values.map { UInt32(bitPattern: $0) }, to: &data)
  }

  private static func append(_ values: [UInt32], to data: inout Data) { copy(values.map(\.littleEndian), to: &data) }

  /// In one call: number by number, saving would take longer than the disk does.
  private static func copy<Number: BitwiseCopyable>(_ values: [Number], to data: inout Data) {
    values.withUnsafeBytes { data.append(contentsOf: $0) }
  }
}
