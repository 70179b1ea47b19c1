import Files

/// The bytes of the file, or pipe, at `path`, of which there should be at most `limit`.
func readBytes(
  of path: String, limit: Int = (1 << 30) + (1 << 10), accepting kinds: OpenFile.Kinds = .regularOrPipe
) throws(DataError) -> [UInt8] {
  try DataError.naming(path) { () throws(FileFailure) in
    try OpenFile(path, accepting: kinds).contents(limit: limit)
  }
}
