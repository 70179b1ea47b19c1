import Tensors

/// Windows of a text, and the next token at each position.
public struct TextBatch: Sendable {
  /// `[batch, context]`, token ids.
  public let inputs: Tensor
  /// `[batch, context]`, the id that follows each input.
  public let targets: Tensor
  /// How many targets there are: batch · context.
  public let count: Int

  /// The windows of `length` tokens that begin at `starts`, one a row.
  init(_ storage: TokenStorage, starts: [Int], length: Int) {
    var inputs: [Int32] = []
    var targets: [Int32] = []
    inputs.reserveCapacity(starts.count * length)
    targets.reserveCapacity(starts.count * length)
    for start in starts {
      let ids = storage.ids(in: start..<(start + length + 1))
      inputs += ids.dropLast()
      targets += ids.dropFirst()
    }
    count = inputs.count
    self.inputs = Tensor(inputs, shape: [starts.count, length])
    self.targets = Tensor(targets, shape: [starts.count, length])
  }
}
