import CKernels

extension Random {
  /// Numbers in [0, 1). Throws where `count` is negative or there is no memory for as many.
  public func uniform(count: Int) throws(TensorError) -> [Float] { try draw(count, backprop_random_uniform) }
  /// Numbers of mean 0 and variance 1. Throws where `count` is negative or there is no memory for as many.
  public func normal(count: Int) throws(TensorError) -> [Float] { try draw(count, backprop_random_normal) }
  private func draw(
    _ count: Int, _ kernel: (Int64, UnsafePointer<UInt32>?, UnsafeMutablePointer<Float>?) -> Void
  ) throws(TensorError) -> [Float] {
    guard count >= 0 else { throw TensorError("random numbers: the count must be at least 0, not \(count)") }
    try Memory.check(count.times(MemoryLayout<Float>.stride), for: "an array of \(count) random numbers")
    let key = nextKey()
    return Array(unsafeUninitializedCapacity: count) { buffer, initialized in
      kernel(Int64(count), key, buffer.baseAddress)
      initialized = count
    }
  }
}
