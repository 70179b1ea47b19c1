import Foundation
import Testing

@testable import Tensors

/// Reads `Tests/Fixtures/<name>.json`.
func fixture<Content: Decodable>(_ name: String, as type: Content.Type) throws -> Content {
  let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures/\(name).json")
  return try JSONDecoder().decode(type, from: try Data(contentsOf: file))
}

/// Values that a fixture describes by a seed rather than lists.
struct GeneratedArray: Decodable, Sendable {
  enum Transform: String, Decodable, Sendable { case relu, quarters }

  var name: String?
  var shape: [Int]
  var seed: UInt32
  var scale: Double
  var offset: Double?
  var transform: Transform?

  /// The generator is x ← (1664525 · x + 1013904223) mod 2³² and its first value is that after one step.
  var values: [Float] {
    var state = seed
    return (0..<shape.reduce(1, *)).map { _ in
      state = 1_664_525 &* state &+ 1_013_904_223
      let value = Float((offset ?? 0) + (Double(state) / 0x1p32 - 0.5) * 2 * scale)
      switch transform {
      case nil: return value
      case .relu: return max(value, 0)
      case .quarters: return (value * 4).rounded(.down) / 4
      }
    }
  }

  var tensor: Tensor { Tensor(values, shape: shape) }
}

/// The greatest difference, as a share of the greatest expected value; infinite where counts differ or a value is NaN.
func relativeDifference(_ actual: [Float], _ expected: [Double]) -> Double {
  let largest = expected.reduce(0) { max($0, abs($1)) }
  let difference = greatestDifference(actual, expected)
  return difference == 0 ? 0 : difference / largest
}

/// The greatest difference; infinite where counts differ or a value is NaN.
func greatestDifference(_ actual: [Float], _ expected: [Double]) -> Double {
  guard actual.count == expected.count else { return .infinity }
  return zip(actual, expected).reduce(0) { greatest, pair in
    let difference = abs(Double(pair.0) - pair.1)
    return difference.isNaN ? .infinity : max(greatest, difference)
  }
}

@Suite struct FixtureTests {
  @Test func theGeneratorStartsAsTheFixtureSays() throws {
    struct Content: Decodable {
      struct Start: Decodable {
        var shape: [Int]
        var seed: UInt32
        var scale: Double
        var values: [Double]
      }
      var start: Start
    }
    let start = try fixture("optimizers", as: Content.self).start
    let generated = GeneratedArray(shape: start.shape, seed: start.seed, scale: start.scale)
    #expect(generated.values == start.values.map { Float($0) })
  }
}
