import Testing

@testable import Tensors

/// A failed allocation is an error with the requested size and its purpose, and changes nothing.
@Suite struct MemoryTests {
  /// As many points that the distances between all of them take four times what the machine has.
  private static let points = Int(Double(min(Memory.limit, 1 << 42)).squareRoot())

  private static func message(of body: () throws -> Void) throws -> String {
    try #require(#expect(throws: TensorError.self) { try body() }).description
  }

  @Test func distancesBetweenManyPointsSayHowMuchTheyTake() throws {
    let count = Self.points
    let x = Tensor([Float](repeating: 1, count: count), shape: [count, 1])
    let distances = (x - x.transposed).square()
    let size = Memory.text(4 * count * count)
    // As a result, and as an intermediate result.
    for wanted in [distances, x.matmul(x.transposed), distances.max(axes: [1]), x.matmul(x.transposed).softmax().max()]
    {
      let text = try Self.message { _ = try wanted.values() }
      #expect(text.contains("not enough memory"), "\(text)")
      #expect(text.contains("float32 [\(count), \(count)]"), "\(text)")
      #expect(text.contains(size) || wanted.shape.rank < 2, "\(text)")
      #expect(text.contains("MemoryTests.swift"), "\(text)")
    }
    #expect(try (x + 1).sum().scalar() == Float(2 * count))
  }

  @Test func aVariableStaysWhatItIs() throws {
    let variable = try Variable([3], shape: [1], name: "weight")
    let most = Tensor.randomUniform([Memory.limit / 2]).sum()
    let text = try Self.message { try evaluate([], assigning: [(variable, variable.tensor + most)]) }
    #expect(text.contains("random uniform"), "\(text)")
    #expect(try variable.values() == [3])
  }

  @Test(arguments: [
    (0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (160_000_000_000, "160.0 GB"), (1_260_000, "1.3 MB"),
    (Int.max, "9223372.0 TB"),
  ]) func sizesAreForPeople(bytes: Int, text: String) { #expect(Memory.text(bytes) == text) }

  /// Allocated memory is counted up and down; refused requests are not.
  @Test func refusedMemoryIsNotHeld() {
    for _ in 0..<8 {
      #expect(!Memory.take(Memory.limit))  // something is allocated already
      #expect(throws: TensorError.self) { try Memory.check(.max, for: "everything") }
      #expect(throws: TensorError.self) { _ = try Storage(byteCount: .max - 7, for: "everything") }
      #expect(throws: TensorError.self) { _ = try Storage(byteCount: .max - 7, zeroed: true, for: "everything") }
      #expect(throws: TensorError.self) { _ = try Storage(byteCount: -1, for: "less than nothing") }
    }
  }
}
