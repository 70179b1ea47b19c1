// The library-sized operations of sequence models.

extension Tensor {
  /// 0, 1, 2, … as int32 [count].
  package static func positions(_ count: Int) -> Tensor {
    do throws(TensorError) {
      guard 0...Int(Int32.max) ~= count else {
        throw TensorError("positions: there can be 0 to 2³¹ − 1 of them, not \(count)")
      }
      try Memory.check(count * 4, for: "an array of \(count) positions")
      return Tensor((0..<count).map { Int32($0) }, shape: [count])
    } catch {
      return .failed(error)
    }
  }

  /// The rows of this table [rows, width] with these indices, int32 [...] → [..., width]. An index outside the table
  /// gives NaN.
  public func rows(_ numbers: Tensor, file: StaticString = #fileID, line: UInt = #line) -> Tensor {
    .record(.gather, [self, numbers], CallSite(file, line))
  }

  /// This tensor with `block` written over it from `position` (int32 []) of the axis on, such as a cache that a step
  /// appends to. The position changes without a new plan; it is clamped so that the block fits. No gradient passes.
  public func replacing(
    axis: Int, at position: Tensor, with block: Tensor, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    .record(.replaceSlice(axis: shape.normalized(axis) ?? axis), [self, block, position], CallSite(file, line))
  }

  /// (x − mean) / √(variance + ε) · scale + shift over the last axis; scale and shift are [width].
  ///
  /// Source: Ba, Kiros & Hinton, "Layer Normalization", 2016.
  public func layerNormalized(
    scale: Tensor, shift: Tensor, epsilon: Double = 1e-5, file: StaticString = #fileID, line: UInt = #line
  ) -> Tensor {
    Tensor.recordAll(.layerNorm(epsilon: epsilon), [self, scale, shift], CallSite(file, line))[0]
  }

  /// A recurrent layer over inputs that have been multiplied with their weights: [time, batch, gates · size] → all
  /// states [time + 1, batch, size] and, for `lstm`, all cells; the initial ones are first (last if reversed).
  ///
  /// - Parameters:
  ///   - weights: the recurrent weights [size, gates · size].
  ///   - bias: [gates · size]; for `gru` [4 · size].
  ///   - lengths: int32 [batch]; past an example's length its state stays.
  ///   - initial: the state before the first step, [batch, size].
  ///   - initialCell: the cell before the first step, for `lstm`.
  public func recurred(
    _ cell: RecurrentCell, reversed: Bool = false, weights: Tensor, bias: Tensor, lengths: Tensor, initial: Tensor,
    initialCell: Tensor? = nil, file: StaticString = #fileID, line: UInt = #line
  ) -> (states: Tensor, cells: Tensor?) {
    guard (initialCell != nil) == (cell == .lstm) else {
      let failed = Tensor.failed(
        TensorError("\(cell.rawValue): an initial cell is for lstm and needed there", callSite: CallSite(file, line)))
      return (failed, initialCell.map { _ in failed })
    }
    let all = Tensor.recordAll(
      .recurrence(cell, reversed: reversed),
      [self, weights, bias, lengths, initial] + (initialCell.map { [$0] } ?? []), CallSite(file, line))
    return (all[0], cell == .lstm ? all[1] : nil)
  }
}
