import CZlib
import Files

/// Decompresses gzip and zlib data.
enum Gzip {
  /// What went wrong, as the rest of a sentence that begins with the name of the file.
  struct Failure: Error {
    var reason: String
  }

  /// Whether `bytes` begin with gzip's magic number.
  static func isGzip(_ bytes: some Sequence<UInt8>) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// The most bytes that so many compressed ones can hold: a code of two bits stands for 258 bytes at most (RFC 1951).
  static func greatestCount(packed count: Int) -> Int { count.multipliedReportingOverflow(by: 1032).partialValue }

  /// Decompresses to at most `limit` bytes. A file may have several members, one after the other (RFC 1952, section
  /// 2.2).
  ///
  /// With fewer bytes than `limit` the stream is complete: its end was reached, checksums match and nothing follows.
  /// With `limit` bytes there may be more. Memory is allocated once, at most `limit` bytes and what the compressed ones
  /// can hold.
  static func inflate(_ packed: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    guard let inputCount = UInt32(exactly: packed.count) else {
      throw Failure(reason: "is packed and should be smaller than 4 GiB")
    }
    var stream = z_stream()
    // 15: the largest window; 32: gzip or zlib, whichever the stream begins with.
    let opened = inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard opened == Z_OK else { throw Failure(reason: "cannot be unpacked: zlib does not start (\(opened))") }
    defer { inflateEnd(&stream) }

    let capacity = min(limit, greatestCount(packed: packed.count))
    do { try OpenFile.requireMemory(capacity) } catch { throw Failure(reason: error.reason) }
    var status = Z_OK
    let output = [UInt8](unsafeUninitializedCapacity: max(capacity, 1)) { buffer, count in
      packed.withUnsafeBufferPointer { input in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = inputCount
        while status == Z_OK, count < capacity {
          let space = min(capacity - count, 1 << 30)
          stream.next_out = buffer.baseAddress.map { $0 + count }
          stream.avail_out = UInt32(space)
          status = CZlib.inflate(&stream, Z_NO_FLUSH)
          count += space - Int(stream.avail_out)
          if status == Z_STREAM_END, isGzip(packed), isGzip(input.suffix(Int(stream.avail_in))) {
            status = inflateReset(&stream)
          }
        }
        stream.next_in = nil
        stream.next_out = nil
      }
    }
    switch status {
    case Z_STREAM_END:
      guard stream.avail_in == 0 else {
        throw Failure(reason: "has \(stream.avail_in) bytes after its packed data and should end there")
      }
      return output
    case Z_OK where output.count == limit:
      return output
    case Z_OK, Z_BUF_ERROR:
      throw Failure(reason: "ends in the middle of its packed data and should be whole")
    case Z_MEM_ERROR:
      throw Failure(reason: "cannot be unpacked: there is not enough memory")
    default:
      throw Failure(reason: "is corrupt and should be an undamaged gzip file")
    }
  }
}
