// Bits of integers of one type. Operands broadcast, and a literal takes the other's type. Methods rather than operators:
// those would slow down the compiler on every expression of numbers, which might be tensors.
extension Tensor {
  /// The bits that both have: integers of one type.
  public func bitAnd(_ other: Tensor) -> Tensor { library(BitAnd.self, other) }
  /// The bits that either has.
  public func bitOr(_ other: Tensor) -> Tensor { library(BitOr.self, other) }
  /// The bits that one has and the other has not.
  public func bitXor(_ other: Tensor) -> Tensor { library(BitXor.self, other) }
  /// The bits that it has not.
  public func bitNot() -> Tensor {
    // All bits of a type are those of −1, or of its greatest number where it has no sign.
    bitXor(.fill(dtype == .uint8 ? 255 : -1, [], dtype))
  }
  /// The bits moved up, zeros coming in. A shift by a negative number, or by all bits, leaves 0.
  public func shiftedLeft(by count: Tensor) -> Tensor { library(ShiftLeft.self, count) }
  /// The bits moved down, copies of the sign coming in: the quotient by a power of two, rounded down. A shift by a negative
  /// number, or by all bits, leaves copies of the sign.
  public func shiftedRight(by count: Tensor) -> Tensor { library(ShiftRight.self, count) }
}
