import CZlib

/// Unpacks what gzip or zlib packed. The only place of this module with pointers.
enum Gzip {
  /// What went wrong, as the rest of a sentence that begins with the name of the file.
  struct Failure: Error {
    var reason: String
  }

  /// Whether `bytes` begin like a gzip file.
  static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1F, 0x8B]) }

  /// Unpacks at most `limit` bytes.
  ///
  /// With fewer bytes than `limit` the stream is whole: its end was there, its checksum is right and nothing follows.
  /// With `limit` bytes there may be more. Memory grows with what is unpacked, not with `limit`.
  static func inflate(_ packed: [UInt8], limit: Int) throws(Failure) -> [UInt8] {
    guard let inputCount = UInt32(exactly: packed.count) else {
      throw Failure(reason: "is packed and should be smaller than 4 GiB")
    }
    var stream = z_stream()
    // 15: the largest window; 32: gzip or zlib, whichever the stream begins with.
    let opened = inflateInit2_(&stream, 15 + 32, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard opened == Z_OK else { throw Failure(reason: "cannot be unpacked: zlib does not start (\(opened))") }
    defer { inflateEnd(&stream) }

    var output: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: max(min(limit, 1 << 18), 1))
    var status = Z_OK
    packed.withUnsafeBufferPointer { input in
      stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
      stream.avail_in = inputCount
      while status == Z_OK, output.count < limit {
        let room = min(chunk.count, limit - output.count)
        let produced = chunk.withUnsafeMutableBufferPointer { buffer in
          stream.next_out = buffer.baseAddress
          stream.avail_out = UInt32(room)
          status = CZlib.inflate(&stream, Z_NO_FLUSH)
          return room - Int(stream.avail_out)
        }
        output.append(contentsOf: chunk[..<produced])
      }
      stream.next_in = nil
      stream.next_out = nil
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
