import Foundation
import Testing

@testable import Tensors

/// `Tests/Fixtures/casts.json`: PyTorch's conversions, recorded by `tools/fixtures/casts.py`.
struct CastFixture: Decodable, Sendable {
  /// The bits of numbers of one type, and of what they become; nil where PyTorch leaves that undefined.
  struct Row: Decodable, Sendable, CustomTestStringConvertible {
    let from: DType
    let to: DType
    let bits: [UInt64]
    let results: [UInt64?]
    var testDescription: String { "\(from) to \(to)" }
  }

  let casts: [Row]

  static let read = Result {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    return try JSONDecoder().decode(
      CastFixture.self, from: try Data(contentsOf: tests.appending(path: "Fixtures/casts.json")))
  }
}

/// Tensors by the bits of their elements.
extension Tensor {
  init(bits: [UInt64], _ dtype: DType) throws {
    let bytes = bits.flatMap { element in
      (0..<dtype.byteCount).map { UInt8(truncatingIfNeeded: element >> UInt64(8 * $0)) }
    }
    let type = TensorType([bits.count], dtype)
    let storage = try Storage(bytes, for: "bits")
    self.init(Node(Values(type: type), inputs: [], types: [type], leaf: .storage(storage)))
  }

  func bits() throws -> [UInt64] {
    try evaluate([self])
    let size = dtype.byteCount
    let bytes: [UInt8] = try #require(knownStorage).elements(count: shape.elementCount * size)
    return (0..<shape.elementCount).map { element in
      (0..<size).reduce(0) { $0 | UInt64(bytes[element * size + $1]) << UInt64(8 * $1) }
    }
  }
}

extension DType {
  /// Whether these are the bits of the same number: any NaN equals any other.
  fileprivate func same(_ a: UInt64, _ b: UInt64) -> Bool {
    switch self {
    case .float32: a == b || Float(bitPattern: UInt32(a)).isNaN && Float(bitPattern: UInt32(b)).isNaN
    case .float64: a == b || Double(bitPattern: a).isNaN && Double(bitPattern: b).isNaN
    case .bfloat16: a == b || a & 0x7FFF > 0x7F80 && b & 0x7FFF > 0x7F80
    case .float16: a == b || a & 0x7FFF > 0x7C00 && b & 0x7FFF > 0x7C00
    default: a == b
    }
  }
}

@Suite struct CastTests {
  @Test(arguments: try CastFixture.read.get().casts) func conversionsAreThoseOfPyTorch(_ row: CastFixture.Row) throws {
    let source = try Tensor(bits: row.bits, row.from)
    let found = try source.cast(to: row.to).bits()
    #expect(found.count == row.results.count)
    for (index, (found, expected)) in zip(found, row.results).enumerated() {
      guard let expected else { continue }
      #expect(row.to.same(found, expected), "\(row.bits[index]): \(found) instead of \(expected)")
    }
    // As a part of a larger plan, where floats are fused and bools are not bytes.
    let joined = Tensor.concatenated([source, source], axis: 0).cast(to: row.to).reversed(axes: [0])
    let again = try joined.bits()
    for case (let found, let expected?) in zip(again, (row.results + row.results).reversed()) {
      #expect(row.to.same(found, expected))
    }
  }

  /// What PyTorch leaves undefined: the nearest number of the type, and 0 for NaN.
  @Test(arguments: [DType.float32, .float64, .bfloat16, .float16]) func floatsOutOfRangeSaturate(_ from: DType) throws {
    let x = Tensor([300, -300, .infinity, -.infinity, .nan, -1.5] as [Double], shape: [6]).cast(to: from)
    #expect(try x.cast(to: .int8).values(as: Int8.self) == [127, -128, 127, -128, 0, -1])
    #expect(try x.cast(to: .uint8).values(as: UInt8.self) == [255, 0, 255, 0, 0, 0])
    #expect(try x.cast(to: .int32).values(as: Int32.self) == [300, -300, .max, .min, 0, -1])
    #expect(try x.cast(to: .int64).values(as: Int64.self) == [300, -300, .max, .min, 0, -1])
    #expect(try x.cast(to: .bool).values(as: Bool.self) == [true, true, true, true, true, true])
  }

  /// The reference interpreter, fills and padding make the same numbers.
  @Test(arguments: DType.allCases) func constantsAreConvertedAlike(_ dtype: DType) throws {
    for number in [0, 1, 0.1, 100.5, 65519, 65520, 2.0 * 65504, 1 + 0x1p-8, 1 + 0x3p-8, 0x1.8p-24, 0x1p-25] {
      let cast = Tensor([number], shape: [1]).cast(to: dtype)
      #expect(try Tensor.fill(number, [1], dtype).bits() == cast.bits(), "\(number)")
      guard !dtype.isFloatingPoint else { continue }
      #expect(try ReferenceInterpreter().evaluate([cast])[0].ints.map { Double($0) } == cast.numbers(), "\(number)")
    }
  }

  @Test func gradientsPassBetweenFloats() throws {
    let x = Tensor([0.5, -2], shape: [2])
    let y = (x.cast(to: .float64).square() * 3).cast(to: .float32)
    let gradient = try #require(gradients(of: y.sum(), withRespectTo: [x])[0])
    #expect(gradient.dtype == .float32)
    #expect(try gradient.values() == [3, -12])
    let rounded = gradients(of: x.cast(to: .bfloat16).cast(to: .float32).sum(), withRespectTo: [x])[0]
    #expect(try rounded?.values() == [1, 1])
    #expect(gradients(of: x.less(than: 0).cast(to: .float32).sum(), withRespectTo: [x])[0] == nil)
  }
}
