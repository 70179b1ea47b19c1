import CZlib

/// Compression in zlib's format, which PNG files hold.
enum Deflate {
  /// `bytes` compressed; `nil` where there is no memory for that or zlib cannot count so many.
  static func zlib(_ bytes: [UInt8]) -> [UInt8]? {
    guard bytes.count < 1 << 31 else { return nil }
    var count = compressBound(uLong(bytes.count))
    var status = Z_MEM_ERROR
    let packed = [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, used in
      bytes.withUnsafeBufferPointer { input in
        status = compress2(buffer.baseAddress, &count, input.baseAddress, uLong(input.count), Z_DEFAULT_COMPRESSION)
      }
      used = status == Z_OK ? Int(count) : 0
    }
    return status == Z_OK ? packed : nil
  }
}
