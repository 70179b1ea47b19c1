import Tensors

/// Sequences of different lengths as one tensor.
public struct PaddedSequences: Sendable {
  /// `[sequences, longest]`: each row is a sequence, and the padding after its end.
  public let values: Tensor
  /// `[sequences]`, int32: the length of each.
  public let lengths: Tensor
  /// `[sequences, longest]`, bool: true within a sequence, false in the padding.
  public let mask: Tensor
}

/// Pads sequences of integers, such as tokens, with `padding` to the length of the longest, or to the next multiple of
/// `multiple`: fewer different shapes, so fewer plans. Failed tensors where there is no memory for it or `multiple` is
/// below 1.
public func padded(_ sequences: [[Int32]], with padding: Int32, toMultipleOf multiple: Int = 1) -> PaddedSequences {
  padded(sequences, with: padding, multiple) { Tensor($0, shape: $1) }
}

/// Pads sequences of floats with `padding` to the length of the longest, or to the next multiple of `multiple`. Failed
/// tensors where there is no memory for it or `multiple` is below 1.
public func padded(_ sequences: [[Float]], with padding: Float = 0, toMultipleOf multiple: Int = 1) -> PaddedSequences {
  padded(sequences, with: padding, multiple) { Tensor($0, shape: $1) }
}

private func padded<Element>(
  _ sequences: [[Element]], with padding: Element, _ multiple: Int, _ tensor: ([Element], [Int]) -> Tensor
) -> PaddedSequences {
  let longest = sequences.map(\.count).max() ?? 0
  let width = longest > 0 && multiple > 0 ? ((longest - 1) / multiple + 1).times(multiple) : 0
  let (count, overflow) = width.multipliedReportingOverflow(by: sequences.count)
  do throws(TensorError) {
    guard multiple > 0 else { throw TensorError("padded: the multiple must be at least 1, not \(multiple)") }
    try Memory.check(
      overflow ? .max : count.times(MemoryLayout<Element>.stride), for: "\(sequences.count) sequences of \(width)")
  } catch {
    return PaddedSequences(values: .failed(error), lengths: .failed(error), mask: .failed(error))
  }
  var values: [Element] = []
  values.reserveCapacity(count)
  for sequence in sequences {
    values += sequence
    values += repeatElement(padding, count: width - sequence.count)
  }
  let lengths = Tensor(sequences.map { Int32($0.count) } as [Int32], shape: [sequences.count])
  let positions = Tensor((0..<Int32(width)).map { $0 } as [Int32], shape: [1, width])
  return PaddedSequences(
    values: tensor(values, [sequences.count, width]), lengths: lengths,
    mask: positions.less(than: lengths.unsqueezed(axis: 1)))
}
