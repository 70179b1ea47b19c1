/// Fills a float32 tensor with rows that come one after the other, in memory of the pool: a large array of its own would
/// take new pages from the system for every batch.
package struct TensorBuilder: ~Copyable {
  private let storage: Storage
  private let type: TensorType
  private var count = 0

  /// For a tensor of this shape. Throws where it is not possible or there is no memory for it.
  package init(shape: Shape) throws(TensorError) {
    if let flaw = shape.flaw { throw TensorError("Tensor: \(flaw)") }
    let storage = try Storage(byteCount: shape.elementCount * 4, for: "a tensor \(TensorType(shape))")
    (self.storage, type) = (storage, TensorType(shape))
  }

  /// The next elements. Throws where there are more than the shape has.
  package mutating func append(_ values: [Float]) throws(TensorError) {
    guard values.count <= type.shape.elementCount - count else { throw wrongCount(count + values.count) }
    values.withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      (storage.pointer + count * 4).copyMemory(from: start, byteCount: bytes.count)
    }
    count += values.count
  }

  /// The tensor. Throws where elements are missing.
  package consuming func tensor() throws(TensorError) -> Tensor {
    guard count == type.shape.elementCount else { throw wrongCount(count) }
    return Tensor(storage, type)
  }

  private func wrongCount(_ count: Int) -> TensorError {
    TensorError("Tensor: \(count) values do not fill the shape \(type.shape)")
  }
}
