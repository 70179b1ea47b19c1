/// A message in the wire format of protocol buffers, field by field.
///
/// Source: "Encoding", the documentation of protocol buffers. Fields with the default value are left out by the caller.
struct ProtocolBuffer: Sendable {
  private(set) var bytes: [UInt8] = []

  /// A field of 64 bits.
  mutating func add(_ field: Int, _ value: Double) {
    key(field, 1)
    append(value.bitPattern, bytes: 8)
  }

  /// A field of 32 bits.
  mutating func add(_ field: Int, _ value: Float) {
    key(field, 5)
    append(UInt64(value.bitPattern), bytes: 4)
  }

  /// A field of any length: `int32`, `int64`, `bool` and `enum`.
  mutating func add(_ field: Int, _ value: Int) {
    key(field, 0)
    appendVariable(UInt64(bitPattern: Int64(value)))
  }

  mutating func add(_ field: Int, _ text: String) { add(field, Array(text.utf8)) }

  mutating func add(_ field: Int, _ data: [UInt8]) {
    key(field, 2)
    appendVariable(UInt64(data.count))
    bytes += data
  }

  mutating func add(_ field: Int, _ message: ProtocolBuffer) { add(field, message.bytes) }

  /// Numbers of 64 bits one after the other.
  mutating func add(_ field: Int, packed values: [Double]) {
    var packed = ProtocolBuffer()
    for value in values { packed.append(value.bitPattern, bytes: 8) }
    add(field, packed.bytes)
  }

  private mutating func key(_ field: Int, _ wire: Int) { appendVariable(UInt64(field) << 3 | UInt64(wire)) }

  private mutating func append(_ value: UInt64, bytes count: Int) {
    for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * UInt64(index)))) }
  }

  /// Seven bits a byte, the lowest first.
  private mutating func appendVariable(_ value: UInt64) {
    var value = value
    while value >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
      value >>= 7
    }
    bytes.append(UInt8(value))
  }
}
