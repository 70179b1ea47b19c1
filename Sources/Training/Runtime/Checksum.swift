import CZlib

/// The cyclic redundancy check of gzip and PNG, by zlib.
enum Checksum {
  /// CRC-32 of `bytes`.
  static func crc32(_ bytes: some Sequence<UInt8>) -> UInt32 {
    bytes.withContiguousStorageIfAvailable { part in
      // zlib counts in 32 bits.
      stride(from: 0, to: part.count, by: 1 << 30).reduce(UInt32(CZlib.crc32(0, nil, 0))) { sum, start in
        let rest = part[start..<min(start + 1 << 30, part.count)]
        return UInt32(CZlib.crc32(uLong(sum), UnsafeBufferPointer(rebasing: rest).baseAddress, uInt(rest.count)))
      }
    } ?? crc32(Array(bytes))
  }
}
